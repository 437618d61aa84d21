"""Beam search: the K best hypotheses of each sentence, ranked by length-penalised log-probability.

The beams are a grid [B, K], flattened to rows b · K + k. A finished hypothesis keeps its place there until better ones push it out, and
the model is asked about the others only, so that neither a finished hypothesis nor a finished sentence costs a product.
"""

from typing import NamedTuple

import tensorflow as tf

from nmt.search.best import log_sum_exp, top_k
from nmt.search.coverage import Coverage, rank_by_coverage
from nmt.search.step import IMPOSSIBLE, Hypotheses, State, Step, forbid, length_penalty
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


class BeamState(NamedTuple):
    """Every loop variable of the search: n live hypotheses, R = B · K rows of the grid."""

    t: Tensor
    """int32, steps taken."""
    rows: Tensor
    """[n] int32, where in the grid the live hypotheses are, ascending."""
    tokens: Tensor
    """[n] int32, their last tokens."""
    model: State
    """Their state, n rows."""
    log_prob: Tensor
    """[R] float32, sums of log-probabilities."""
    lengths: Tensor
    """[R] int32, EOS counted."""
    finished: Tensor
    """[R] bool."""
    token_history: Tensor
    """TensorArray of [R] int32, one element a step."""
    parent_history: Tensor
    """TensorArray of [R] int32: which row of the step before each one continues."""
    attention_history: Tensor
    """TensorArray of [R, S] float32, in the order of the rows before the step."""


def beam_search(
    step: Step, state: State, limits: Tensor, source_width: Tensor, alpha: Tensor, beam_size: Tensor, coverage: Coverage | None = None
) -> Hypotheses:
    """Decode B sentences (Graves 2012; length and coverage penalty of Wu et al. 2016, equation 14).

    Args:
        step: scores the next token of the live hypotheses.
        state: what `step` needs for the first token, B rows.
        limits: [B] int32, at least 1: the most pieces of each hypothesis, EOS counted. At the limit EOS is forced.
        source_width: scalar int32, the S of the attention.
        alpha: scalar float32; 0 ranks by log-probability alone.
        beam_size: scalar int32 K, at least 1.
        coverage: of the coverage penalty, by which the K hypotheses are ranked at the end; default: none.

    Returns:
        The K hypotheses of each sentence, best first. The first token is never EOS, so that no hypothesis is empty.
    """
    batch, K = tf.shape(limits)[0], beam_size
    R = batch * K
    steps = tf.reduce_max(limits)
    limit_of = tf.repeat(limits, K)  # [R]
    first_of_sentence = (tf.range(batch) * K * K)[:, tf.newaxis]  # [B, 1], of K · K continuations each

    def body(beam: BeamState) -> tuple[BeamState]:
        logits, model, attention = step(beam.tokens, beam.rows, beam.model)
        logits = forbid(logits, EOS, (beam.t == 0) & (steps > 1))
        tokens, total = _continuations(beam, logits, limit_of, K)  # [R, K]
        lengths = tf.where(beam.finished, beam.lengths, beam.t + 1)
        ranking = total / length_penalty(lengths, alpha)[:, tf.newaxis]
        best = tf.math.top_k(tf.reshape(ranking, [batch, -1]), K).indices  # [B, K] of K · K
        best = tf.reshape(best + first_of_sentence, [-1])  # [R] of R · K
        parents = best // K
        chosen = tf.gather(tf.reshape(tokens, [-1]), best)
        finished = tf.gather(beam.finished, parents) | (chosen == EOS)
        rows = tf.cast(tf.where(~finished)[:, 0], tf.int32)
        # A live hypothesis continues a live one: where among the live ones of this step its parent stands.
        place_of = tf.scatter_nd(beam.rows[:, tf.newaxis], tf.range(tf.shape(beam.rows)[0]), [R])
        places = tf.gather(place_of, tf.gather(parents, rows))
        return (
            BeamState(
                t=beam.t + 1,
                rows=rows,
                tokens=tf.gather(chosen, rows),
                model=tf.nest.map_structure(lambda tensor: tf.gather(tensor, places), model),
                log_prob=tf.gather(tf.reshape(total, [-1]), best),
                lengths=tf.gather(lengths, parents),
                finished=finished,
                token_history=beam.token_history.write(beam.t, chosen),
                parent_history=beam.parent_history.write(beam.t, parents),
                attention_history=beam.attention_history.write(beam.t, attention),
            ),
        )

    (beam,) = tf.while_loop(lambda beam: tf.size(beam.rows) > 0, body, (_first_state(state, batch, K),))
    return _follow_parents(beam, batch, source_width, alpha, coverage)


