"""What is typed after `nmt audit`, made into a config: a shipped or own config, a described corpus, one file or two, or files by option."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nmt.config import Config
from nmt.config_file import complete_config, find_config, load_config
from nmt.data.description import load_description
from nmt.data.language_codes import language_of_file
from nmt.data.texts import TFDS_PREFIX
from nmt.data_config import MEMORY_SUFFIXES
from nmt.errors import CorpusError
from nmt.shipped import shipped_names

_DESCRIPTION = re.compile(r"^kind:", re.MULTILINE)
"""What a corpus description says of itself and a config never does."""


@dataclass(frozen=True)
class Request:
    """What is to be audited."""

    named: tuple[str, ...] = ()
    """A config, a corpus, a file of pairs, or a file of sources and one of targets."""
    source_language: str | None = None
    target_language: str | None = None
    files: dict[str, Path] = field(default_factory=dict)
    """By option: source, target, tsv, valid_source, valid_target, test_source, test_target."""
    overrides: tuple[str, ...] = ()

    def config(self) -> Config:
        """Return the config whose data are audited.

        Raises:
            CorpusError: what is named is nothing of these, or something is missing or named twice.
            ConfigError: a config that cannot be used.
        """
        if self.named and (self.files.keys() & {"source", "target", "tsv"}):
            raise CorpusError(f"{self.named[0]} and --{min(self.files.keys() & {'source', 'target', 'tsv'})} both name text: give one")
        if len(self.named) == 1 and _is_config(self.named[0]):
            return self._own_config(self.named[0])
        data = self._text()
        for split in ("valid", "test"):
            sides = {side: str(path.absolute()) for side in ("source", "target") if (path := self.files.get(f"{split}_{side}"))}
            if len(sides) == 1:
                raise CorpusError(f"--{split}-{min(sides)} names one side: give --{split}-source and --{split}-target")
            if sides:
                data[split] = sides
        return complete_config({"data": data}, "nmt audit", Path.cwd(), list(self.overrides))

    def _own_config(self, name: str) -> Config:
        languages = {"source": self.source_language, "target": self.target_language}
        changes = [f"data.{side}_language={code}" for side, code in languages.items() if code]
        for option, path in sorted(self.files.items()):
            split, _, side = option.partition("_")
            changes.append(f"data.{split}.{side}={path}")
        return load_config(find_config(name), [*changes, *self.overrides])

    def _text(self) -> dict[str, Any]:
        """The section `data`, without held-out files."""
        if not self.named:
            return self._of_files(self.files)
        if len(self.named) == 2:
            return self._of_files({"source": Path(self.named[0]), "target": Path(self.named[1])})
        if len(self.named) > 2:
            raise CorpusError(f"{len(self.named)} names: give a config, a corpus, a file of pairs, or a source file and a target file")
        name = self.named[0]
        plain = Path(name.removesuffix(".gz")).suffix.lower()
        if plain in MEMORY_SUFFIXES or plain == ".tsv":
            return self._directed({"train": {"memory" if plain in MEMORY_SUFFIXES else "tsv": str(Path(name).absolute())}})
        if name.startswith(TFDS_PREFIX):
            return self._directed({"corpus": name})
        if Path(name).is_file() and not name.endswith((".yaml", ".yml")):
            raise CorpusError(f"{name} is one side: give a source file and a target file, or a .tsv, .tmx, .po or .xliff")
        try:
            description = load_description(name)
        except CorpusError as error:
            configs = ", ".join(shipped_names("configs"))
            raise CorpusError(f"{error}; or a config ({configs}), or files: nmt audit train.en train.de") from error
        known = description.languages if len(description.languages) == 2 else (None, None)
        return self._directed({"corpus": name}, known)

    def _of_files(self, files: dict[str, Path]) -> dict[str, Any]:
        if "tsv" in files and files.keys() & {"source", "target"}:
            raise CorpusError("--tsv has both sides: it goes with neither --source nor --target")
        if "tsv" in files:
            return self._directed({"train": {"tsv": str(files["tsv"].absolute())}})
        if missing := {"source", "target"} - files.keys():
            given = "nothing to audit" if len(missing) == 2 else f"--{min(missing)} is missing"
            raise CorpusError(f"{given}: give a config, a corpus, a source file and a target file, or --source and --target")
        sides = {side: str(files[side].absolute()) for side in ("source", "target")}
        return self._directed({"train": sides}, tuple(language_of_file(files[side]) for side in ("source", "target")))

    def _directed(self, data: dict[str, Any], known: tuple[str | None, ...] = (None, None)) -> dict[str, Any]:
        for side, given, own in zip(("source", "target"), (self.source_language, self.target_language), known, strict=True):
            if not (given or own):
                raise CorpusError(f"which language is the {side} in? give --{side}-lang, such as --{side}-lang en")
            data[f"{side}_language"] = given or own
        return data


def _is_config(name: str) -> bool:
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return not _DESCRIPTION.search(Path(name).read_text(encoding="utf-8", errors="replace"))
    return name in shipped_names("configs")
