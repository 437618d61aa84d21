"""The repetition guard: a translation that loops ("a man, a man, a man, …") is cut back to one turn, or to as many as the source has.

An attentional decoder that loses its place may say one phrase again and again until its length limit (Tu et al. 2016, section 1).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_PHRASE = 8  # pieces
LEAST_TURNS = 4
LEAST_PIECES = 8


class Loop(NamedTuple):
    """`ids[start:end]` says `ids[start : start + period]` again and again, `turns` times in full."""

    start: int
    end: int
    period: int

    @property
    def turns(self) -> int:
        """How often the phrase is said in full."""
        return (self.end - self.start) // self.period


def loops(ids: Sequence[int], least_turns: int, least_pieces: int) -> Iterator[Loop]:
    """Give every stretch that repeats a phrase of at most `LONGEST_PHRASE` pieces, those of shorter phrases first."""
    for period in range(1, min(LONGEST_PHRASE, len(ids) // least_turns) + 1):
        equal = 0
        for place in range(period, len(ids) + 1):
            if place < len(ids) and ids[place] == ids[place - period]:
                equal += 1
                continue
            length = equal + period
            if length >= max(least_turns * period, least_pieces):
                yield Loop(place - length, place, period)
            equal = 0


def kept_pieces(target: Sequence[int], source: Sequence[int]) -> list[int] | None:
    """Return which pieces of a hypothesis stay when its loops are cut, as indices; None if it has none that the source does not have."""
    # A loop holds each of its pieces four times or more: most hypotheses are told to be free of loops by counting.
    if len(target) - len(set(target)) < LEAST_PIECES - LEAST_PIECES // LEAST_TURNS:
        return None
    kept = list(range(len(target)))
    turns = max((loop.turns for loop in loops(source, 2, 2)), default=1)
    while True:
        found = loops([target[index] for index in kept], max(LEAST_TURNS, turns + 1), LEAST_PIECES)
        loop = max(found, key=lambda one: one.end - one.start, default=None)  # of equals the one of the shortest phrase
        if loop is None:
            return kept if len(kept) < len(target) else None
        del kept[loop.start + loop.period * turns : loop.end]
