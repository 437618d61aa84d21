"""Attention against numbers worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.model.attention import Attention


def test_four_numbers_worked_by_hand() -> None:
    """Scores 0 and ln 3 give weights 1/4 and 3/4, so the context of the values 1 and 5 is 4."""
    attention = Attention("scaled_dot", units=1)
    memory = attention.memorize(tf.constant([[[0.0], [np.log(3.0)]]], tf.float32), tf.ones([1, 2]))
    context, weights = attention(tf.ones([1, 1, 1]), memory._replace(values=tf.constant([[[1.0], [5.0]]])))
    np.testing.assert_allclose(weights, [[[0.25, 0.75]]], rtol=1e-6)
    np.testing.assert_allclose(context, [[[4.0]]], rtol=1e-6)


def test_padding_gets_no_weight() -> None:
    attention = Attention("general", units=4)
    rng = np.random.default_rng(0)
    memory = attention.memorize(tf.constant(rng.normal(size=(2, 3, 6)), tf.float32), tf.constant([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]))
    _, weights = attention(tf.constant(rng.normal(size=(2, 5, 4)), tf.float32), memory)
    assert np.all(weights[0, :, 2] == 0)
    np.testing.assert_allclose(weights[1, :, 0], 1.0)


def test_general_score_is_the_bilinear_form() -> None:
    attention = Attention("general", units=2)
    values = tf.constant([[[1.0, 2.0, 3.0]]])
    memory = attention.memorize(values, tf.ones([1, 1]))
    W = attention.key_projection.get_weights()[0]  # [M, H]
    np.testing.assert_allclose(memory.keys[0, 0], values[0, 0].numpy() @ W, rtol=1e-6)


@pytest.mark.parametrize("score", ["general", "scaled_dot"])
def test_queries_do_not_see_each_other(score: str) -> None:
    attention = Attention(score, units=4)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    memory = attention.memorize(tf.constant(rng.normal(size=(1, 3, 4)), tf.float32), tf.ones([1, 3]))
    queries = tf.constant(rng.normal(size=(1, 5, 4)), tf.float32)
    together, _ = attention(queries, memory)
    alone, _ = attention(queries[:, 2:3], memory)
    np.testing.assert_allclose(together[:, 2:3], alone, rtol=1e-5)
