"""Medians, percentiles, even shares."""

from nmt.bench.figures import percentile, rounded, split_evenly, spread


def test_spread_is_median_lowest_highest() -> None:
    assert spread([4.0, 1.0, 3.0, 9.0]) == (3.5, 1.0, 9.0)
    assert rounded([1.234, 5.678], 1) == {"median": 3.5, "min": 1.2, "max": 5.7}


def test_percentiles_lie_between_values_in_proportion() -> None:
    values = [4.0, 1.0, 3.0, 2.0, 5.0]
    assert [percentile(values, percent) for percent in (0, 50, 90, 100)] == [1.0, 3.0, 4.6, 5.0]
    assert percentile([], 50) == 0.0


def test_rounds_share_the_updates() -> None:
    assert split_evenly(11, 3) == [4, 4, 3]
