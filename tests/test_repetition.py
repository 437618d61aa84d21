"""The repetition guard: loops of a translation are cut to one turn, or to as many as the source has; nothing else is touched."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.repetition import LEAST_PIECES, LEAST_TURNS, LONGEST_PHRASE, Loop, kept_pieces, loops

# Phrases said again and again between other pieces: plain lists of integers hardly ever hold a loop.
PHRASES = st.builds(lambda phrase, turns: phrase * turns, st.lists(st.integers(1, 5), min_size=1, max_size=10), st.integers(1, 9))
IDS = st.lists(PHRASES, max_size=4).map(lambda parts: [piece for part in parts for piece in part])


def cut(target: list[int], source: list[int]) -> list[int]:
    kept = kept_pieces(target, source)
    return target if kept is None else [target[index] for index in kept]


@pytest.mark.parametrize(
    ("target", "source", "left"),
    [
        ([7] * 8, [1, 2], [7]),
        ([7] * 7, [1, 2], [7] * 7),  # too few pieces to be sure
        ([1, 2, 3] * 3, [4], [1, 2, 3] * 3),  # too few turns
        ([1, 2, 3] * 4, [4], [1, 2, 3]),
        ([1, 2, 3] * 4 + [1, 2], [4], [1, 2, 3]),  # broken off by the length limit
        ([9, *[1, 2] * 6, 8], [4], [9, 1, 2, 8]),
        ([1] * 9 + [2] * 9, [4], [1, 2]),
        ([1, 2] * 9, [5, 6, 5, 6, 5, 6], [1, 2] * 3),  # as often as the source
        ([1, 2] * 9, [5, 6] * 9, [1, 2] * 9),
        ([1, 2, 3, 4] * 5 + [7] * 12, [5] * 5, [1, 2, 3, 4] * 5 + [7] * 5),  # a long loop that may stay hides no short one that may not
        (list(range(9)) * 4, [4], list(range(9)) * 4),  # a phrase too long to be one
        ([], [], []),
    ],
)
def test_loops(target: list[int], source: list[int], left: list[int]) -> None:
    assert cut(target, source) == left


@given(IDS)
def test_a_target_equal_to_its_source_is_never_cut(ids: list[int]) -> None:
    assert kept_pieces(ids, ids) is None


@given(IDS, IDS)
def test_cutting_twice_cuts_no_more(target: list[int], source: list[int]) -> None:
    once = cut(target, source)
    assert cut(once, source) == once
    turns = max([1, *(loop.turns for loop in loops(source, 2, 2))])
    assert all(loop.turns <= turns for loop in loops(once, LEAST_TURNS, LEAST_PIECES))


@given(IDS, IDS)
def test_what_stays_is_in_order_and_nothing_is_lost(target: list[int], source: list[int]) -> None:
    kept = kept_pieces(target, source)
    if kept is not None:
        assert kept == sorted(set(kept))
        assert len(kept) < len(target)
    assert set(cut(target, source)) == set(target)


@given(st.lists(st.integers(), min_size=1, max_size=LONGEST_PHRASE, unique=True), st.integers(LEAST_TURNS, 20))
def test_a_phrase_said_again_and_again_is_left_once(phrase: list[int], turns: int) -> None:
    assert cut(phrase * turns, []) == (phrase if len(phrase) * turns >= LEAST_PIECES else phrase * turns)


@given(IDS)
def test_a_loop_is_where_it_says(ids: list[int]) -> None:
    for start, end, period in loops(ids, 2, 2):
        assert ids[start : end - period] == ids[start + period : end]
        assert Loop(start, end, period).turns >= 2


@pytest.mark.parametrize("ids", [[1] * 100_000, [1, 2, 3] * 33_000, list(range(100_000)), [n % 9 for n in range(100_000)]])
def test_time_is_linear(ids: list[int]) -> None:
    begin = time.process_time()
    kept_pieces(ids, ids[:50_000])
    assert time.process_time() - begin < 5
