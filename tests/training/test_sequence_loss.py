"""Expected risk by hand, and log-probabilities of candidates against dense ones."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.special_tokens import PAD
from nmt.training.sequence_loss import expected_risk, sequence_log_prob

E, V = 5, 7


def test_risk_of_two_candidates_by_hand() -> None:
    """P 0.6 and 0.2 make Q 0.75 and 0.25; Δ 0.5 and 0.1 make a risk of 0.4; its gradient is Q · (Δ - 0.4). The third is none."""
    log_prob = tf.constant([[np.log(0.6), np.log(0.2), 0.0]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(log_prob)
        risk = expected_risk(log_prob, tf.constant([[3, 9, 0]]), tf.constant([[0.5, 0.1, 0.0]]), 1.0, 0.0)
    np.testing.assert_allclose(risk, [0.4], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(risk, log_prob), [[0.75 * 0.1, 0.25 * -0.3, 0.0]], atol=1e-7)


def test_sharpness_and_length_penalty_by_hand() -> None:
    """Scores -2 / 1 and -4 / 2 (a penalty of (5 + 7) / 6) are equal: the mean of Δ. Half as sharp, P 0.64 and 0.04 are as 4 to 1."""
    lengths = tf.constant([[1, 7]])
    np.testing.assert_allclose(expected_risk(tf.constant([[-2.0, -4.0]]), lengths, tf.constant([[0.2, 0.6]]), 1.0, 1.0), [0.4], rtol=1e-6)
    log_prob = tf.constant(np.log([[0.64, 0.04]]), tf.float32)
    np.testing.assert_allclose(expected_risk(log_prob, lengths, tf.constant([[0.0, 1.0]]), 0.5, 0.0), [0.2], rtol=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_log_probabilities_and_their_gradients_are_those_of_dense_logits(dtype: str, tolerance: float) -> None:
    rng = np.random.default_rng(0)
    readout, W, b = (tf.constant(rng.normal(size=shape) * 2, dtype) for shape in ([3, 4, E], [V, E], [V]))
    labels = tf.constant([[4, 1, 6, 3], [2, 2, PAD, PAD], [5, PAD, PAD, PAD]])
    weights = tf.constant([0.5, -2.0, 1.0], dtype)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([readout, W, b])
        ours = sequence_log_prob(readout, W, b, labels, "float32")
        logits = tf.matmul(readout, W, transpose_b=True) + b
        of_tokens = tf.gather(tf.nn.log_softmax(logits), labels, batch_dims=2)
        expected = tf.reduce_sum(of_tokens * tf.cast(labels != PAD, dtype), axis=1)
        weighed = [tf.reduce_sum(weights * one) for one in (ours, expected)]
    np.testing.assert_allclose(ours, expected, rtol=tolerance)
    for found, one in zip(*(tape.gradient(value, [readout, W, b]) for value in weighed), strict=True):
        np.testing.assert_allclose(found, one, atol=tolerance, rtol=tolerance)
