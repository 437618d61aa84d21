"""Ancestral sampling over a scripted step."""

import numpy as np
import tensorflow as tf

from nmt.search.sample import Samples, sample
from nmt.special_tokens import BOS, EOS, PAD
from tests.search.scripted import bigram_step, log_softmax

V = 7


def drawn(table: np.ndarray, limits: list[int], samples: int, seed: int = 1, alpha: float = 0.0) -> Samples:
    step, state = bigram_step(table, len(limits) * samples)
    return sample(step, state(len(limits)), tf.constant(limits), tf.constant(alpha), tf.constant(samples), tf.constant([seed, 0]))


def certain(**following: int) -> np.ndarray:
    table = np.full((V, V), -1e9)
    for last, token in following.items():
        table[int(last[1:]), token] = 0.0
    return table


def test_what_is_certain_is_drawn() -> None:
    found = drawn(certain(**{f"_{BOS}": 4, "_4": 5, "_5": EOS}), [9, 9], 3)
    assert found.ids.numpy().tolist() == [[[4, 5, PAD]] * 3] * 2
    assert found.lengths.numpy().tolist() == [[2] * 3] * 2
    np.testing.assert_allclose(found.scores, np.zeros([2, 3]), atol=1e-6)


def test_draws_are_as_frequent_as_they_are_probable_and_scored_by_it() -> None:
    table = certain(_4=EOS, _5=EOS, _6=EOS)
    table[BOS] = np.log([1e-30, 1e-30, 1e-30, 1e-30, 0.6, 0.3, 0.1])
    found = drawn(table, [5], 4000)
    first = found.ids.numpy()[0, :, 0]
    np.testing.assert_allclose([(first == token).mean() for token in (4, 5, 6)], [0.6, 0.3, 0.1], atol=0.03)
    np.testing.assert_allclose(found.scores[0], log_softmax(table[BOS])[first], atol=1e-5)


def test_a_seed_is_a_draw() -> None:
    table = np.zeros((V, V))
    one, same, other = (drawn(table, [6, 6], 4, seed).ids.numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or (one != other).any()


def test_limits_end_draws_and_none_is_empty() -> None:
    table = np.zeros((V, V))
    table[:, EOS] = 9.0
    assert drawn(table, [9], 5).lengths.numpy().tolist() == [[1] * 5]
    table[:, EOS] = -1e9
    found = drawn(table, [2, 4], 2, alpha=1.0)
    assert found.lengths.numpy().tolist() == [[1, 1], [3, 3]]
    # Forced to end: what EOS costs counts as in a search, divided by the length penalty.
    np.testing.assert_array_less(found.scores, -1e8)
