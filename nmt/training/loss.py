"""Label-smoothed cross-entropy as sums: the caller divides by the token count of all replicas together."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nmt.special_tokens import PAD
from nmt.tensors import Tensor


class LossSums(NamedTuple):
    """Sums over the real target tokens of a batch."""

    smoothed: Tensor
    """float32, what is minimised."""
    cross_entropy: Tensor
    """float32, nats, without smoothing: what perplexity is made of."""
    tokens: Tensor
    """float32, how many labels are not padding."""


def loss_sums(logits: Tensor, labels: Tensor, smoothing: float) -> LossSums:
    """Cross-entropy against (1 - ε) · one-hot + ε / V (Szegedy et al. 2016, section 7), without ever building that target.

    With p = softmax(logits) and lse their log-sum-exp, the loss of a token y is lse - (1 - ε) · logit_y - ε · mean(logits), and its
    gradient p - (1 - ε) · one-hot(y) - ε / V.

    Args:
        logits: [B, T, V].
        labels: [B, T] int32, PAD where there is nothing to predict.
        smoothing: ε in [0, 1).
    """
    width = logits.shape[-1]
    flat_labels = tf.reshape(labels, [-1])
    weights = tf.cast(flat_labels != PAD, logits.dtype)
    per_token = _smoothed_cross_entropy(tf.reshape(logits, [-1, width]), flat_labels, smoothing)
    smoothed, plain = (tf.reduce_sum(weights * value) for value in per_token)
    return LossSums(smoothed, plain, tf.reduce_sum(weights))


def _smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """([N] smoothed loss, [N] cross-entropy without a gradient) from logits [N, V]."""

    @tf.custom_gradient
    def run(logits: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor, Tensor], Tensor]]:
        # One kernel gives the loss and p - one-hot(y), in one pass over [N, V].
        plain, slope = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=labels)
        rows = tf.stack([tf.range(tf.shape(labels)[0]), labels], axis=1)
        chosen = tf.gather_nd(logits, rows)
        smoothed = plain + smoothing * (chosen - tf.reduce_mean(logits, axis=1))

        def gradient(upstream: Tensor, _plain: Tensor) -> Tensor:
            dense = (slope - smoothing / tf.cast(tf.shape(logits)[1], logits.dtype)) * upstream[:, tf.newaxis]
            return tf.tensor_scatter_nd_add(dense, rows, smoothing * upstream)

        return (smoothed, plain), gradient

    return run(logits)
