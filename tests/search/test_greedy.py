"""Greedy search over a scripted step."""

import numpy as np
import tensorflow as tf

from nmt.search.greedy import greedy_search
from nmt.special_tokens import BOS, EOS, PAD
from tests.search.scripted import bigram_step, log_softmax

V = 7


def chain() -> np.ndarray:
    """BOS -> 4 -> 5 -> EOS, each with the greatest score."""
    table = np.zeros((V, V))
    for last, following in ((BOS, 4), (4, 5), (5, EOS)):
        table[last, following] = 3.0
    return table


def search(table: np.ndarray, limits: list[int], alpha: float = 0.0):
    step, state = bigram_step(table, len(limits))
    return greedy_search(step, state(len(limits)), tf.constant(limits), tf.constant(2), tf.constant(alpha))


def test_it_follows_the_chain_and_stops() -> None:
    found = search(chain(), [10])
    assert found.ids.numpy().tolist() == [[[4, 5, PAD]]]
    assert found.lengths.numpy().tolist() == [[2]]
    table = chain()
    table[BOS, EOS] = -1e9  # no empty hypothesis
    expected = sum(log_softmax(table)[last, following] for last, following in ((BOS, 4), (4, 5), (5, EOS)))
    np.testing.assert_allclose(found.scores, [[expected]], rtol=1e-5)
    np.testing.assert_allclose(found.attention[0, 0], [[0.5, 0.5], [0.5, 0.5], [0, 0]])


def test_each_row_has_its_own_limit() -> None:
    found = search(chain(), [2, 10])
    assert found.lengths.numpy().tolist() == [[1], [2]]
    assert found.ids.numpy()[0, 0].tolist() == [4, PAD, PAD]


def test_no_hypothesis_is_empty() -> None:
    table = np.zeros((V, V))
    table[:, EOS] = 9.0
    assert search(table, [10]).lengths.numpy().tolist() == [[1]]


def test_an_endless_chain_ends_at_the_limit() -> None:
    table = np.zeros((V, V))
    table[:, 4] = 9.0
    assert search(table, [6]).lengths.numpy().tolist() == [[5]]
