"""From the rows of one vocabulary to those of another: what a trained matrix is worth when the tokenizer changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmt.tokenizer import Tokenizer

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class RowMap:
    """Which rows of an old vocabulary each row of a new one begins as."""

    copied: dict[int, int]
    """New id -> old id of the same piece."""
    spelled: dict[int, list[int]]
    """New id -> old ids of the pieces that spell it."""
    of: int
    """Pieces of the new vocabulary."""

    @property
    def unchanged(self) -> bool:
        """Whether every piece has the id that it had."""
        return len(self.copied) == self.of and all(new == old for new, old in self.copied.items())

    def rows(self, old: Rows, drawn: Rows) -> Rows:
        """Return [V, …]: rows of `old` [V_old, …] where there are any, their mean where several spell one, else those of `drawn` [V, …]."""
        found = drawn.copy()
        found[list(self.copied)] = old[list(self.copied.values())]
        for new, parts in self.spelled.items():
            found[new] = old[parts].mean(axis=0)
        return found

    def __str__(self) -> str:
        drawn = self.of - len(self.copied) - len(self.spelled)
        means = f"{len(self.spelled):,} begin as the mean of the old pieces that spell them"
        return f"{len(self.copied):,} of {self.of:,} pieces keep their rows, {means}, {drawn:,} as drawn"


def map_rows(old: Tokenizer, new: Tokenizer) -> RowMap:
    """Match two vocabularies piece by piece; a tag is matched only by a tag.

    What the old one lacks is spelled with its pieces of text, the longest that fits first, or with its bytes; that need not be how the old
    tokenizer would have cut the word in a sentence, but every part of it has been trained on.
    """
    old_pieces, new_pieces = (one.pieces(range(one.vocabulary_size)) for one in (old, new))
    ids = {(piece, number in old.tags): number for number, piece in enumerate(old_pieces)}
    texts = {piece: number for number, piece in enumerate(old_pieces) if number not in old.no_text}
    copied, spelled = {}, {}
    for number, piece in enumerate(new_pieces):
        tag = number in new.tags
        if (piece, tag) in ids:
            copied[number] = ids[piece, tag]
        elif not tag and (parts := _spell(piece, texts, old.byte_ids)):
            spelled[number] = parts
    return RowMap(copied, spelled, len(new_pieces))


def _spell(piece: str, texts: dict[str, int], byte_ids: dict[int, int]) -> list[int]:
    """Ids of the old pieces that make up a new one, [] where one of its characters has none."""
    parts: list[int] = []
    start = 0
    while start < len(piece):
        end = next((end for end in range(len(piece), start, -1) if piece[start:end] in texts), start)
        if end > start:
            parts.append(texts[piece[start:end]])
        elif all(byte in byte_ids for byte in piece[start].encode()):
            parts += [byte_ids[byte] for byte in piece[start].encode()]
        else:
            return []
        start = max(end, start + 1)
    return parts
