"""Corpus descriptions: the YAML files in `corpora/` that say what a corpus is, whose it is, and which files it has with their checksums."""

import difflib
import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from nmt.errors import CorpusError
from nmt.shipped import shipped_folder, shipped_names

Split = Literal["train", "valid", "test"]


class _Described(BaseModel):
    """What every corpus says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="what a config calls it")
    title: str = Field(description="one line for people")
    licence: str = Field(description="what its text may be used for")
    citation: str | None = Field(None, description="the paper to cite")
    upstream: str | None = Field(None, description="where the corpus lives")
    source: str | None = Field(None, description="how its text came to be")
    languages: tuple[str, ...] = Field(min_length=2, description="language codes it has, in any direction")

    def require_languages(self, *languages: str) -> None:
        """Refuse a language that the corpus lacks, and a pair of one language.

        Raises:
            CorpusError: with the languages it has.
        """
        for language in languages:
            if language not in self.languages:
                raise CorpusError(f"corpus {self.name} has no language {language!r}; it has {', '.join(self.languages)}")
        if len(languages) != len(set(languages)):
            raise CorpusError(f"corpus {self.name}: source and target language are both {languages[0]!r}; choose two of {self.languages}")


class FileFacts(BaseModel):
    """Size and checksum of one published file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class FileCorpus(_Described):
    """A corpus of published files: for each set and language one file of one sentence a line."""

    kind: Literal["files"]
    url: str = Field(pattern=r"^https?://.*/$", description="download folder; a file's own name is appended")
    pattern: str = Field(description="path below data.root, with {split} and {language}")
    splits: dict[str, str] = Field(description="sets: train, valid, test and further ones, to {split} of the pattern")
    files: dict[str, FileFacts] = Field(description="published files by name")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        path = PurePosixPath(self.pattern)
        if "{split}" not in path.name or "{language}" not in path.name or path.is_absolute() or ".." in path.parts:
            raise ValueError("pattern must be a relative path whose last part has {split} and {language}")
        if "train" not in self.splits:
            raise ValueError("splits needs train")
        if any("/" in part for part in (*self.splits.values(), *self.languages)):
            raise ValueError("names of sets and languages are parts of file names: no /")
        if unknown := set(self.files) - {self.file_name(split, language) for split in self.splits for language in self.languages}:
            raise ValueError(f"files that no split and language names: {', '.join(sorted(unknown))}")
        return self

    def find_split(self, name: str) -> str | None:
        """Return the key of a set that is called by it (test), or by its published name (test_2016_flickr)."""
        return name if name in self.splits else next((key for key, published in self.splits.items() if published == name), None)

    def file_name(self, split: str, language: str) -> str:
        """Return the name of one published file, whether or not the corpus has it."""
        return PurePosixPath(self.pattern).name.format(split=self.splits[split], language=language)

    @property
    def folder(self) -> PurePosixPath:
        """The corpus' own folder below `data.root`."""
        return PurePosixPath(self.pattern).parent


class GrammarCorpus(_Described):
    """A corpus that the project generates itself, from a seed."""

    kind: Literal["grammar"]
    seed: int = Field(ge=0)
    splits: dict[Split, Annotated[int, Field(gt=0)]] = Field(description="number of pairs of each set")

    def find_split(self, name: str) -> Split | None:
        """Return the key of a set by its name."""
        return next((key for key in self.splits if key == name), None)


CorpusDescription = FileCorpus | GrammarCorpus
_ADAPTER: TypeAdapter[FileCorpus | GrammarCorpus] = TypeAdapter(Annotated[CorpusDescription, Field(discriminator="kind")])


def find_description(name: str) -> Path:
    """Return the path of a description given by the name of a shipped one or by its own path.

    Raises:
        CorpusError: neither exists.
    """
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise CorpusError(f"no corpus description {name}")
    path = shipped_folder("corpora") / f"{name}.yaml"
    if path.is_file():
        return path
    known = shipped_names("corpora")
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}; or give the path of a .yaml"
    raise CorpusError(f"no corpus named {name!r}; {hint}")


def load_description(name: str) -> CorpusDescription:
    """Read and check the description of a corpus, by name or path.

    Raises:
        CorpusError: not found, not YAML, or not a description; one line.
    """
    path = find_description(name)
    try:
        return _ADAPTER.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"corpus description {path}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CorpusError(f"cannot read corpus description {path}: {' '.join(str(error).split())}") from error


def download_folder() -> Path:
    """Return the folder that `nmt fetch` fills by default and that every corpus is looked for in after `data.root`."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "carousel-nmt" / "corpora"


def locate(corpus: FileCorpus, split: str, language: str, root: Path | None) -> Path:
    """Return where a file of the corpus lies: below `root` if given and there, else in the download folder.

    Raises:
        CorpusError: it is nowhere; the line says how to get it.
    """
    name = corpus.file_name(split, language)
    if name not in corpus.files:
        has = [code for code in corpus.languages if corpus.file_name(split, code) in corpus.files]
        raise CorpusError(f"corpus {corpus.name} has no {split} set in {language!r}; it has {', '.join(has)}")
    places = [place / corpus.folder / name for place in (root, download_folder()) if place is not None]
    for place in places:
        if place.is_file():
            return place
    raise CorpusError(
        f"no file {' or '.join(str(place) for place in places)}: `nmt fetch {corpus.name}` downloads it, "
        f"or --set data.root= names the folder that contains {corpus.folder}/"
    )
