"""The settings of the section `data`: where parallel text comes from, what is mixed, and what is kept of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nmt.special_tokens import language_tag

DATA_ROOT_VARIABLE = "NMT_DATA_ROOT"
MEMORY_SUFFIXES = (".tmx", ".po", ".mo", ".xlf", ".xliff")

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the config: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class ParallelText(Section):
    """Parallel text in one of several forms: files, a translator's memory, a set of tensorflow-datasets, a set of a described corpus."""

    source: Path | None = Field(None, description="file of source sentences, one a line, plain or .gz")
    target: Path | None = Field(None, description="file of target sentences, line for line the translations of `source`")
    tsv: Path | None = Field(None, description="one file of tab-separated columns instead of `source` and `target`")
    source_column: Count = Field(1, description="column of the source sentence in `tsv`, counted from 1")
    target_column: Count = Field(2, description="column of the target sentence in `tsv`, counted from 1")
    alignment: Path | None = Field(
        None,
        description="word alignments of the pairs in Pharaoh format, line for line, plain or .gz: training text then guides the attention",
    )
    memory: Path | tuple[Path, ...] | None = Field(
        None, description="a translator's own memory, or a list of them: .tmx, .po, .mo, .xlf or .xliff, plain or .gz"
    )
    fuzzy: bool = Field(False, description="also learn from units of a memory that are marked fuzzy or as needing work or review")
    tfds: str | None = Field(None, description="a translation set of tensorflow-datasets by name, such as ted_hrlr_translate/pt_to_en")
    tfds_folder: Path | None = Field(None, description="a folder of LANGUAGE.SPLIT.txt files, as tfds.TranslateFolder reads it")
    corpus: str | None = Field(None, description="a description in corpora/, by name or by path")
    split: str | None = Field(
        None, description="which set of `tfds`, `tfds_folder` or `corpus`; default: its own for training, validation or test"
    )

    @property
    def memories(self) -> tuple[Path, ...]:
        """The files of `memory`, one or many."""
        return (self.memory,) if isinstance(self.memory, Path) else self.memory or ()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        whole = {name for name in ("tsv", "memory", "tfds", "tfds_folder", "corpus") if getattr(self, name) is not None}
        sides = {name for name in ("source", "target") if getattr(self, name) is not None}
        if len(whole) + (len(sides) == 2) != 1 or len(sides) == 1:
            raise ValueError(
                "needs either 'source' and 'target' or 'tsv', or one of 'memory', 'tfds', 'tfds_folder' and 'corpus'; "
                f"given: {', '.join(sorted(whole | sides)) or 'none of them'}"
            )
        if self.alignment is not None and len(sides) != 2 and self.tsv is None:
            raise ValueError("'alignment' goes line for line with 'source' and 'target', or with 'tsv'")
        if self.memory is not None and not self.memories:
            raise ValueError("'memory' is an empty list")
        for path in self.memories:
            if Path(path.name.removesuffix(".gz")).suffix.lower() not in MEMORY_SUFFIXES:
                raise ValueError(f"memory {path}: expected a name that ends in {', '.join(MEMORY_SUFFIXES)}, or in one of them and .gz")
        if self.fuzzy and not self.memory:
            raise ValueError("'fuzzy' is about the units of a 'memory'")
        if self.split is not None and not whole & {"tfds", "tfds_folder", "corpus"}:
            raise ValueError("'split' names a set of 'tfds', 'tfds_folder' or 'corpus': files have none")
        return self


class DirectedText(ParallelText):
    """Parallel text that may be of another direction than the run's main one."""

    source_language: str | None = Field(None, description="default: data.source_language")
    target_language: str | None = Field(None, description="default: data.target_language")

    def languages(self, main: tuple[str, str]) -> tuple[str, str]:
        """Source and target language, the run's own where this text names none."""
        return self.source_language or main[0], self.target_language or main[1]


class MixEntry(DirectedText):
    """One corpus of a mixture."""

    name: str | None = Field(None, description="what reports call it; default: the name of its file or set")
    weight: Annotated[float, Field(gt=0.0, le=1000.0)] = Field(1.0, description="how often each pair is seen in an epoch, on average")
    tag: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")] | None = Field(
        None, description="bt puts the piece <bt> in front of each source: the model can tell this corpus from others"
    )

    @model_validator(mode="after")
    def _tag_is_free(self) -> Self:
        if self.tag in {"pad", "unk", "s"}:
            raise ValueError(f"tag {self.tag!r}: <{self.tag}> is a special piece already; choose another word")
        return self


