"""The coverage penalty: a finished hypothesis that has not looked at the whole source ranks lower (Wu et al. 2016, equation 14).

cp(X; Y) = β · Σ_i log(min(Σ_j p_ij, 1)), where p_ij is the attention of target piece j to source piece i, EOS counted on both sides.

It ranks the hypotheses that a search ends with, and has no say in which are kept on the way: one that is half said has not had occasion to
look at the other half, and the logarithm of next to nothing would drown its probability. So it costs nothing at a step.
"""

from typing import NamedTuple

import tensorflow as tf

from nmt.search.step import Hypotheses
from nmt.tensors import Tensor

LEAST_SEEN = 1e-6
"""A source piece that nothing looked at counts as seen this much, so that its logarithm is a number."""


class Coverage(NamedTuple):
    """What the penalty wants to know besides hypotheses."""

    beta: Tensor
    """Scalar float32, at least 0; 0 leaves everything as it is."""
    source_lengths: Tensor
    """[B] int32, EOS counted: what lies behind is padding, which nobody has to look at."""


def coverage_penalty(attention: Tensor, lengths: Tensor, coverage: Coverage) -> Tensor:
    """Return cp(X; Y) [B, K], never above 0, of hypotheses of `lengths` pieces [B, K], EOS counted, with attention [B, K, T, S]."""
    said = tf.sequence_mask(lengths, tf.shape(attention)[2], tf.float32)  # [B, K, T]
    seen = tf.einsum("bkts,bkt->bks", attention, said)
    there = tf.sequence_mask(coverage.source_lengths, tf.shape(attention)[3])[:, tf.newaxis]  # [B, 1, S]
    return coverage.beta * tf.reduce_sum(tf.where(there, tf.math.log(tf.clip_by_value(seen, LEAST_SEEN, 1.0)), 0.0), axis=2)


def rank_by_coverage(found: Hypotheses, attention: Tensor, coverage: Coverage | None) -> Hypotheses:
    """Add the penalty to the scores and put the hypotheses in their new order.

    Args:
        found: what a search ends with.
        attention: [B, K, T, S], that of the step which said EOS included: `found` has it no more.
        coverage: the penalty, None where there is no attention to speak of.
    """
    if coverage is None:
        return found

    def ranked() -> Hypotheses:
        scores = found.scores + coverage_penalty(attention, found.lengths + 1, coverage)
        order = tf.math.top_k(scores, tf.shape(scores)[1]).indices  # of equals the one that was ahead stays ahead
        return Hypotheses(*(tf.gather(part, order, batch_dims=1) for part in found._replace(scores=scores)))

    return Hypotheses(*tf.cond(coverage.beta > 0.0, ranked, lambda: found))
