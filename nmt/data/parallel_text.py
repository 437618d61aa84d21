"""Read parallel text line by line: two files or one TSV, plain or gzip, with errors that name the file and the line.

A line ends at a line feed only: U+2028, U+0085 and form feeds are text, and splitting there would shift one side against the other.
A carriage return before it and a byte order mark at the start of the file are dropped. NUL characters are passed on;
`nmt.data.filtering` drops such pairs and counts them.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, cast

from nmt.config import ParallelText
from nmt.errors import CorpusError

FUZZY, UNTRANSLATED, OBSOLETE, OTHER_LANGUAGE = "fuzzy", "untranslated", "obsolete", "other_language"
"""Faults that a text itself tells: of translators' memories, and of sets that have other languages in each example."""

Moved = Callable[[int], None]
"""Is told how many more bytes of a file have been read."""

_BYTE_ORDER_MARK = "\ufeff"
_REPORT_EVERY = 4096
_BREAK = re.compile(r"\s*[\r\n]\s*")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class SentencePair(NamedTuple):
    """A sentence, its translation, and the line (from 1) where they stand; in a translator's memory the unit, in a data set the example."""

    source: str
    target: str
    line: int
    fault: str | None = None
    """Why the text itself says that this pair is not to be used, such as a unit that is marked fuzzy; None: it may be."""


def read_lines(path: Path, moved: Moved | None = None, *, errors: Literal["strict", "surrogateescape"] = "strict") -> Iterator[str]:
    """Yield the lines of a UTF-8 file, without their ends; a name ending in `.gz` is decompressed.

    Args:
        path: the file.
        moved: is told now and then how many more of its bytes have been read.
        errors: what becomes of bytes that are not UTF-8: an error, or a lone surrogate each.

    Raises:
        CorpusError: missing, empty, damaged gzip, UTF-16, or not UTF-8 (with the line).
    """
    number = position = 0
    try:
        with path.open("rb") as raw:
            for number, line in enumerate(cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw, start=1):
                text = _decode(line, path, number, errors)
                yield text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text
                if moved is not None and number % _REPORT_EVERY == 0:
                    moved(raw.tell() - position)
                    position = raw.tell()
            if moved is not None:
                moved(raw.tell() - position)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{path}: damaged or truncated gzip after line {number}: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error
    if number == 0:
        raise CorpusError(f"{path} is empty")


def read_pairs(text: ParallelText) -> Iterator[SentencePair]:
    """Yield the pairs of two parallel files or of one TSV.

    Raises:
        CorpusError: a file that cannot be read, unequal line counts, or a TSV line with another number of columns.
    """
    if text.tsv is not None:
        return _read_tsv(text.tsv, text.source_column, text.target_column)
    assert text.source is not None
    assert text.target is not None
    return pair_lines(text.source, text.target, read_lines)


def pair_lines(source: Path, target: Path, read: Callable[[Path], Iterator[str]]) -> Iterator[SentencePair]:
    """Yield the pairs of two files whose lines `read` gives.

    Raises:
        CorpusError: unequal line counts, and whatever `read` raises.
    """
    sources, targets = read(source), read(target)
    for number, (left, right) in enumerate(zip_longest(sources, targets), start=1):
        if left is None or right is None:
            longer = number + sum(1 for _ in (targets if left is None else sources))
            counts = (number - 1, longer) if left is None else (longer, number - 1)
            raise CorpusError(f"unequal line counts: {source} has {counts[0]:,} lines, {target} has {counts[1]:,}")
        yield SentencePair(left, right, number)


def _read_tsv(path: Path, source_column: int, target_column: int) -> Iterator[SentencePair]:
    needed, expected = max(source_column, target_column), 0
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            yield SentencePair("", "", number)
            continue
        columns = line.split("\t")
        expected = expected or len(columns)
        if len(columns) < needed:
            raise CorpusError(f"{path}, line {number}: {len(columns)} tab-separated columns, but column {needed} is asked for")
        if len(columns) != expected:
            # A stray tab inside a sentence would move another sentence into the column.
            raise CorpusError(f"{path}, line {number}: {len(columns)} tab-separated columns, expected {expected} as on the lines before")
        yield SentencePair(columns[source_column - 1], columns[target_column - 1], number)


def one_line(text: str) -> str:
    """Return a text as one sentence of a corpus: each line break, with the indentation round it, becomes a space."""
    return _BREAK.sub(" ", text).strip()


def _decode(raw: bytes, path: Path, number: int, errors: str) -> str:
    if number == 1 and raw.startswith(_UTF16_MARKS):
        raise CorpusError(f"{path} is UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
    try:
        return raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", errors)
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x} at column {error.start + 1}"
        raise CorpusError(f"{path}, line {number}: not UTF-8 ({found}); convert the file to UTF-8") from error