class DataConfig(Section):
    """Where the parallel text comes from, and which pairs of it are kept."""

    source_language: str = Field(description="language code of the source side, such as en")
    target_language: str = Field(description="language code of the target side, such as de")
    root: Path | None = Field(
        None, description=f"folder that contains the corpora's own folders; default: the variable {DATA_ROOT_VARIABLE}"
    )
    tfds_dir: Path | None = Field(
        None, description="where prepared data of tensorflow-datasets lie; default: TFDS_DATA_DIR, else ~/tensorflow_datasets"
    )
    corpus: str | None = Field(
        None,
        description="a description in corpora/ by name (demo, multi30k) or by path, or tfds:NAME/CONFIG; its own sets serve for training, "
        "validation and test",
    )
    train: ParallelText | None = Field(None, description="training text, when no corpus is named")
    mix: tuple[MixEntry, ...] | None = Field(None, description="several training texts, each with its weight, tag and languages")
    valid: DirectedText | None = Field(
        None, description="validation text; default: that of `corpus`, else `hold_out` training pairs are set aside"
    )
    test: DirectedText | None = Field(None, description="test text, only ever used by nmt evaluate and nmt demo; default: that of `corpus`")
    tests: dict[str, DirectedText] = Field({}, description="further test sets by name, for nmt evaluate --test NAME")
    target_tags: bool = Field(
        False, description="put the piece <2de> of each pair's target language in front of its source: one model for several directions"
    )
    hold_out: Count = Field(1000, description="pairs set aside for validation where none are given (at most a tenth of all)")
    max_pieces: Count = Field(100, description="pairs with more subword pieces than this on either side are dropped; tags do not count")
    max_length_ratio: Annotated[float, Field(gt=1.0)] = Field(
        4.0, description="pairs whose piece counts differ by more than this factor are dropped"
    )

    @property
    def direction(self) -> tuple[str, str]:
        """The main direction: source and target language."""
        return self.source_language, self.target_language

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """Every direction that is trained, the main one first."""
        return tuple(dict.fromkeys([self.direction, *(entry.languages(self.direction) for entry in self.mix or ())]))

    @property
    def tags(self) -> tuple[str, ...]:
        """What stands in the tags of sources, each once: `2de` for a target language, the words of `mix`."""
        targets = [language_tag(target) for _, target in self.directions] if self.target_tags else []
        return tuple(dict.fromkeys([*targets, *(entry.tag for entry in self.mix or () if entry.tag)]))

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if [self.corpus, self.train, self.mix].count(None) != 2:
            raise ValueError(
                "needs exactly one of 'corpus' (a described corpus, or tfds:NAME/CONFIG), 'train' (your own text) and 'mix' (several)"
            )
        if self.mix == ():
            raise ValueError("'mix' is an empty list")
        if reserved := {"train", "valid", "test"} & self.tests.keys():
            raise ValueError(f"tests: {min(reserved)!r} has a place of its own, data.{min(reserved)}; choose another name")
        return self

    @model_validator(mode="after")
    def _directions_are_told_apart(self) -> Self:
        if not self.target_tags and len(self.directions) > 1:
            raise ValueError(
                f"mix has {_arrows(self.directions)}: set target_tags: true, so that one model tells them apart, or mix one direction only"
            )
        if self.valid and self.valid.languages(self.direction) != self.direction:
            raise ValueError(
                f"valid is {_arrows([self.valid.languages(self.direction)])}, but validation is of the main direction "
                f"{_arrows([self.direction])}: exchange the main direction, or give that text a name under 'tests'"
            )
        for name, text in {"test": self.test, **self.tests}.items():
            if text and text.languages(self.direction) not in self.directions:
                raise ValueError(
                    f"{name} is {_arrows([text.languages(self.direction)])}, which is not trained; trained: {_arrows(self.directions)}"
                )
        return self


def _arrows(directions: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{source} → {target}" for source, target in directions)
