"""The best few of a vocabulary: exact top-k and log-sum-exp with as few passes over [n, V] as they need."""

import tensorflow as tf

from nmt.tensors import Tensor

BLOCK = 64
"""Logits are looked at in blocks of so many: one pass takes each block's maximum, and only the best blocks are searched."""


def top_k(logits: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    """The k greatest logits of each row and their places, as `tf.math.top_k`, which is several times slower on a whole vocabulary.

    The k greatest lie in the k blocks of greatest maximum. Of equals the one of lower index comes first.

    Args:
        logits: [n, V]; a V that is not known before the graph runs is a multiple of `BLOCK`.
        k: scalar int32, at most V.

    Returns:
        Values [n, k], the greatest first, and indices [n, k] int32.
    """
    width = logits.shape[1]
    if width is not None and (width % BLOCK or width <= 4 * BLOCK):
        return tuple(tf.math.top_k(logits, k))
    blocks = tf.reshape(logits, [tf.shape(logits)[0], -1, BLOCK])  # [n, V / BLOCK, BLOCK]
    maxima = tf.reduce_max(blocks, axis=2)
    chosen = tf.math.top_k(maxima, tf.minimum(k, tf.shape(maxima)[1]), sorted=False).indices
    chosen = tf.sort(chosen, axis=1)  # in the order of the vocabulary, which decides between equals
    candidates = tf.reshape(tf.gather(blocks, chosen, batch_dims=1), [tf.shape(logits)[0], -1])
    values, places = tf.math.top_k(candidates, k)
    block = tf.gather(chosen, places // BLOCK, batch_dims=1)
    return values, block * BLOCK + places % BLOCK


def log_sum_exp(logits: Tensor, greatest: Tensor) -> Tensor:
    """Log of the sum of exp(logits) over the last axis: [n, V] and each row's greatest logit [n] -> [n]."""
    return greatest + tf.math.log(tf.reduce_sum(tf.exp(logits - greatest[:, tf.newaxis]), axis=1))
