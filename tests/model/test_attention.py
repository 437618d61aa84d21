"""Attention against numbers worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.attention import AdditiveAttention, Attention, CoverageAttention, make_attention


def test_four_numbers_worked_by_hand() -> None:
    """Scores 0 and ln 3 give weights 1/4 and 3/4, so the context of the values 1 and 5 is 4."""
    attention = Attention("scaled_dot", units=1, memory_units=1)
    memory = attention.memorize(tf.constant([[[0.0], [np.log(3.0)]]], tf.float32), tf.ones([1, 2]))
    context, weights = attention(tf.ones([1, 1, 1]), memory._replace(values=tf.constant([[[1.0], [5.0]]])))
    np.testing.assert_allclose(weights, [[[0.25, 0.75]]], rtol=1e-6)
    np.testing.assert_allclose(context, [[[4.0]]], rtol=1e-6)


def test_padding_gets_no_weight() -> None:
    attention = Attention("general", units=4, memory_units=6)
    rng = np.random.default_rng(0)
    memory = attention.memorize(tf.constant(rng.normal(size=(2, 3, 6)), tf.float32), tf.constant([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]))
    _, weights = attention(tf.constant(rng.normal(size=(2, 5, 4)), tf.float32), memory)
    assert np.all(weights[0, :, 2] == 0)
    np.testing.assert_allclose(weights[1, :, 0], 1.0)


def test_general_score_is_the_bilinear_form() -> None:
    attention = Attention("general", units=2, memory_units=3)
    values = tf.constant([[[1.0, 2.0, 3.0]]])
    memory = attention.memorize(values, tf.ones([1, 1]))
    W = attention.key_projection.get_weights()[0]  # [M, H]
    np.testing.assert_allclose(memory.keys[0, 0], values[0, 0].numpy() @ W, rtol=1e-6)


@pytest.mark.parametrize("score", ["general", "scaled_dot"])
def test_queries_do_not_see_each_other(score: str) -> None:
    attention = Attention(score, units=4, memory_units=4)
    rng = np.random.default_rng(1)
    memory = attention.memorize(tf.constant(rng.normal(size=(1, 3, 4)), tf.float32), tf.ones([1, 3]))
    queries = tf.constant(rng.normal(size=(1, 5, 4)), tf.float32)
    together, _ = attention(queries, memory)
    alone, _ = attention(queries[:, 2:3], memory)
    np.testing.assert_allclose(together[:, 2:3], alone, rtol=1e-5)


def config(**changes: object) -> ModelConfig:
    return ModelConfig(**({"decoder_units": 4, "encoder_units": 3, "attention_heads": 2} | changes))  # type: ignore[arg-type]


def test_additive_score_worked_by_hand() -> None:
    """With W = U = 1, b = 0 and v = 1 the score of query q at m is tanh(q + m)."""
    attention = AdditiveAttention("additive", units=1, memory_units=1)
    values = tf.constant([[[0.5], [-0.25]]])
    attention(tf.ones([1, 1, 1]), attention.memorize(values, tf.ones([1, 2])))
    attention.set_weights([np.ones(weight.shape) * (weight.ndim == 2 or weight.size == 0) for weight in attention.get_weights()])
    attention.v.assign([1.0])
    _, weights = attention(tf.constant([[[0.25]]]), attention.memorize(values, tf.ones([1, 2])))
    odds = np.exp(np.tanh([0.75, 0.0]))
    np.testing.assert_allclose(weights[0, 0], odds / odds.sum(), rtol=1e-6)


def test_coverage_keeps_attention_from_where_it_has_been() -> None:
    """With a large negative w, what was attended to scores tanh(-∞) = -1: three equal places are visited in turn."""
    attention = CoverageAttention("coverage", units=1, memory_units=1)
    memory = attention.memorize(tf.zeros([1, 3, 1]), tf.ones([1, 3]))
    queries = tf.zeros([1, 2, 1])
    attention.over_target(queries, memory)
    attention.v.assign([2.0])
    attention.w.assign([-3.0])
    _, first = attention(queries[:, :1], memory, tf.constant([[[1.0, 0.0, 0.0]]]))
    odds = np.exp(2 * np.tanh([-3.0, 0.0, 0.0]))
    np.testing.assert_allclose(first[0, 0], odds / odds.sum(), rtol=1e-6)
    _, both = attention.over_target(queries, memory)
    np.testing.assert_allclose(both[0, 0], [1 / 3] * 3, rtol=1e-6)  # nothing is covered yet, and all places are alike
    np.testing.assert_allclose(both[0, 1], [1 / 3] * 3, rtol=1e-6)  # and now all are covered alike


def test_one_head_is_scaled_dot_attention_of_its_projections_and_two_heads_are_two_of_them() -> None:
    rng = np.random.default_rng(2)
    values, queries = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((1, 3, 6), (1, 2, 4)))
    attention = make_attention(config(attention="multi_head"))
    memory = attention.memorize(values, tf.ones([1, 3]))
    context, weights = attention(queries, memory)
    q = attention.query_projection(queries).numpy()[0]
    expected, mean = [], np.zeros((2, 3))
    for head in (slice(0, 2), slice(2, 4)):
        scores = q[:, head] @ memory.keys.numpy()[0][:, head].T / np.sqrt(2)
        probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        expected.append(probabilities @ memory.values.numpy()[0][:, head])
        mean += probabilities / 2
    np.testing.assert_allclose(context[0], np.concatenate(expected, axis=1), rtol=1e-5)
    np.testing.assert_allclose(weights[0], mean, rtol=1e-5)


def test_without_attention_there_is_no_context() -> None:
    attention = make_attention(config(attention="none"))
    context, weights = attention(tf.ones([2, 3, 4]), attention.memorize(tf.ones([2, 5, 6]), tf.ones([2, 5])))
    assert context.shape == (2, 3, 0)
    assert weights.shape == (2, 3, 5)
    assert not np.any(weights)
