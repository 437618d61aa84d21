"""Values as characters, and lines of columns."""

from nmt.inspect.sparkline import shade, sparkline, thinned
from nmt.inspect.table import aligned


def test_a_rising_series_is_a_staircase() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"


def test_ends_that_are_given_hold_for_every_series() -> None:
    assert sparkline([0.5, 2.0, -1.0], 0.0, 1.0) == "▅█▁"


def test_what_is_no_number_is_a_gap_and_a_constant_is_level() -> None:
    assert sparkline([1.0, float("nan"), 1.0]) == "▅ ▅"
    assert sparkline([float("nan")]) == " "
    assert sparkline([]) == ""


def test_a_long_series_is_thinned_to_means() -> None:
    assert thinned([1, 3, 5, 7], 2) == [2.0, 6.0]
    assert thinned([1, 3], 5) == [1, 3]


def test_shades_grow_darker() -> None:
    assert "".join(map(shade, (0.0, 0.25, 0.5, 0.7, 1.0))) == "·░▒▓█"


def test_columns_are_aligned_by_what_is_seen_of_them() -> None:
    assert aligned([["a", "1"], ["日本", "10"]], left=(0,)) == ["a      1", "日本  10"]
