"""Greedy search: the most probable token at every step."""

from typing import Any

import tensorflow as tf

from nmt.search.best import log_sum_exp, top_k
from nmt.search.coverage import Coverage, rank_by_coverage
from nmt.search.step import Hypotheses, State, Step, forbid, length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


def greedy_search(
    step: Step, state: State, limits: Tensor, source_width: Tensor, alpha: Tensor, coverage: Coverage | None = None
) -> Hypotheses:
    """Decode B sentences, one hypothesis each. A sentence that is finished takes no further part.

    Args:
        step: scores the next token of the live hypotheses; K = 1, a row is a sentence.
        state: what `step` needs for the first token, B rows.
        limits: [B] int32, at least 1: the most pieces of each hypothesis, EOS counted. At the limit EOS is forced.
        source_width: scalar int32, the S of the attention.
        alpha: scalar float32 of the length penalty, for the reported score.
        coverage: of the coverage penalty, likewise.

    Returns:
        Hypotheses with K = 1. The first token is never EOS, so that no hypothesis is empty.
    """
    batch = tf.shape(limits)[0]
    steps = tf.reduce_max(limits)
    tokens = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None])
    attentions = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[None, None])

    def body(t: Tensor, rows: Tensor, last: Tensor, log_prob: Tensor, lengths: Tensor, state: State, *arrays: Tensor) -> tuple[Any, ...]:
        tokens, attentions = arrays
        logits, state, attention = step(last, rows, state)
        logits = forbid(logits, EOS, (t == 0) & (steps > 1))
        values, best = top_k(logits, 1)
        at_limit = t + 1 >= tf.gather(limits, rows)
        chosen = tf.where(at_limit, EOS, best[:, 0])
        gained = tf.where(at_limit, logits[:, EOS], values[:, 0]) - log_sum_exp(logits, values[:, 0])
        places = rows[:, tf.newaxis]
        log_prob = tf.tensor_scatter_nd_add(log_prob, places, gained)
        lengths = tf.tensor_scatter_nd_update(lengths, places, tf.fill([tf.shape(rows)[0]], t + 1))
        tokens, attentions = tokens.write(t, tf.scatter_nd(places, chosen, [batch])), attentions.write(t, attention)
        live = tf.where(chosen != EOS)[:, 0]
        rows, last = tf.gather(rows, live), tf.gather(chosen, live)
        state = tf.nest.map_structure(lambda tensor: tf.gather(tensor, live), state)
        return t + 1, rows, last, log_prob, lengths, state, tokens, attentions

    start = (
        tf.constant(0),
        tf.range(batch),
        tf.fill([batch], BOS),
        tf.zeros([batch]),
        tf.zeros([batch], tf.int32),
        state,
        tokens,
        attentions,
    )
    end = tf.while_loop(lambda _t, rows, *_: tf.size(rows) > 0, body, start)
    t, _, _, log_prob, lengths, _, tokens, attentions = end
    ids = tf.transpose(tokens.stack())  # [T, B] -> [B, T]
    whole = tf.transpose(tf.reshape(attentions.stack(), [t, batch, source_width]), [1, 0, 2])  # [T, B, S] -> [B, T, S]
    inside = tf.sequence_mask(lengths - 1, t)  # EOS, the last piece, is not part of the text
    found = Hypotheses(
        ids=tf.where(inside, ids, PAD)[:, tf.newaxis],
        lengths=(lengths - 1)[:, tf.newaxis],
        scores=(log_prob / length_penalty(lengths, alpha))[:, tf.newaxis],
        attention=(whole * tf.cast(inside, tf.float32)[:, :, tf.newaxis])[:, tf.newaxis],
    )
    return rank_by_coverage(found, whole[:, tf.newaxis], coverage)
