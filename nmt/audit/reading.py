"""The sets of a config, read so that what training refuses becomes a finding with its line: bytes that are not UTF-8, stray tabs.

Whatever is no file of lines is read through `nmt.data.corpus.open_split`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from nmt.config import DataConfig, DirectedText, ParallelText
from nmt.data.corpus import SentencePair, Split, has_split, input_files, open_split, split_name
from nmt.data.parallel_text import Moved, pair_lines, read_lines

COLUMNS_FAULT = "columns"


@dataclass(frozen=True)
class TextSet:
    """One set of a config: the training text, one text of a mixture, validation text, or a test set."""

    name: str
    split: Split
    data: DataConfig
    """A config of this set alone: `open_split(data, split)` gives it."""

    @property
    def languages(self) -> tuple[str, str]:
        """Source and target language."""
        return self.data.direction

    @property
    def training(self) -> bool:
        """Whether it is trained on, so that its faulty pairs may be left out."""
        return self.split == "train"

    @cached_property
    def files(self) -> dict[str, Path]:
        """The files of lines that it is read from, by role, or none."""
        files = {role.rpartition(".")[2]: path for role, path in input_files(self.data, self.split).items()}
        return files if files.keys() in ({"source", "target"}, {"tsv"}) else {}

    @cached_property
    def label(self) -> str:
        """What it is read from, for a report."""
        return split_name(self.data, self.split)

    @property
    def bytes(self) -> int:
        """Bytes that are read in all, or 0 if that is not known before."""
        return sum(path.stat().st_size for path in self.files.values() if path.is_file())

    def pairs(self, moved: Moved = lambda count: None) -> Iterator[SentencePair]:
        """Yield the pairs. A byte that is not UTF-8 becomes a lone surrogate, as Python's `surrogateescape` has it.

        Raises:
            CorpusError: a file that cannot be read, is empty or is no text, and unequal line counts.
        """
        if not self.files:
            return open_split(self.data, self.split)
        if "tsv" in self.files:
            text = cast(ParallelText, getattr(self.data, self.split))
            return _read_tsv(self.files["tsv"], text.source_column, text.target_column, moved)
        return pair_lines(self.files["source"], self.files["target"], lambda path: _lines(path, moved))


def sets_of(data: DataConfig) -> list[TextSet]:
    """Return the sets of a config, the training text first; each text of a mixture is a set."""
    alone = data.model_copy(update={"mix": None, "tests": {}})
    found = []
    if data.mix is None:
        found.append(TextSet("train", "train", alone))
    names = [entry.name for entry in data.mix or ()]
    for place, entry in enumerate(data.mix or ()):
        name = entry.name if entry.name and names.count(entry.name) == 1 else str(place)
        text = ParallelText.model_validate({key: getattr(entry, key) for key in ParallelText.model_fields})
        found.append(TextSet(f"train.{name}", "train", _directed(alone, entry, train=text, corpus=None)))
    for split in ("valid", "test"):
        if has_split(data, split):
            given: DirectedText | None = getattr(data, split)
            narrowed = _directed(alone, given, **{split: given}) if given else alone
            found.append(TextSet(split, split, narrowed))
    found += [TextSet(name, "test", _directed(alone, text, test=text)) for name, text in data.tests.items()]
    return found


def _directed(data: DataConfig, text: DirectedText, **update: object) -> DataConfig:
    source, target = text.languages(data.direction)
    return data.model_copy(update={"source_language": source, "target_language": target, **update})


def _lines(path: Path, moved: Moved) -> Iterator[str]:
    return read_lines(path, moved, errors="surrogateescape")


def _read_tsv(path: Path, source_column: int, target_column: int, moved: Moved) -> Iterator[SentencePair]:
    needed, expected = max(source_column, target_column), 0
    for number, line in enumerate(_lines(path, moved), start=1):
        columns = line.split("\t")
        if not line:
            yield SentencePair("", "", number)
        elif len(columns) < needed or (expected and len(columns) != expected):
            yield SentencePair(line, "", number, COLUMNS_FAULT)
        else:
            expected = len(columns)
            yield SentencePair(columns[source_column - 1], columns[target_column - 1], number)
