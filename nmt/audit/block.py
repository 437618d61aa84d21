"""A block of pairs and what has been found in them so far."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmt.audit.findings import BROKEN, Finding, bits
from nmt.data.corpus import SentencePair

_EXAMPLES = 3
_BROKEN = np.uint32(bits(BROKEN))

Places = Collection[int] | NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """A pair that shows a finding, with a remark such as what it should be."""

    line: int
    source: str
    target: str
    note: str = ""


class Block:
    """Pairs that are checked together; a place is the number of a pair in it."""

    def __init__(self, pairs: Sequence[SentencePair]) -> None:
        self.pairs = pairs
        self.sides = [pair.source for pair in pairs], [pair.target for pair in pairs]
        self.found = np.zeros(len(pairs), np.uint32)
        """A bit for each finding."""
        self.examples: dict[Finding, list[Example]] = {}

    def is_text(self, place: int) -> bool:
        """Whether a pair is text that is meant to be used."""
        return not self.found[place] & _BROKEN

    def where(self, chosen: NDArray[np.generic]) -> NDArray[np.int64]:
        """Return the places where something is true, of pairs that are text."""
        return np.flatnonzero(chosen.astype(bool) & ((self.found & _BROKEN) == 0))

    def has(self, *findings: Finding) -> NDArray[np.bool_]:
        """Return which pairs have one of the findings."""
        return (self.found & np.uint32(bits(findings))) != 0

    def mark(self, finding: Finding, places: Places, note: Callable[[int], str] = lambda place: "") -> None:
        """Record a finding of some pairs, the first few as examples."""
        if not len(places):
            return
        chosen = [int(place) for place in places]
        self.found[chosen] |= np.uint32(finding.bit)
        shown = self.examples.setdefault(finding, [])
        for place in chosen[:_EXAMPLES]:
            pair = self.pairs[place]
            if len(shown) < _EXAMPLES and all(example.line != pair.line for example in shown):
                shown.append(Example(pair.line, pair.source, pair.target, note(place)))

    def mark_notes(self, finding: Finding, notes: dict[int, str]) -> None:
        """Record a finding that has a remark for each place."""
        self.mark(finding, list(notes), notes.__getitem__)
