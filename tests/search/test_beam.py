"""Beam search over a scripted step: against enumeration, against greedy search, and its own rules."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.search.beam import beam_search
from nmt.search.greedy import greedy_search
from nmt.search.step import length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from tests.search.scripted import bigram_step, log_softmax

V = 6
TOKENS = (4, 5)


def table_of(seed: int) -> np.ndarray:
    """Random scores in which PAD, UNK and BOS are impossible, as the model's binding makes them."""
    table = np.random.default_rng(seed).normal(size=(V, V)) * 2
    table[:, [0, 1, 2]] = -1e9
    return table


SEARCH = tf.function(
    lambda table, limits, alpha, beam: beam_search(
        bigram_of(table, tf.shape(limits)[0] * beam), tf.zeros([tf.shape(limits)[0], 1], tf.int32), limits, tf.constant(2), alpha, beam
    ),
    input_signature=[
        tf.TensorSpec([V, V], tf.float32),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.float32),
        tf.TensorSpec([], tf.int32),
    ],
)


def bigram_of(table, grid):
    def step(tokens, rows, state):
        # The attention tells which step made it, so that a test can follow it through the beams.
        at = tf.concat([tf.cast(state, tf.float32), tf.cast(tokens, tf.float32)[:, tf.newaxis]], axis=1)
        return tf.gather(table, tokens), state + 1, tf.scatter_nd(rows[:, tf.newaxis], at, [grid, 2])

    return step


def search(table: np.ndarray, limits: list[int], alpha: float, beam: int):
    return SEARCH(tf.constant(table, tf.float32), tf.constant(limits), alpha, beam)


def enumerate_all(table: np.ndarray, limit: int, alpha: float) -> list[tuple[float, list[int]]]:
    """Every hypothesis of at most `limit` pieces, EOS counted, with its score, the best first."""
    log_prob = log_softmax(table)
    first = log_softmax(np.where(np.arange(V) == EOS, -1e9, table[BOS]))  # no empty hypothesis
    found = []
    for length in range(1, limit):
        for tokens in itertools.product(TOKENS, repeat=length):
            path = [BOS, *tokens, EOS]
            score = first[path[1]] + sum(log_prob[a, b] for a, b in itertools.pairwise(path[1:]))
            found.append((score / float(length_penalty(tf.constant(length + 1), alpha)), list(tokens)))
    return sorted(found, reverse=True)


@given(seed=st.integers(0, 10**6), alpha=st.sampled_from([0.0, 0.6, 1.0]))
@settings(max_examples=25, deadline=None)
def test_a_beam_that_holds_everything_finds_the_best_of_all(seed: int, alpha: float) -> None:
    expected = enumerate_all(table_of(seed), 4, alpha)
    found = search(table_of(seed), [4], alpha, 14)
    for rank in range(3):
        ids = found.ids.numpy()[0, rank, : found.lengths.numpy()[0, rank]].tolist()
        assert ids == expected[rank][1]
        np.testing.assert_allclose(found.scores.numpy()[0, rank], expected[rank][0], rtol=1e-4, atol=1e-4)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_beam_one_is_greedy(seed: int) -> None:
    table = table_of(seed)
    beam = search(table, [8, 3], 1.0, 1)
    step, state = bigram_step(table, 2)
    greedy = greedy_search(step, state(2), tf.constant([8, 3]), tf.constant(2), tf.constant(1.0))
    np.testing.assert_array_equal(beam.ids, greedy.ids)
    np.testing.assert_array_equal(beam.lengths, greedy.lengths)
    np.testing.assert_allclose(beam.scores, greedy.scores, rtol=1e-5)


@given(seed=st.integers(0, 10**6), beam=st.integers(1, 6), alpha=st.sampled_from([0.0, 1.0]))
@settings(max_examples=25, deadline=None)
def test_hypotheses_are_ordered_distinct_finished_and_rightly_scored(seed: int, beam: int, alpha: float) -> None:
    table = table_of(seed)
    known = {tuple(tokens): score for score, tokens in enumerate_all(table, 6, alpha)}
    found = search(table, [6], alpha, beam)
    scores = found.scores.numpy()[0]
    assert (np.diff(scores) <= 1e-6).all()
    texts = [tuple(found.ids.numpy()[0, rank, : found.lengths.numpy()[0, rank]].tolist()) for rank in range(beam)]
    assert len(set(texts)) == beam
    for text, score in zip(texts, scores, strict=True):
        assert score == pytest.approx(known[text], rel=1e-4, abs=1e-4)


def test_neighbours_do_not_matter() -> None:
    alone = search(table_of(3), [7], 1.0, 4)
    beside = search(table_of(3), [7, 2, 12], 1.0, 4)
    length = alone.lengths.numpy()[0]
    np.testing.assert_array_equal(beside.lengths.numpy()[0], length)
    for rank in range(4):
        np.testing.assert_array_equal(beside.ids.numpy()[0, rank, : length[rank]], alone.ids.numpy()[0, rank, : length[rank]])


def test_attention_follows_its_hypothesis_through_the_beams() -> None:
    """The scripted attention holds (step, token read): row t of a hypothesis must name t and the token before t."""
    found = search(table_of(5), [7], 1.0, 5)
    for rank in range(5):
        length = int(found.lengths.numpy()[0, rank])
        read = [BOS, *found.ids.numpy()[0, rank, : length - 1].tolist()]
        assert found.attention.numpy()[0, rank, :length].tolist() == [[float(t), float(token)] for t, token in enumerate(read)]
        assert not found.attention.numpy()[0, rank, length:].any()


def test_a_beam_wider_than_the_vocabulary_is_fine() -> None:
    found = search(table_of(7), [5], 1.0, 20)
    assert found.ids.shape[1] == 20
    assert found.lengths.numpy()[0, 0] >= 1
    assert (found.ids.numpy()[:, :, -1] != EOS).all()
    assert PAD not in found.ids.numpy()[0, 0, : found.lengths.numpy()[0, 0]]


def test_length_penalty_is_equation_14() -> None:
    assert float(length_penalty(tf.constant(1), tf.constant(0.7))) == pytest.approx(1.0)
    assert float(length_penalty(tf.constant(7), tf.constant(1.0))) == pytest.approx(2.0)
    assert float(length_penalty(tf.constant(7), tf.constant(0.0))) == pytest.approx(1.0)
