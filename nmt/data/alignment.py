"""Word alignments in Pharaoh format, made into links between pieces and kept on disk beside the pairs: what a guided attention learns from.

A line has the links of one pair, `0-0 1-2 2-1`: source word and target word, counted from 0. Words are what stands between spaces in the
very lines of the parallel text. A word's links become those of all its pieces. fast_align, eflomal and awesome-align write this format.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nmt.data.pair_store import ArrayFile, Side
from nmt.data.parallel_text import SentencePair, read_lines
from nmt.errors import CorpusError

Links = NDArray[np.uint16]
"""[links, 2]: places of a source piece and of a target piece, from 0."""

NO_LINKS: Links = np.zeros((0, 2), np.uint16)
_SIDE = "alignment"


class WordAlignments:
    """The lines of a Pharaoh file, asked for in the order of the text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = read_lines(path)
        self._at = 0

    def links_of(self, pair: SentencePair) -> list[tuple[int, int]]:
        """The links between words of a pair; its line must not come before that of the pair asked for last.

        Raises:
            CorpusError: the file has fewer lines, a line that is none of links, or a link to a word that is not there.
        """
        line = ""
        while self._at < pair.line:
            found = next(self._lines, None)
            if found is None:
                raise CorpusError(f"{self.path} has {self._at:,} lines, but the text has a pair on line {pair.line:,}")
            line, self._at = found, self._at + 1
        words = len(pair.source.split()), len(pair.target.split())
        links = []
        for link in line.split():
            source, dash, target = link.partition("-")
            if not (dash and source.isdecimal() and target.isdecimal()):
                raise CorpusError(f"{self.path}, line {self._at}: {link!r} is no link; expected SOURCE-TARGET, such as 0-0")
            place = int(source), int(target)
            if place[0] >= words[0] or place[1] >= words[1]:
                raise CorpusError(
                    f"{self.path}, line {self._at}: link {link} of a pair of {words[0]} and {words[1]} words; words are counted from 0, "
                    "source first, and are what stands between spaces in the text"
                )
            links.append(place)
        return links

    def finish(self) -> None:
        """Refuse a file that goes on after the text has ended.

        Raises:
            CorpusError: lines are left that have words; the last pairs of a text may be blank and are never asked for.
        """
        if any(line.strip() for line in self._lines):
            raise CorpusError(f"{self.path} has more lines than the text: it is the alignment of another one")


def piece_links(words: Sequence[tuple[int, int]], source_starts: NDArray[np.bool_], target_starts: NDArray[np.bool_]) -> Links:
    """Make links between pieces of links between words.

    Args:
        words: (source word, target word).
        source_starts, target_starts: for each piece of a side, whether a word begins with it.

    Returns:
        The links of every piece of one word to every piece of the other.
    """
    if not words:
        return NO_LINKS
    table = np.zeros((int(source_starts.sum()), int(target_starts.sum())), bool)
    places = np.array(words)
    table[places[:, 0], places[:, 1]] = True
    source_words, target_words = np.cumsum(source_starts) - 1, np.cumsum(target_starts) - 1
    return np.argwhere(table[source_words][:, target_words]).astype(np.uint16)


class AlignmentWriter:
    """Append the links of pairs, in the order of their store; a context manager."""

    def __init__(self, folder: Path, split: str) -> None:
        self._links, self._offsets = (ArrayFile.of(folder, split, _SIDE, part) for part in ("ids", "offsets"))
        self._offsets.append(np.zeros(1, np.int64))

    def append(self, sentences: Sequence[Links]) -> None:
        """Add the links of some pairs."""
        counts = np.fromiter(map(len, sentences), np.int64, len(sentences))
        self._offsets.append(self._links.count // 2 + np.cumsum(counts))
        self._links.append(np.concatenate([NO_LINKS, *sentences]).reshape(-1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._links.close()
        self._offsets.close()


class AlignmentStore:
    """The links of a split's pairs, by index, read through the page cache."""

    def __init__(self, side: Side) -> None:
        self._links, self._offsets = side.ids.reshape(-1, 2), side.offsets

    @classmethod
    def open(cls, folder: Path, split: str) -> "AlignmentStore | None":
        """Map the files that `AlignmentWriter` wrote; None where there are none."""
        return cls(Side.open(folder, split, _SIDE)) if Side.exists(folder, split, _SIDE) else None

    def gather(self, indices: NDArray[np.int64], target_width: int, source_width: int) -> NDArray[np.float32]:
        """Return where each target piece should look: [pairs, T, S], each row a mean over its links, or zeros where it has none."""
        begin, count = self._offsets[indices], self._offsets[indices + 1] - self._offsets[indices]
        rows = np.repeat(np.arange(len(indices)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        links = np.asarray(self._links[np.repeat(begin, count) + within], np.int64)
        wanted = np.zeros((len(indices), target_width, source_width), np.float32)
        wanted[rows, links[:, 1], links[:, 0]] = 1.0
        return wanted / np.maximum(wanted.sum(axis=2, keepdims=True), 1.0)
