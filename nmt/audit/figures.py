"""Lengths and ratios of a set as histograms, from which medians and percentiles are read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST = 1024
"""Longer lines are counted as of this length."""
RATIO_BINS, RATIO_STEP = 257, 1 / 16
"""The base-2 logarithm of target length by source length, from -8 to 8, in sixteenths."""
GRID, GRID_STEP = 41, 1 / 4
"""The base-2 logarithm of a length, from 1 to 1024 in quarters."""


class Figures:
    """How long the lines of a set are."""

    def __init__(self) -> None:
        self.lengths = np.zeros((2, LONGEST + 1), np.int64)
        self.ratios = np.zeros(RATIO_BINS, np.int64)
        self.density = np.zeros((GRID, GRID), np.int64)
        """[source, target], of logarithms of lengths."""
        self.longest = [0, 0]

    def add(self, lengths: NDArray[np.int64]) -> None:
        """Count pairs of which both sides have a length. lengths: [pairs, 2]"""
        lengths = lengths[lengths.min(axis=1, initial=LONGEST) > 0]
        if not len(lengths):
            return
        self.longest = [max(known, int(new)) for known, new in zip(self.longest, lengths.max(axis=0), strict=True)]
        self.lengths += [np.bincount(np.minimum(side, LONGEST), minlength=LONGEST + 1) for side in lengths.T]
        logarithms = np.log2(lengths)
        middle = RATIO_BINS // 2
        ratio = np.clip(np.rint((logarithms[:, 1] - logarithms[:, 0]) / RATIO_STEP), -middle, middle).astype(np.int64) + middle
        self.ratios += np.bincount(ratio, minlength=RATIO_BINS)
        cell = np.minimum((logarithms / GRID_STEP).astype(np.int64), GRID - 1)
        self.density += np.bincount(cell[:, 0] * GRID + cell[:, 1], minlength=GRID * GRID).reshape(GRID, GRID)

    def merged(self, other: "Figures") -> "Figures":
        """Return the figures of both."""
        both = Figures()
        both.lengths, both.ratios, both.density = self.lengths + other.lengths, self.ratios + other.ratios, self.density + other.density
        both.longest = [max(pair) for pair in zip(self.longest, other.longest, strict=True)]
        return both

    def summary(self) -> dict[str, Any]:
        """Return median, percentiles and the longest of each side, and of the ratio; empty if there is no text."""
        if not self.ratios.sum():
            return {}
        sides = {
            side: {**{f"p{share}": _percentile(counts, share) for share in (50, 95, 99)}, "longest": longest}
            for side, counts, longest in zip(("source", "target"), self.lengths, self.longest, strict=True)
        }
        middle = RATIO_BINS // 2
        ratio = {f"p{share}": round(2.0 ** ((_percentile(self.ratios, share) - middle) * RATIO_STEP), 2) for share in (1, 50, 99)}
        return {**sides, "target_by_source": ratio}


def _percentile(counts: NDArray[np.int64], share: int) -> int:
    """The smallest value that is not exceeded by so many per cent."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() * share / 100))
