"""Draws among the segmentations of a word, against probabilities worked by hand."""

import math
import random
from collections import Counter

import pytest

from nmt.data.lattice import Lattice, merged

PIECES = {"a": (4, math.log(0.4)), "b": (5, math.log(0.2)), "ab": (6, math.log(0.3)), "ba": (7, math.log(0.1))}


def shares(word: str, alpha: float) -> dict[tuple[int, ...], float]:
    lattice, chance = Lattice(word, PIECES, alpha, longest=2), random.Random(1).random
    counts = Counter(tuple(lattice.draw(chance)) for _ in range(20_000))
    return {drawn: count / 20_000 for drawn, count in counts.items()}


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_a_segmentation_comes_as_often_as_its_probability_says(alpha: float) -> None:
    """Aba is a|b|a, ab|a or a|ba: 0.4 · 0.2 · 0.4, 0.3 · 0.4 and 0.4 · 0.1, each to the power alpha."""
    weights = {(4, 5, 4): 0.032**alpha, (6, 4): 0.12**alpha, (4, 7): 0.04**alpha}
    found = shares("aba", alpha)
    assert found.keys() == weights.keys()
    for segmentation, weight in weights.items():
        assert found[segmentation] == pytest.approx(weight / sum(weights.values()), abs=0.015)


def test_a_word_of_one_piece_has_one_segmentation() -> None:
    assert shares("b", 0.1) == {(5,): 1.0}


RANKS = {"a": (4, -3.0), "b": (5, -4.0), "c": (6, -5.0), "ab": (7, 0.0), "bc": (8, -1.0), "abc": (9, -2.0)}


def test_bpe_without_dropout_merges_as_its_numbers_say() -> None:
    assert merged("abc", RANKS, 0.0, random.Random(1).random) == [9]
    assert merged("bc", RANKS, 0.0, random.Random(1).random) == [8]
    assert merged("cab", RANKS, 0.0, random.Random(1).random) == [6, 7]


def test_bpe_dropout_leaves_merges_out() -> None:
    chance = random.Random(1).random
    counts = Counter(tuple(merged("bc", RANKS, 0.3, chance) or ()) for _ in range(20_000))
    assert counts.keys() == {(8,), (5, 6)}
    assert counts[5, 6] / 20_000 == pytest.approx(0.3, abs=0.015)


def test_a_character_that_is_no_piece_is_told() -> None:
    assert merged("ax", RANKS, 0.0, random.Random(1).random) is None
