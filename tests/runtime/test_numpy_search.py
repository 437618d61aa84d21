"""The searches in NumPy against those in TensorFlow, over the same scripted steps."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.runtime.numpy_search import Found, candidates, search
from nmt.search.beam import beam_search
from nmt.search.coverage import Coverage
from nmt.search.greedy import greedy_search
from nmt.special_tokens import BOS, EOS, PAD, UNK

FEW, MANY = 7, 330
"""Vocabularies: one smaller than a wide beam, one that is searched in stripes."""


def table_of(seed: int, vocabulary: int, ending: float) -> np.ndarray:
    """Random scores of the next token by the last one; the special tokens are impossible, EOS is as likely as `ending` says.

    The searches make them sharper from step to step: the same pairs in another order would else be a tie, and rounding would decide.
    """
    table = np.random.default_rng(seed).normal(size=(vocabulary, vocabulary)).astype(np.float32) * 3
    table[:, [PAD, UNK, BOS]] = -1e9
    table[:, EOS] += ending
    return table


def in_numpy(table: np.ndarray, limit: int, beam: int, alpha: float, beta: float = 0.0) -> Found:
    """The state counts the steps; the attention tells the step and the token that was read, both as shares of 64."""

    def step(tokens, state):
        return table[tokens] * (1 + state / 8), state + 1, np.concatenate([state, tokens[:, np.newaxis].astype(np.float32)], axis=1) / 64

    return search(step, np.zeros((1, 1), np.float32), limit, beam, alpha, beta)


def _in_tensorflow(table, limits, alpha, beam, beta):
    def step(tokens, rows, state):
        seen = tf.concat([state, tf.cast(tokens, tf.float32)[:, tf.newaxis]], axis=1) / 64
        return tf.gather(table, tokens) * (1 + state / 8), state + 1, tf.scatter_nd(rows[:, tf.newaxis], seen, [beam, 2])

    start = tf.zeros([tf.shape(limits)[0], 1])
    coverage = Coverage(beta, tf.fill(tf.shape(limits), 2))
    return tf.cond(
        beam == 1,
        lambda: greedy_search(step, start, limits, tf.constant(2), alpha, coverage),
        lambda: beam_search(step, start, limits, tf.constant(2), alpha, beam, coverage),
    )


IN_TENSORFLOW = {
    vocabulary: tf.function(
        _in_tensorflow,
        input_signature=[
            tf.TensorSpec([vocabulary, vocabulary], tf.float32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.float32),
        ],
    )
    for vocabulary in (FEW, MANY)
}


@given(
    seed=st.integers(0, 10**6),
    vocabulary=st.sampled_from([FEW, MANY]),
    ending=st.sampled_from([-2.0, 0.0, 4.0]),
    limit=st.integers(1, 12),
    beam=st.integers(1, 9),
    alpha=st.sampled_from([0.0, 0.6, 1.2]),
    beta=st.sampled_from([0.0, 0.3, 2.0]),
)
@settings(max_examples=150, deadline=None)
def test_both_find_the_same(seed: int, vocabulary: int, ending: float, limit: int, beam: int, alpha: float, beta: float) -> None:
    table = table_of(seed, vocabulary, ending)
    expected = IN_TENSORFLOW[vocabulary](table, [limit], alpha, beam, beta)
    found = in_numpy(table, limit, beam, alpha, beta)
    scores = expected.scores.numpy()[0]
    possible = scores > -1e8  # a beam that is wider than what can be said holds nothing in its last rows
    assert np.isfinite(found.scores).tolist() == possible.tolist()
    np.testing.assert_allclose(found.scores[possible], scores[possible], rtol=1e-5, atol=1e-5)
    lengths = expected.lengths.numpy()[0]
    assert found.lengths[possible].tolist() == lengths[possible].tolist()
    for rank in np.flatnonzero(possible):
        length = lengths[rank]
        assert found.ids[rank, :length].tolist() == expected.ids.numpy()[0, rank, :length].tolist()
        np.testing.assert_array_equal(found.attention[rank, :length], expected.attention.numpy()[0, rank, :length])
    for rank, length in enumerate(found.lengths):
        assert (found.ids[rank, length:] == PAD).all()
        assert not found.attention[rank, length:].any()


@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 5),
    vocabulary=st.integers(1, 700),
    k=st.integers(1, 80),
    distinct=st.sampled_from([3, 10**6]),
)
@settings(max_examples=200, deadline=None)
def test_the_greatest_are_among_the_candidates(seed: int, rows: int, vocabulary: int, k: int, distinct: int) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.integers(0, distinct, (rows, vocabulary)).astype(np.float32)
    added = draw.integers(0, distinct, rows).astype(np.float32)
    totals = logits + added[:, np.newaxis]
    wanted = np.argsort(-totals, axis=None, kind="stable")[:k]
    row, column = candidates(logits, added, k)
    assert set(wanted.tolist()) <= set((row * vocabulary + column).tolist())
    assert distinct == 3 or len(row) < 8 * k + 8 * rows


@pytest.mark.parametrize("beam", [1, 3])
def test_no_hypothesis_is_empty_unless_there_is_no_room(beam: int) -> None:
    table = table_of(1, FEW, 50.0)
    assert in_numpy(table, 10, beam, 1.0).lengths[0] == 1
    assert in_numpy(table, 1, beam, 1.0).lengths[0] == 0
