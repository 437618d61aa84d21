"""The loss against its definition with a dense target."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.special_tokens import PAD
from nmt.training.loss import loss_sums


def test_two_equal_logits_cost_ln_2() -> None:
    sums = loss_sums(tf.zeros([1, 1, 2]), tf.constant([[1]]), 0.0)
    assert float(sums.cross_entropy) == pytest.approx(np.log(2))
    assert float(sums.tokens) == 1


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_value_and_gradient_are_those_of_the_dense_target(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(size=(2, 4, 7)) * 3, tf.float32)
    labels = tf.constant([[4, 1, 6, PAD], [2, 2, PAD, PAD]])
    mask = tf.cast(labels != PAD, tf.float32)
    dense = tf.one_hot(labels, 7) * (1 - smoothing) + smoothing / 7
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = loss_sums(logits, labels, smoothing)
        expected = tf.reduce_sum(mask * tf.nn.softmax_cross_entropy_with_logits(dense, logits))
        plain = tf.reduce_sum(mask * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        doubled = 2.0 * ours.smoothed
    assert float(ours.smoothed) == pytest.approx(float(expected), rel=1e-5)
    assert float(ours.cross_entropy) == pytest.approx(float(plain), rel=1e-5)
    assert float(ours.tokens) == 5
    np.testing.assert_allclose(tape.gradient(doubled, logits), 2 * tape.gradient(expected, logits), atol=1e-6)


def test_padding_costs_nothing() -> None:
    sums = loss_sums(tf.random.normal([2, 3, 5]), tf.fill([2, 3], PAD), 0.1)
    assert [float(value) for value in sums] == [0, 0, 0]
