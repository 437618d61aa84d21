"""Many measurements as one figure: the median with its range, and percentiles."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """What several rounds gave."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def rounded(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """`spread` as it stands in JSON."""
    return {name: round(value, digits) for name, value in zip(("median", "min", "max"), spread(values), strict=True)}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many percent of the values lie, between two of them in proportion; of none, 0."""
    return float(np.percentile(values, percent)) if len(values) else 0.0


def split_evenly(total: int, parts: int) -> list[int]:
    """`total` as that many whole numbers, none of them more than one above another."""
    return [total // parts + (part < total % parts) for part in range(parts)]
