"""The sets of a config, read so that what training refuses becomes a finding with its line: bytes that are not UTF-8, stray tabs.

Whatever is no file of lines is read through `nmt.data.corpus.open_split`.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, cast

from nmt.config import DataConfig, DirectedText, ParallelText
from nmt.data.corpus import SentencePair, Split, has_split, input_files, open_split, split_name
from nmt.errors import CorpusError

COLUMNS_FAULT = "columns"
_BYTE_ORDER_MARK = "\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_REPORT_EVERY = 4096

Moved = Callable[[int], None]
"""Is told how many more bytes of the files have been read."""


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
        return _read_two(self.files["source"], self.files["target"], moved)


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
    number = position = 0
    try:
        with path.open("rb") as raw:
            file = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
            for number, line in enumerate(file, start=1):
                if number == 1 and line.startswith(_UTF16_MARKS):
                    raise CorpusError(f"{path} is UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
                text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
                yield text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text
                if number % _REPORT_EVERY == 0:
                    moved(raw.tell() - position)
                    position = raw.tell()
            moved(raw.tell() - position)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{path}: damaged or truncated gzip after line {number}: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error
    if number == 0:
        raise CorpusError(f"{path} is empty")


def _read_two(source: Path, target: Path, moved: Moved) -> Iterator[SentencePair]:
    sources, targets = _lines(source, moved), _lines(target, moved)
    for number, (left, right) in enumerate(zip_longest(sources, targets), start=1):
        if left is None or right is None:
            longer = number + sum(1 for _ in (targets if left is None else sources))
            counts = (number - 1, longer) if left is None else (longer, number - 1)
            raise CorpusError(f"unequal line counts: {source} has {counts[0]:,} lines, {target} has {counts[1]:,}")
        yield SentencePair(left, right, number)


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
