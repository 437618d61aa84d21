"""Values as characters: a line of bars for a series, shades for a matrix."""

import math
from collections.abc import Sequence
from itertools import pairwise

BARS = "▁▂▃▄▅▆▇█"
SHADES = "·░▒▓█"


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """One bar a value, from `low` (the lowest bar) to `high` (the highest); default: the series' own ends. What is no number is a space."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return " " * len(values)
    bottom, top = min(finite) if low is None else low, max(finite) if high is None else high
    # A series that stays where it is has bars of middle height.
    return "".join(_one_of(BARS, (value - bottom) / (top - bottom) if top > bottom else value - bottom + 0.5) for value in values)


def shade(share: float) -> str:
    """A character that is the darker, the nearer `share` comes to 1; a dot below a fifth."""
    return _one_of(SHADES, share)


def thinned(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values: means of equal stretches of a longer series."""
    if len(values) <= width:
        return list(values)
    ends = [round(place * len(values) / width) for place in range(width + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(ends)]


def _one_of(characters: str, share: float) -> str:
    if not math.isfinite(share):
        return " "
    return characters[min(len(characters) - 1, max(0, int(share * len(characters))))]