def _first_state(state: State, batch: Tensor, K: Tensor) -> BeamState:
    """One live hypothesis a sentence, in its first row; the others, impossible, are pushed out when the first step fills the beam."""

    def history(dtype: tf.DType, *shape: None) -> Tensor:
        return tf.TensorArray(dtype, size=0, dynamic_size=True, element_shape=[None, *shape])

    R = batch * K
    first = tf.one_hot(tf.zeros([batch], tf.int32), K, on_value=0.0, off_value=IMPOSSIBLE)  # [B, K]
    return BeamState(
        t=tf.constant(0),
        rows=tf.range(batch) * K,
        tokens=tf.fill([batch], BOS),
        model=state,
        log_prob=tf.reshape(first, [-1]),
        lengths=tf.zeros([R], tf.int32),
        finished=tf.zeros([R], tf.bool),
        token_history=history(tf.int32),
        parent_history=history(tf.int32),
        attention_history=history(tf.float32, None),
    )


def _continuations(beam: BeamState, logits: Tensor, limit_of: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
    """The K best continuations of each row, which hold the K best of each sentence: tokens [R, K] and log-probabilities [R, K].

    A finished row has one continuation, padding at no cost; a row at its limit has one, EOS.
    """
    # A beam wider than the vocabulary would ask for more continuations than there are: the missing ones are impossible.
    width = tf.minimum(K, tf.shape(logits)[1])
    values, tokens = top_k(logits, width)  # [n, width]
    normalizer = log_sum_exp(logits, values[:, 0])
    missing = [[0, 0], [0, K - width]]
    values = tf.pad(values - normalizer[:, tf.newaxis], missing, constant_values=IMPOSSIBLE)
    tokens = tf.pad(tokens, missing, constant_values=PAD)
    only_first = tf.one_hot(0, K, on_value=0.0, off_value=IMPOSSIBLE)  # [K]
    at_limit = beam.t + 1 >= tf.gather(limit_of, beam.rows)  # [n]

    def ended() -> tuple[Tensor, Tensor]:
        eos = (logits[:, EOS] - normalizer)[:, tf.newaxis] + only_first
        forced = at_limit[:, tf.newaxis]
        return tf.where(forced, eos, values), tf.where(forced, EOS, tokens)

    values, tokens = tf.cond(tf.reduce_any(at_limit), ended, lambda: (values, tokens))
    R, places = tf.shape(limit_of)[0], beam.rows[:, tf.newaxis]
    gained = tf.tensor_scatter_nd_update(tf.tile(only_first[tf.newaxis], [R, 1]), places, values)
    return tf.scatter_nd(places, tokens, [R, K]), beam.log_prob[:, tf.newaxis] + gained  # PAD is 0


def _follow_parents(beam: BeamState, batch: Tensor, source_width: Tensor, alpha: Tensor, coverage: Coverage | None) -> Hypotheses:
    """Walk back from the last rows through their parents, collect tokens and attention along the way, and rank."""
    steps, R = beam.t, tf.shape(beam.lengths)[0]
    parents_of = beam.parent_history.stack()  # [T, R]

    def body(t: Tensor, at: Tensor, path: Tensor) -> tuple[Tensor, ...]:
        at = tf.gather(parents_of[t], at)
        return t - 1, at, path.write(t, at)

    last = tf.range(R)
    path = tf.TensorArray(tf.int32, size=steps, element_shape=[None])
    _, _, path = tf.while_loop(lambda t, *_: t >= 0, body, (steps - 1, last, path))
    before = path.stack()  # [T, R]: the row that each hypothesis had before each step
    after = tf.concat([before[1:], last[tf.newaxis]], axis=0)
    ids = tf.gather(beam.token_history.stack(), after, batch_dims=1)
    attention = tf.gather(tf.reshape(beam.attention_history.stack(), [steps, R, source_width]), before, batch_dims=1)
    inside = tf.sequence_mask(beam.lengths - 1, steps)  # [R, T]; EOS is not part of the text
    whole = tf.transpose(attention, [1, 0, 2])  # [R, T, S]
    attention = whole * tf.cast(inside, tf.float32)[..., tf.newaxis]
    found = Hypotheses(
        ids=tf.reshape(tf.where(inside, tf.transpose(ids), PAD), [batch, -1, steps]),
        lengths=tf.reshape(beam.lengths - 1, [batch, -1]),
        scores=tf.reshape(beam.log_prob / length_penalty(beam.lengths, alpha), [batch, -1]),
        attention=tf.reshape(attention, [batch, -1, steps, source_width]),
    )
    return rank_by_coverage(found, tf.reshape(whole, [batch, -1, steps, source_width]), coverage)
