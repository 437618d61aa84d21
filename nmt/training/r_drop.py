"""R-Drop (Liang et al. 2021): two passes of each pair with other dropout masks, whose predictions are pulled together.

The loss of a token with predictions P and Q is the mean of both passes' label-smoothed cross-entropy plus α / 4 of
KL(P ‖ Q) + KL(Q ‖ P): half of the paper's, which adds the two passes up (equations 2 to 4).
"""

from collections.abc import Callable

import tensorflow as tf

from nmt.data.batching import Batch
from nmt.model.precision import Precision, product
from nmt.special_tokens import PAD
from nmt.tensors import Tensor
from nmt.training.loss import LossSums

CHUNK_ROWS = 256
"""Tokens whose two predictions are in memory at once: [CHUNK_ROWS, V] fits a processor's cache, [tokens, V] does not."""


def twice(batch: Batch) -> Batch:
    """Each pair in two rows, B apart: masks are drawn row by row."""
    return Batch(*(tf.concat([part, part], axis=0) for part in batch))


def r_drop_sums(
    readout: Tensor,
    output_weights: Tensor,
    output_bias: Tensor,
    labels: Tensor,
    smoothing: float,
    alpha: float,
    precision: Precision = "float32",
) -> LossSums:
    """Sums over the real target tokens, each counted once, of a batch made by `twice`.

    Args:
        readout: [2B, T, R] of both passes.
        output_weights: W [V, R].
        output_bias: b [V].
        labels: [2B, T] int32, PAD where there is nothing to predict.
        smoothing: ε of the label smoothing.
        alpha: α, weight of the divergence.
        precision: of the factors of products.
    """
    first, second = tf.split(tf.reshape(readout, [-1, readout.shape[-1]]), 2)
    flat_labels = tf.split(tf.reshape(labels, [-1]), 2)[0]
    real = tf.where(flat_labels != PAD)[:, 0]
    rows = tf.gather(first, real), tf.gather(second, real)
    smoothed, plain = _divergence(*rows, output_weights, output_bias, tf.gather(flat_labels, real), smoothing, alpha, precision)
    return LossSums(smoothed, plain, tf.cast(tf.size(real), readout.dtype))


def _divergence(
    first: Tensor, second: Tensor, W: Tensor, b: Tensor, labels: Tensor, smoothing: float, alpha: float, precision: Precision
) -> tuple[Tensor, Tensor]:
    """(loss, cross-entropy without a gradient) as sums over N tokens, from the readouts [N, R] of both passes.

    The loss is a sum, so what comes from above is one number: all gradients are taken on the way forward, chunk by chunk, and only
    multiplied by it on the way back. Nothing of [N, V] is kept, and memory is that of one pass, not two.
    """

    @tf.custom_gradient
    def run(p: Tensor, q: Tensor, W: Tensor, b: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor, Tensor], tuple[Tensor, ...]]]:
        count, vocabulary = tf.shape(p)[0], W.shape[0]
        gradients = [tf.TensorArray(p.dtype, size=0, dynamic_size=True, element_shape=[None, p.shape[1]], infer_shape=False) for _ in "pq"]

        def body(begin: Tensor, sums: tuple[Tensor, ...], arrays: list[Tensor]) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
            rows = slice(begin, begin + CHUNK_ROWS)
            answers = labels[rows]
            passes = [_predict(readout[rows], W, b, precision) for readout in (p, q)]
            between = passes[0] - passes[1]  # log P - log Q, [C, V]
            total, plain, dW, db = sums
            own = tf.stack([tf.range(tf.size(answers)), answers], axis=1)
            for place, (readout, log_p, gap) in enumerate(zip((p[rows], q[rows]), passes, (between, -between), strict=True)):
                probability, other = tf.exp(log_p), tf.exp(log_p - gap)
                divergence = tf.reduce_sum(probability * gap, axis=1, keepdims=True)  # KL to the other pass
                right = tf.gather_nd(log_p, own)
                entropy = -(1 - smoothing) * right - smoothing * tf.reduce_mean(log_p, axis=1)
                total += 0.5 * tf.reduce_sum(entropy) + 0.25 * alpha * tf.reduce_sum(divergence)
                plain -= 0.5 * tf.reduce_sum(right)
                slope = 0.5 * (probability - smoothing / vocabulary)
                slope += 0.25 * alpha * (probability * (gap - divergence) + probability - other)
                slope = tf.tensor_scatter_nd_sub(slope, own, tf.fill(tf.shape(right), tf.constant(0.5 * (1 - smoothing), slope.dtype)))
                arrays[place] = arrays[place].write(begin // CHUNK_ROWS, product(slope, W, precision))
                dW += product(slope, readout, precision, transpose_a=True)
                db += tf.reduce_sum(slope, axis=0)
            return begin + CHUNK_ROWS, (total, plain, dW, db), arrays

        nothing = (tf.zeros([], p.dtype), tf.zeros([], p.dtype), tf.zeros_like(W), tf.zeros_like(b))
        # One chunk at a time: that is what it is for.
        loop = tf.while_loop(lambda begin, *_: begin < count, body, (0, nothing, gradients), parallel_iterations=1)
        _, (total, plain, dW, db), gradients = loop
        by_readout = [tf.cond(count > 0, array.concat, lambda: tf.zeros_like(p)) for array in gradients]

        def gradient(upstream: Tensor, _plain: Tensor) -> tuple[Tensor, ...]:
            return tuple(upstream * found for found in (*by_readout, dW, db))

        return (total, plain), gradient

    return run(first, second, W, b)


def _predict(readout: Tensor, W: Tensor, b: Tensor, precision: Precision) -> Tensor:
    """Log-probabilities [C, V] in float32."""
    return tf.nn.log_softmax(tf.nn.bias_add(product(readout, W, precision, transpose_b=True), b))
