"""Label-smoothed cross-entropy as sums: the caller divides by the token count of all replicas together."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nmt.model.precision import Precision, lowered, product
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


def loss_sums(
    readout: Tensor, output_weights: Tensor, output_bias: Tensor, labels: Tensor, smoothing: float, precision: Precision = "float32"
) -> LossSums:
    """Cross-entropy of softmax(readout · Wᵀ + b) against (1 - ε) · one-hot + ε / V (Szegedy et al. 2016, section 7).

    Args:
        readout: [B, T, E].
        output_weights: W [V, E].
        output_bias: b [V].
        labels: [B, T] int32, PAD where there is nothing to predict.
        smoothing: ε in [0, 1).
        precision: of the factors of products; logits, softmax and sums are float32.
    """
    flat_labels = tf.reshape(labels, [-1])
    real = tf.where(flat_labels != PAD)[:, 0]  # padding costs no row of the largest product
    flat = tf.gather(tf.reshape(readout, [-1, readout.shape[-1]]), real)
    smoothed, plain = _cross_entropy(flat, output_weights, output_bias, tf.gather(flat_labels, real), smoothing, precision)
    return LossSums(smoothed, plain, tf.cast(tf.size(real), readout.dtype))


def coverage_sum(attention: Tensor, labels: Tensor) -> Tensor:
    """See et al. (2017), equation 12, summed over the real target tokens: Σ min(a, c), c the attention of the positions before.

    Args:
        attention: [B, T, S].
        labels: [B, T] int32, PAD where there is nothing to predict.
    """
    covered = tf.cumsum(attention, axis=1, exclusive=True)
    real = tf.cast(labels != PAD, attention.dtype)
    return tf.reduce_sum(tf.reduce_sum(tf.minimum(attention, covered), axis=2) * real)


def guided_sum(attention: Tensor, alignment: Tensor) -> Tensor:
    """Cross-entropy of the attention against word alignments (Chen et al. 2016, "Guided Alignment Training"), summed over target tokens.

    Args:
        attention: [B, T, S].
        alignment: [B, T, S] each row a distribution over the source, or zeros where it is not known.
    """
    return -tf.reduce_sum(alignment * tf.math.log(tf.maximum(attention, 1e-9)))


class SoftmaxParts(NamedTuple):
    """What cross-entropy and its gradient are made of, for N tokens."""

    exponential: Tensor
    """[N, V] of the logits less the greatest of each token; from here on a factor of products alone, so in their precision."""
    total: Tensor
    """[N] its sums."""
    log_total: Tensor
    """[N] log-sum-exp of the logits."""
    right: Tensor
    """[N, E] rows of W of the labels."""
    logit_right: Tensor
    """[N] logits of the labels."""


def softmax_parts(readout: Tensor, W: Tensor, b: Tensor, labels: Tensor, precision: Precision) -> SoftmaxParts:
    """Make the logits of N tokens and their exponential, in few passes over [N, V]: readout [N, E], W [V, E], b [V], labels [N]."""
    logits = tf.nn.bias_add(product(readout, W, precision, transpose_b=True), b)
    greatest = tf.reduce_max(logits, axis=1)
    exponential = tf.exp(logits - greatest[:, tf.newaxis])
    total = tf.reduce_sum(exponential, axis=1)
    right = tf.gather(W, labels)
    logit_right = tf.reduce_sum(readout * right, axis=1) + tf.gather(b, labels)
    return SoftmaxParts(lowered(exponential, precision), total, greatest + tf.math.log(total), right, logit_right)


def _cross_entropy(readout: Tensor, W: Tensor, b: Tensor, labels: Tensor, smoothing: float, precision: Precision) -> tuple[Tensor, Tensor]:
    """(smoothed loss, cross-entropy without a gradient) as sums over N tokens, from readout [N, E].

    [N, V] is the one large array of an update, so few things are done to it: the product that makes the logits, the exponential, in their
    place, and its sum. What smoothing adds is linear in the logits and needs W's mean alone. The gradient of a logit,
    p - (1 - ε) · one-hot - ε / V with p = exponential / sum, is never built: each of its three terms goes to readout, W and b by itself.
    """

    @tf.custom_gradient
    def run(readout: Tensor, W: Tensor, b: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor, Tensor], tuple[Tensor, ...]]]:
        vocabulary = W.shape[0]
        exponential, total, log_total, right, logit_right = softmax_parts(readout, W, b, labels, precision)
        mean = tf.reduce_mean(W, axis=0)  # [E]
        logit_mean = tf.linalg.matvec(readout, mean) + tf.reduce_mean(b)
        plain = log_total - logit_right
        smoothed = plain + smoothing * (logit_right - logit_mean)

        def gradient(upstream: Tensor, _plain: Tensor) -> tuple[Tensor, ...]:
            share = (upstream / total)[:, tf.newaxis]  # [N, 1]
            hit, spread = (1.0 - smoothing) * upstream, smoothing * upstream  # what goes to the label, and to all pieces together
            d_readout = share * product(exponential, W, precision) - hit * right - spread * mean
            d_W = product(exponential, share * readout, precision, transpose_a=True) - spread / vocabulary * tf.reduce_sum(readout, axis=0)
            hits = tf.cast(tf.linalg.matvec(exponential, lowered(share[:, 0], precision), transpose_a=True), b.dtype)
            d_b = hits - spread / vocabulary * tf.cast(tf.size(labels), b.dtype)
            at = labels[:, tf.newaxis]
            return (
                d_readout,
                tf.tensor_scatter_nd_sub(d_W, at, hit * readout),
                tf.tensor_scatter_nd_sub(d_b, at, tf.fill(tf.shape(labels), hit)),
            )

        return (tf.reduce_sum(smoothed), tf.reduce_sum(plain)), gradient

    return run(readout, W, b)
