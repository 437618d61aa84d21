"""Ancestral sampling: every token drawn as the model has it, at temperature 1."""

from typing import Any, NamedTuple

import tensorflow as tf

from nmt.search.step import State, Step, forbid, length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


class Samples(NamedTuple):
    """K independent draws for each of B sentences, in no order; duplicates can be among them."""

    ids: Tensor
    """[B, K, T] int32 without EOS."""
    lengths: Tensor
    """[B, K] int32, EOS not counted."""
    scores: Tensor
    """[B, K] log-probability, EOS included, divided by the length penalty."""


def sample(step: Step, state: State, limits: Tensor, alpha: Tensor, samples: Tensor, seed: Tensor) -> Samples:
    """Draw from the model. A draw that is finished takes no further part.

    Args:
        step: scores the next token of the live draws.
        state: what `step` needs for the first token, B rows.
        limits: [B] int32, at least 1: the most pieces of each draw, EOS counted. At the limit EOS is forced.
        alpha: scalar float32 of the length penalty, for the reported score.
        samples: scalar int32 K, at least 1.
        seed: int32 [2]. What is drawn at a step of a row depends on nothing else, whichever rows are live.

    Returns:
        Samples. The first token is never EOS, so that none is empty.
    """
    batch, R = tf.shape(limits)[0], tf.shape(limits)[0] * samples
    steps, limit_of = tf.reduce_max(limits), tf.repeat(limits, samples)

    def body(t: Tensor, rows: Tensor, last: Tensor, log_prob: Tensor, lengths: Tensor, state: State, tokens: Tensor) -> tuple[Any, ...]:
        logits, state, _ = step(last, rows, state)
        logits = forbid(logits, EOS, (t == 0) & (steps > 1))
        drawn = tf.random.stateless_uniform([R], tf.random.fold_in(seed, t), alg="philox")
        chosen, normalizer = _draw(logits, tf.gather(drawn, rows))
        chosen = tf.where(t + 1 >= tf.gather(limit_of, rows), EOS, chosen)
        places = rows[:, tf.newaxis]
        log_prob = tf.tensor_scatter_nd_add(log_prob, places, tf.gather(logits, chosen, batch_dims=1) - normalizer)
        lengths = tf.tensor_scatter_nd_update(lengths, places, tf.fill([tf.shape(rows)[0]], t + 1))
        tokens = tokens.write(t, tf.scatter_nd(places, chosen, [R]))
        live = tf.where(chosen != EOS)[:, 0]
        state = tf.nest.map_structure(lambda tensor: tf.gather(tensor, live), state)
        return t + 1, tf.gather(rows, live), tf.gather(chosen, live), log_prob, lengths, state, tokens

    start = (
        tf.constant(0),
        tf.range(R),
        tf.fill([R], BOS),
        tf.zeros([R]),
        tf.zeros([R], tf.int32),
        tf.nest.map_structure(lambda tensor: tf.gather(tensor, tf.repeat(tf.range(batch), samples)), state),
        tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None]),
    )
    t, _, _, log_prob, lengths, _, tokens = tf.while_loop(lambda _t, rows, *_: tf.size(rows) > 0, body, start)
    inside = tf.sequence_mask(lengths - 1, t)  # EOS, the last piece, is not part of the text
    grid = batch, samples
    return Samples(
        ids=tf.reshape(tf.where(inside, tf.transpose(tokens.stack()), PAD), [*grid, t]),
        lengths=tf.reshape(lengths - 1, grid),
        scores=tf.reshape(log_prob / length_penalty(lengths, alpha), grid),
    )


def _draw(logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse transform sampling: logits [n, V] and numbers in [0, 1) [n] -> tokens [n] int32, log-sum-exp of the logits [n]."""
    greatest = tf.reduce_max(logits, axis=1)
    below = tf.cumsum(tf.exp(logits - greatest[:, tf.newaxis]), axis=1)  # [n, V]
    total = below[:, -1]
    # The first token up to which there is more than the number: never one of no probability.
    places = tf.searchsorted(below, (uniform * total)[:, tf.newaxis], side="right")[:, 0]
    return tf.minimum(places, tf.shape(logits)[1] - 1), greatest + tf.math.log(total)
