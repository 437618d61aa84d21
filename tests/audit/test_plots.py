import re

import numpy as np

from nmt.audit.figures import LONGEST, Figures
from nmt.audit.plots import density, length_histogram, ratio_histogram


def told(drawing: str) -> list[int]:
    """What is told of the bars or cells, from left to right."""
    return [int(count.replace(",", "")) for count in re.findall(r"<title>([\d,]+)</title>", drawing)]


def figures() -> Figures:
    found = Figures()
    found.add(np.array([[4, 4], [4, 8], [10, 5], [3000, 1], [0, 7]]))
    return found


def test_every_line_is_in_a_bar_and_the_last_has_the_longer_ones() -> None:
    counts = np.zeros(LONGEST + 1, np.int64)
    counts[[5, 6, 900]] = 1000, 2000, 3
    drawing = length_histogram(counts, "source length", "pieces", limit=8)
    assert told(drawing) == [1000, 2000, 3]
    assert "limit 8" in drawing
    assert "limit" not in length_histogram(counts, "source length", "pieces", limit=100)


def test_every_ratio_is_in_a_bar() -> None:
    drawing = ratio_histogram(figures(), 4)
    assert told(drawing) == [1, 1, 1, 1]  # 1/3000 at the left end, 1/2, 1, 2
    assert drawing.count("4 ×") == 2


def test_every_pair_is_in_a_cell() -> None:
    assert sum(told(density(figures(), "pieces"))) == 4


def test_percentiles_are_of_pairs_that_have_both_lengths() -> None:
    summary = figures().summary()
    assert summary["source"] == {"p50": 4, "p95": LONGEST, "p99": LONGEST, "longest": 3000}
    assert summary["target_by_source"]["p50"] in {0.5, 1.0}
    assert Figures().summary() == {}
    assert figures().merged(figures()).ratios.sum() == 8
