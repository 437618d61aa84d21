"""Log-probabilities of whole candidates, and the expected risk over them (Shen et al. 2016)."""

from collections.abc import Callable

import tensorflow as tf

from nmt.model.precision import Precision, lowered, product
from nmt.search.step import IMPOSSIBLE, length_penalty
from nmt.special_tokens import PAD
from nmt.tensors import Tensor
from nmt.training.loss import softmax_parts


def expected_risk(log_prob: Tensor, lengths: Tensor, costs: Tensor, sharpness: float, alpha: float) -> Tensor:
    """Shen et al. (2016), equations 10 and 11: Σ Q(y) · Δ(y), with Q(y) ∝ exp(sharpness · log P(y) / lp(y)).

    The length penalty is that of the search, so that Q ranks candidates as the search does; with an alpha of 0 this is the Q of the paper.

    Args:
        log_prob: [B, N] of each candidate.
        lengths: [B, N] int32, EOS counted; 0 where there is no candidate. Each sentence has at least one.
        costs: [B, N] Δ of each.
        sharpness: the alpha of the paper.
        alpha: of the length penalty.

    Returns:
        [B].
    """
    scores = sharpness * log_prob / length_penalty(lengths, tf.constant(alpha))
    Q = tf.nn.softmax(tf.where(lengths > 0, scores, IMPOSSIBLE), axis=1)
    return tf.reduce_sum(Q * costs, axis=1)


def sequence_log_prob(readout: Tensor, output_weights: Tensor, output_bias: Tensor, labels: Tensor, precision: Precision) -> Tensor:
    """The sum of log softmax(readout · Wᵀ + b) at the labels of each sequence: [R].

    Args:
        readout: [R, T, E].
        output_weights: W [V, E].
        output_bias: b [V].
        labels: [R, T] int32, PAD after the last.
        precision: of the factors of products.
    """
    real = tf.cast(tf.where(labels != PAD), tf.int32)  # [n, 2]; padding costs no row of the largest product
    flat = tf.gather_nd(readout, real)
    plain = _cross_entropy(flat, output_weights, output_bias, tf.gather_nd(labels, real), precision)
    return -tf.reduce_sum(tf.scatter_nd(real, plain, tf.shape(labels)), axis=1)


def _cross_entropy(readout: Tensor, W: Tensor, b: Tensor, labels: Tensor, precision: Precision) -> Tensor:
    """Cross-entropy of each of n tokens [n], from readout [n, E].

    It is that of `nmt.training.loss`, where every token weighs the same and only sums leave [n, V]; here each weighs what the risk of its
    sequence makes of it. As there, the gradient of a logit, p - one-hot, is never built.
    """

    @tf.custom_gradient
    def run(readout: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
        exponential, total, log_total, right, logit_right = softmax_parts(readout, W, b, labels, precision)

        def gradient(weight: Tensor) -> tuple[Tensor, ...]:
            share, hit = (weight / total)[:, tf.newaxis], weight[:, tf.newaxis]  # [n, 1]
            d_W = product(exponential, share * readout, precision, transpose_a=True)
            d_b = tf.cast(tf.linalg.matvec(exponential, lowered(share[:, 0], precision), transpose_a=True), b.dtype)
            at = labels[:, tf.newaxis]
            return (
                share * product(exponential, W, precision) - hit * right,
                tf.tensor_scatter_nd_sub(d_W, at, hit * readout),
                tf.tensor_scatter_nd_sub(d_b, at, weight),
            )

        return log_total - logit_right, gradient

    return run(readout, W, b)
