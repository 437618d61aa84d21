"""Beam search: the K best hypotheses of each sentence, ranked by length-penalised log-probability."""

from typing import NamedTuple

import tensorflow as tf

from nmt.search.step import IMPOSSIBLE, Hypotheses, State, Step, forbid, length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


class BeamState(NamedTuple):
    """Every loop variable of the search. A finished hypothesis keeps its place, frozen, until better ones push it out."""

    t: Tensor
    """int32, steps taken."""
    tokens: Tensor
    """[B, K] int32, the last tokens."""
    log_prob: Tensor
    """[B, K] float32, sums of log-probabilities."""
    lengths: Tensor
    """[B, K] int32, EOS counted."""
    finished: Tensor
    """[B, K] bool."""
    model: State
    """N = B · K rows."""
    token_history: Tensor
    """TensorArray of [B, K] int32, one element a step."""
    parent_history: Tensor
    """TensorArray of [B, K] int32: which beam of the step before each one continues."""
    attention_history: Tensor
    """TensorArray of [N, S] float32, in the order of the beams before the step."""


def beam_search(step: Step, state: State, limits: Tensor, source_width: Tensor, alpha: Tensor, beam_size: Tensor) -> Hypotheses:
    """Decode B sentences (Graves 2012; length penalty of Wu et al. 2016, equation 14).

    Args:
        step: scores the next token of N = B · K hypotheses, K consecutive rows for each sentence.
        state: what `step` needs for the first token, B rows; it is repeated for the K beams here.
        limits: [B] int32, at least 1: the most pieces of each hypothesis, EOS counted. At the limit EOS is forced.
        source_width: scalar int32, the S of the attention.
        alpha: scalar float32; 0 ranks by log-probability alone.
        beam_size: scalar int32 K, at least 1.

    Returns:
        The K hypotheses of each sentence, best first. The first token is never EOS, so that no hypothesis is empty.
    """
    batch, K = tf.shape(limits)[0], beam_size
    steps = tf.reduce_max(limits)

    def body(beam: BeamState) -> tuple[BeamState]:
        logits, model, attention = step(tf.reshape(beam.tokens, [-1]), beam.model)
        logits = forbid(logits, EOS, (beam.t == 0) & (steps > 1))
        tokens, log_prob = _continuations(beam, logits, limits, K)  # [B, K, K]
        lengths = tf.where(beam.finished, beam.lengths, beam.t + 1)
        ranking = log_prob / length_penalty(lengths, alpha)[:, :, tf.newaxis]
        _, best = tf.math.top_k(tf.reshape(ranking, [batch, -1]), K)  # [B, K] of K · K
        parents = best // K
        chosen = tf.gather(tf.reshape(tokens, [batch, -1]), best, batch_dims=1)
        rows = tf.reshape(parents + tf.range(batch)[:, tf.newaxis] * K, [-1])  # [B, K] -> [N]
        return (
            BeamState(
                t=beam.t + 1,
                tokens=chosen,
                log_prob=tf.gather(tf.reshape(log_prob, [batch, -1]), best, batch_dims=1),
                lengths=tf.gather(lengths, parents, batch_dims=1),
                finished=tf.gather(beam.finished, parents, batch_dims=1) | (chosen == EOS),
                model=tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), model),
                token_history=beam.token_history.write(beam.t, chosen),
                parent_history=beam.parent_history.write(beam.t, parents),
                attention_history=beam.attention_history.write(beam.t, attention),
            ),
        )

    def unfinished(beam: BeamState) -> Tensor:
        return (beam.t < steps) & ~tf.reduce_all(beam.finished)

    (beam,) = tf.while_loop(unfinished, body, (_first_state(state, batch, K),))
    return _follow_parents(beam, source_width, alpha)


