"""The loss against its definition with dense logits and a dense target."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.special_tokens import PAD
from nmt.training.loss import coverage_sum, guided_sum, loss_sums

E, V = 5, 7


def test_two_equal_logits_cost_ln_2() -> None:
    sums = loss_sums(tf.zeros([1, 1, E]), tf.ones([2, E]), tf.zeros([2]), tf.constant([[1]]), 0.0)
    assert float(sums.cross_entropy) == pytest.approx(np.log(2))
    assert float(sums.tokens) == 1


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_value_and_gradients_are_those_of_the_dense_target(smoothing: float, dtype: str, tolerance: float) -> None:
    rng = np.random.default_rng(0)
    readout, W, b = (tf.constant(rng.normal(size=shape) * 2, dtype) for shape in ([2, 4, E], [V, E], [V]))
    labels = tf.constant([[4, 1, 6, PAD], [2, 2, PAD, PAD]])
    mask = tf.cast(labels != PAD, dtype)
    dense = tf.one_hot(labels, V, dtype=dtype) * (1 - smoothing) + smoothing / V
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([readout, W, b])
        ours = loss_sums(readout, W, b, labels, smoothing)
        logits = tf.matmul(readout, W, transpose_b=True) + b
        expected = tf.reduce_sum(mask * tf.nn.softmax_cross_entropy_with_logits(dense, logits))
        plain = tf.reduce_sum(mask * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        doubled = 2.0 * ours.smoothed
    assert float(ours.smoothed) == pytest.approx(float(expected), rel=tolerance)
    assert float(ours.cross_entropy) == pytest.approx(float(plain), rel=tolerance)
    assert float(ours.tokens) == 5
    for found, one in zip(tape.gradient(doubled, [readout, W, b]), tape.gradient(expected, [readout, W, b]), strict=True):
        np.testing.assert_allclose(found, 2 * one, atol=tolerance, rtol=tolerance)


def test_padding_costs_nothing() -> None:
    readout = tf.random.normal([2, 3, E])
    with tf.GradientTape() as tape:
        tape.watch(readout)
        sums = loss_sums(readout, tf.random.normal([V, E]), tf.zeros([V]), tf.fill([2, 3], PAD), 0.1)
    assert [float(value) for value in sums] == [0, 0, 0]
    assert not tf.convert_to_tensor(tape.gradient(sums.smoothed, readout)).numpy().any()


def test_large_logits_stay_finite() -> None:
    sums = loss_sums(tf.fill([1, 1, E], 1e3), tf.random.normal([V, E]), tf.zeros([V]), tf.constant([[3]]), 0.1)
    assert np.isfinite(float(sums.smoothed))


def test_coverage_costs_what_is_attended_to_twice() -> None:
    """0.75 + 0.25 of the second step were attended to before, up to 0.5 and 0.5; the third position is padding."""
    attention = tf.constant([[[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]]])
    assert float(coverage_sum(attention, tf.constant([[4, 5, PAD]]))) == pytest.approx(0.75)


def test_guided_attention_costs_what_it_gives_to_other_places() -> None:
    """A target piece aligned to the first place costs -ln of its attention there; one that is aligned to none costs nothing."""
    attention = tf.constant([[[0.25, 0.75], [0.5, 0.5]]])
    assert float(guided_sum(attention, tf.constant([[[1.0, 0.0], [0.0, 0.0]]]))) == pytest.approx(np.log(4))
