"""Checks of both sides together: copies, lengths that do not fit, and what must be on both sides alike."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nmt.audit import balance
from nmt.audit.block import Block
from nmt.audit.findings import Finding
from nmt.audit.script import DIGIT

COPIED_WORDS, COPIED_LETTERS = 3, 20
"""A copied line has so many words or so many letters: a name is the same in many languages."""


def find_copies(block: Block) -> None:
    """Find targets that are their sources, but for case; numbers, addresses and short names may be."""
    places = []
    for place, (source, target) in enumerate(zip(*block.sides, strict=True)):
        if block.is_text(place) and source.strip().casefold() == target.strip().casefold():
            words = [word for word in balance.without_addresses(source).split() if any(map(str.isalpha, word))]
            if len(words) >= COPIED_WORDS or sum(map(len, words)) >= COPIED_LETTERS:
                places.append(place)
    block.mark(Finding.COPIED, places)


def find_lengths(block: Block, lengths: NDArray[np.int64], unit: str, max_length_ratio: float, longest: int | None) -> None:
    """Find pairs whose sides differ too much in length, or are too long.

    Args:
        block: the pairs.
        lengths: of source and target. [pairs, 2]
        unit: what is counted.
        max_length_ratio: the longer by the shorter, at most.
        longest: either side, at most; None: not looked at.
    """
    shorter, longer = lengths.min(axis=1), lengths.max(axis=1)

    def told(place: int) -> str:
        return f"{lengths[place, 0]:,} and {lengths[place, 1]:,} {unit}"

    block.mark(Finding.LENGTH_RATIO, block.where((longer > max_length_ratio * shorter) & (shorter > 0)), told)
    if longest is not None:
        block.mark(Finding.TOO_LONG, block.where(longer > longest), told)


def find_imbalance(block: Block, counts: Sequence[NDArray[np.int64]]) -> None:
    """Find numbers, addresses, placeholders and tags that one side has and the other has not."""
    checks: dict[Finding, tuple[Callable[[str, str], str | None], list[int]]] = {
        Finding.PLACEHOLDERS: (balance.placeholders_differ, _with(block, "%", "{", "<")),
        Finding.NUMBERS: (balance.numbers_differ, block.where(counts[0][:, DIGIT] + counts[1][:, DIGIT]).tolist()),
        Finding.ADDRESSES: (balance.addresses_differ, _with(block, "@", "://", "www.", "WWW.")),
    }
    for finding, (difference, places) in checks.items():
        notes = {place: note for place in places if (note := difference(block.sides[0][place], block.sides[1][place]))}
        block.mark_notes(finding, notes)


def _with(block: Block, *marks: str) -> list[int]:
    """The places of pairs that have one of the marks on either side: few, and only they are looked at closely."""
    return [
        place
        for place, (source, target) in enumerate(zip(*block.sides, strict=True))
        if any(mark in source or mark in target for mark in marks) and block.is_text(place)
    ]