def _first_state(state: State, batch: Tensor, K: Tensor) -> BeamState:
    """K equal beams of which all but the first are impossible: the first step then fills the beam from one row."""

    def history(dtype: tf.DType) -> Tensor:
        return tf.TensorArray(dtype, size=0, dynamic_size=True, element_shape=[None, None])

    first = tf.one_hot(tf.zeros([batch], tf.int32), K, on_value=0.0, off_value=IMPOSSIBLE)
    return BeamState(
        t=tf.constant(0),
        tokens=tf.fill([batch, K], BOS),
        log_prob=first,
        lengths=tf.zeros([batch, K], tf.int32),
        finished=tf.zeros([batch, K], tf.bool),
        model=tf.nest.map_structure(lambda tensor: tf.repeat(tensor, K, axis=0), state),
        token_history=history(tf.int32),
        parent_history=history(tf.int32),
        attention_history=history(tf.float32),
    )


def _continuations(beam: BeamState, logits: Tensor, limits: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
    """The K best continuations of each beam, which hold the K best of each sentence: tokens and log-probabilities, [B, K, K].

    A finished beam has one continuation, padding at no cost; a beam at its limit has one, EOS.
    """
    batch = tf.shape(limits)[0]
    vocabulary = tf.shape(logits)[1]
    normalizer = tf.reduce_logsumexp(logits, axis=1, keepdims=True)  # [N, 1]
    # A beam wider than the vocabulary would ask for more continuations than there are: the missing ones are impossible.
    width = tf.minimum(K, vocabulary)
    values, tokens = tf.math.top_k(logits, width)  # [N, K]
    missing = [[0, 0], [0, K - width]]
    values = tf.pad(values - normalizer, missing, constant_values=IMPOSSIBLE)
    tokens = tf.pad(tokens, missing, constant_values=PAD)
    gained, tokens = tf.reshape(values, [batch, K, K]), tf.reshape(tokens, [batch, K, K])
    eos = tf.reshape(logits[:, EOS] - normalizer[:, 0], [batch, K])
    only_first = tf.one_hot(0, K, on_value=0.0, off_value=IMPOSSIBLE)  # [K]
    at_limit = (beam.t + 1 >= limits)[:, tf.newaxis] & ~beam.finished  # [B, K]
    single = (at_limit | beam.finished)[:, :, tf.newaxis]
    cost = tf.where(beam.finished, 0.0, eos)[:, :, tf.newaxis] + only_first
    token = tf.where(beam.finished, PAD, EOS)[:, :, tf.newaxis]
    return tf.where(single, token, tokens), beam.log_prob[:, :, tf.newaxis] + tf.where(single, cost, gained)


def _follow_parents(beam: BeamState, source_width: Tensor, alpha: Tensor) -> Hypotheses:
    """Walk back from the last beams through their parents, collecting tokens and attention."""
    steps = beam.t
    batch, K = tf.shape(beam.tokens)[0], tf.shape(beam.tokens)[1]
    parents_of = beam.parent_history.stack()  # [T, B, K]
    tokens_of = beam.token_history.stack()
    attention_of = tf.reshape(beam.attention_history.stack(), [steps, batch, K, source_width])

    def body(t: Tensor, at: Tensor, tokens: Tensor, attention: Tensor) -> tuple[Tensor, ...]:
        tokens = tokens.write(t, tf.gather(tokens_of[t], at, batch_dims=1))
        at = tf.gather(parents_of[t], at, batch_dims=1)
        return t - 1, at, tokens, attention.write(t, tf.gather(attention_of[t], at, batch_dims=1))

    _, _, tokens, attention = tf.while_loop(
        lambda t, *_: t >= 0,
        body,
        (
            steps - 1,
            tf.tile(tf.range(K)[tf.newaxis], [batch, 1]),
            tf.TensorArray(tf.int32, size=steps, element_shape=[None, None]),
            tf.TensorArray(tf.float32, size=steps, element_shape=[None, None, None]),
        ),
    )
    inside = tf.sequence_mask(beam.lengths - 1, steps)  # [B, K, T]; EOS is not part of the text
    ids = tf.transpose(tokens.stack(), [1, 2, 0])  # [T, B, K] -> [B, K, T]
    weights = tf.transpose(attention.stack(), [1, 2, 0, 3])  # [T, B, K, S] -> [B, K, T, S]
    return Hypotheses(
        ids=tf.where(inside, ids, PAD),
        lengths=beam.lengths - 1,
        scores=beam.log_prob / length_penalty(beam.lengths, alpha),
        attention=weights * tf.cast(inside, tf.float32)[..., tf.newaxis],
    )
