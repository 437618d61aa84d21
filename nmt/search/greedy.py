"""Greedy search: the most probable token at every step."""

import tensorflow as tf

from nmt.search.step import Hypotheses, State, Step, forbid, length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


def greedy_search(step: Step, state: State, limits: Tensor, source_width: Tensor, alpha: Tensor) -> Hypotheses:
    """Decode B sentences, one hypothesis each.

    Args:
        step: scores the next token of B hypotheses.
        state: what `step` needs for the first token, B rows.
        limits: [B] int32, at least 1: the most pieces of each hypothesis, EOS counted. At the limit EOS is forced.
        source_width: scalar int32, the S of the attention.
        alpha: scalar float32 of the length penalty, for the reported score.

    Returns:
        Hypotheses with K = 1. The first token is never EOS, so that no hypothesis is empty.
    """
    batch = tf.shape(limits)[0]
    steps = tf.reduce_max(limits)
    tokens = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None])
    attentions = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[None, None])

    def body(
        t: Tensor, last: Tensor, log_prob: Tensor, lengths: Tensor, finished: Tensor, state: State, *arrays: Tensor
    ) -> tuple[Tensor, ...]:
        tokens, attentions = arrays
        logits, state, attention = step(last, state)
        logits = forbid(logits, EOS, (t == 0) & (steps > 1))
        chosen = tf.where(t + 1 >= limits, EOS, tf.argmax(logits, axis=1, output_type=tf.int32))
        gained = tf.gather(logits, chosen, axis=1, batch_dims=1) - tf.reduce_logsumexp(logits, axis=1)
        chosen = tf.where(finished, PAD, chosen)
        log_prob = tf.where(finished, log_prob, log_prob + gained)
        lengths = tf.where(finished, lengths, t + 1)
        tokens, attentions = tokens.write(t, chosen), attentions.write(t, attention)
        return t + 1, chosen, log_prob, lengths, finished | (chosen == EOS), state, tokens, attentions

    start = (
        tf.constant(0),
        tf.fill([batch], BOS),
        tf.zeros([batch]),
        tf.zeros([batch], tf.int32),
        tf.zeros([batch], tf.bool),
        state,
        tokens,
        attentions,
    )
    end = tf.while_loop(lambda t, _a, _b, _c, finished, *_: (t < steps) & ~tf.reduce_all(finished), body, start)
    t, _, log_prob, lengths, _, _, tokens, attentions = end
    ids = tf.transpose(tokens.stack())  # [T, B] -> [B, T]
    attention = tf.transpose(tf.reshape(attentions.stack(), [t, batch, source_width]), [1, 0, 2])  # [T, B, S] -> [B, T, S]
    inside = tf.sequence_mask(lengths - 1, t)  # EOS, the last piece, is not part of the text
    return Hypotheses(
        ids=tf.where(inside, ids, PAD)[:, tf.newaxis],
        lengths=(lengths - 1)[:, tf.newaxis],
        scores=(log_prob / length_penalty(lengths, alpha))[:, tf.newaxis],
        attention=(attention * tf.cast(inside, tf.float32)[:, :, tf.newaxis])[:, tf.newaxis],
    )
