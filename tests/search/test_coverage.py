"""The coverage penalty: by hand, and what it may and may not change of a search."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.runtime import numpy_search
from nmt.search.beam import beam_search
from nmt.search.coverage import LEAST_SEEN, Coverage, coverage_penalty
from nmt.search.greedy import greedy_search
from nmt.search.step import Hypotheses
from nmt.special_tokens import BOS, EOS

STOP, GO, ON = 4, 5, 6
V = 7
LOOKS = np.array([[0, 0], [0, 0], [0.5, 0.5], [0, 0], [0.5, 0.3], [0.5, 0.1], [0.2, 0.6]], np.float32)
"""Where each token makes its successor look, of two source pieces."""


def log_of(**chances: float) -> list[float]:
    """A row of logits: log-probabilities of EOS, STOP, GO and ON; the rest is impossible."""
    row = [-1e9] * V
    for token, name in ((EOS, "eos"), (STOP, "stop"), (GO, "go"), (ON, "on")):
        if chances.get(name):
            row[token] = math.log(chances[name])
    return row


TABLE = np.array([log_of(stop=0.6, go=0.4)] * 4 + [log_of(eos=1.0), log_of(on=1.0), log_of(eos=1.0)], np.float32)
"""BOS leads to STOP, which ends, or to GO ON, which ends: probabilities 0.6 and 0.4."""


def in_graph(table: np.ndarray, beam: int, alpha: float, beta: float | None, limit: int = 6, width: int = 2) -> Hypotheses:
    """The search over a table of the next token by the last; `width` source positions, of which two are no padding."""
    looks = tf.pad(tf.constant(LOOKS), [[0, 0], [0, width - 2]], constant_values=0.0)
    place = tf.constant(beam)

    def step(tokens, rows, state):
        return tf.gather(tf.constant(table), tokens), state, tf.scatter_nd(rows[:, tf.newaxis], tf.gather(looks, tokens), [beam, width])

    coverage = None if beta is None else Coverage(tf.constant(beta), tf.constant([2]))
    arguments = step, tf.zeros([1, 1]), tf.constant([limit]), tf.constant(width), tf.constant(alpha)
    return greedy_search(*arguments, coverage) if beam == 1 else beam_search(*arguments, place, coverage)


def said(found: Hypotheses) -> list[list[int]]:
    return [ids[:length].tolist() for ids, length in zip(found.ids.numpy()[0], found.lengths.numpy()[0], strict=True)]


def test_it_is_equation_14() -> None:
    """Sums over the target: 1.25, which counts as 1, and 0.25, which is seen too little; the step behind the end does not count."""
    attention = tf.constant([[[[0.75, 0.125], [0.5, 0.125], [0.0, 0.75]]]])
    penalty = coverage_penalty(attention, tf.constant([[2]]), Coverage(tf.constant(0.5), tf.constant([2])))
    assert penalty.numpy().tolist() == [[pytest.approx(0.5 * math.log(0.25))]]
    assert numpy_search.coverage_penalty(attention.numpy()[0], np.array([2], np.int32), 0.5) == pytest.approx(0.5 * math.log(0.25))


def test_what_nobody_looked_at_has_a_penalty_that_is_a_number_and_padding_has_none() -> None:
    attention = tf.constant([[[[1.0, 0.0, 0.0]]]])
    for source, expected in ((1, 0.0), (2, math.log(LEAST_SEEN))):
        penalty = coverage_penalty(attention, tf.constant([[1]]), Coverage(tf.constant(1.0), tf.constant([source])))
        assert penalty.numpy().tolist() == [[pytest.approx(expected)]]
    assert np.float32(LEAST_SEEN) == numpy_search.LEAST_SEEN


@pytest.mark.parametrize("width", [2, 4])
def test_a_likely_translation_of_half_the_source_falls_behind_a_whole_one(width: int) -> None:
    """By hand: STOP EOS sees (0.5 + 0.5, 0.5 + 0.3), GO ON EOS (0.5 + 0.5 + 0.2, 0.5 + 0.1 + 0.6); padding counts for nothing."""
    half, whole = math.log(0.6), math.log(0.4)
    without = in_graph(TABLE, 2, 0.0, 0.0, width=width)
    assert said(without) == [[STOP], [GO, ON]]
    np.testing.assert_allclose(without.scores, [[half, whole]], rtol=1e-5)
    little = in_graph(TABLE, 2, 0.0, 1.0, width=width)
    assert said(little) == [[STOP], [GO, ON]]
    np.testing.assert_allclose(little.scores, [[half + math.log(0.8), whole]], rtol=1e-5)
    much = in_graph(TABLE, 2, 0.0, 2.0, width=width)
    assert said(much) == [[GO, ON], [STOP]]
    np.testing.assert_allclose(much.scores, [[whole, half + 2 * math.log(0.8)]], rtol=1e-5)
    attention = np.pad(LOOKS[[BOS, GO]], [[0, 0], [0, width - 2]])
    np.testing.assert_array_equal(much.attention.numpy()[0, 0, :2], attention)  # it went with its hypothesis


def test_greedy_search_reports_the_same_score() -> None:
    greedy = in_graph(TABLE, 1, 0.0, 2.0)
    np.testing.assert_allclose(greedy.scores, [[math.log(0.6) + 2 * math.log(0.8)]], rtol=1e-5)


@given(seed=st.integers(0, 10**6), beam=st.integers(2, 5), alpha=st.sampled_from([0.0, 1.0]), beta=st.sampled_from([0.1, 1.0, 5.0]))
@settings(max_examples=10, deadline=None)
def test_it_only_changes_the_order_and_never_raises_a_score(seed: int, beam: int, alpha: float, beta: float) -> None:
    table = np.random.default_rng(seed).normal(size=(V, V)).astype(np.float32) * 2
    table[:, [0, 1, 2]] = -1e9
    without, none, found = (in_graph(table, beam, alpha, value) for value in (0.0, None, beta))
    for one, other in zip(without, none, strict=True):
        np.testing.assert_array_equal(one, other)  # bit for bit
    scores = dict(zip(map(tuple, said(without)), without.scores.numpy()[0], strict=True))
    ranked = found.scores.numpy()[0]
    assert {tuple(ids) for ids in said(found)} == scores.keys()
    assert (np.diff(ranked) <= 0).all()
    for rank, ids in enumerate(said(found)):
        seen = LOOKS[[BOS, *ids]].sum(axis=0)  # each token is said looking where the one before it leads
        np.testing.assert_array_equal(found.attention.numpy()[0, rank, : len(ids)], LOOKS[[BOS, *ids[:-1]]])
        penalty = beta * np.log(np.clip(seen, LEAST_SEEN, 1)).sum()
        assert ranked[rank] == pytest.approx(scores[tuple(ids)] + penalty, rel=1e-4, abs=1e-4)
        assert ranked[rank] <= scores[tuple(ids)] + 1e-6
