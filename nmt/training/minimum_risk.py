"""Minimum-risk training (Shen et al. 2016): search in one graph, scores in Python, the update in a second graph."""

from typing import Any, NamedTuple

import tensorflow as tf

from nmt.config import TrainingConfig
from nmt.data.batching import Batch
from nmt.model.seq2seq import Seq2Seq
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor
from nmt.training.accumulation import Sums
from nmt.training.candidates import CandidateMaker, Candidates
from nmt.training.distribution import Distribution
from nmt.training.loss import loss_sums
from nmt.training.optimizer import Adam
from nmt.training.sequence_loss import expected_risk, sequence_log_prob
from nmt.training.update import BATCH_SIGNATURE, MATRIX, Updater, UpdateResult


class RiskBatch(NamedTuple):
    """What the graph of an update gets."""

    pairs: Batch
    candidates: Candidates


RISK_SIGNATURE = RiskBatch(
    BATCH_SIGNATURE,
    Candidates(
        labels=tf.TensorSpec([None, None, None], tf.int32),
        lengths=MATRIX,
        costs=tf.TensorSpec([None, None], tf.float32),
        share=tf.TensorSpec([None], tf.float32),
    ),
)


class MinimumRiskUpdater(Updater):
    """Minimises the mean over sentences of the expected risk, plus a weight times the mean over tokens of the ordinary loss.

    Results are those of the ordinary loss of the references. Everything round the gradients (replicas, micro-batches, clipping, loss
    scale, Adam) is the parent's.
    """

    def __init__(
        self,
        model: Seq2Seq,
        optimizer: Adam,
        distribution: Distribution,
        config: TrainingConfig,
        candidates: CandidateMaker,
        *,
        length_penalty: float,
        guided: bool = False,
    ) -> None:
        """Make the graphs of an update.

        Args:
            model, optimizer, distribution, config, guided: as for `Updater`.
            candidates: makes those of each batch.
            length_penalty: alpha of the search.
        """
        super().__init__(model, optimizer, distribution, config, guided=guided)
        self.candidates, self.length_penalty = candidates, length_penalty
        scalars = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)
        self.update_with = tf.function(self._update, input_signature=[RISK_SIGNATURE, *scalars])
        self.update = self._find_and_update

    def figures(self) -> dict[str, float]:
        """How good the candidates were."""
        return self.candidates.figures()

    def _find_and_update(self, batch: Batch, update: int, learning_rate: float) -> UpdateResult:
        return self.update_with(RiskBatch(batch, self.candidates.make(batch, update)), update, learning_rate)

    def _gradients(self, weight: Tensor | None, own: Any, seed: Tensor) -> Sums:
        """See `Updater._gradients`: here `own` is a RiskBatch."""
        model, risk = self.model, self.config.minimum_risk
        pairs, candidates = own
        number = tf.shape(candidates.lengths)[1]
        labels = tf.reshape(candidates.labels, [-1, tf.shape(candidates.labels)[2]])  # [B · N, T]
        lengths = tf.maximum(tf.reshape(candidates.lengths, [-1]), 1)
        seed_below = tf.random.fold_in(seed, 1)  # of the candidates' dropout
        source_ids, source = model.embed_source(pairs.source, seed)
        target_ids, target = model.embed_target(pairs.target, seed)
        candidate_ids, candidate = model.embed_target(_shifted(labels), seed_below)
        with tf.GradientTape() as tape:
            tape.watch([source, target, candidate])
            memory, state = model.encode_embedded(source, pairs.source_lengths, seed)
            weights, bias = (tf.convert_to_tensor(variable) for variable in (model.output_weights, model.output_bias))
            readout, attention = model.decoder(target, pairs.target_lengths, memory, state, seed)
            sums = loss_sums(readout, weights, bias, pairs.labels, self.config.label_smoothing, model.precision)
            likelihood = sums.smoothed + self._attention_loss(attention, pairs)
            repeated = tf.nest.map_structure(lambda part: _repeated(part, number), (memory, state))
            readout, _ = model.decoder(candidate, lengths, *repeated, seed_below)
            log_prob = tf.reshape(sequence_log_prob(readout, weights, bias, labels, model.precision), tf.shape(candidates.lengths))
            expected = expected_risk(log_prob, candidates.lengths, candidates.costs, risk.sharpness, self.length_penalty)
            minimised = tf.reduce_sum(candidates.share * expected) + risk.likelihood_weight * likelihood
            minimised = minimised if weight is None else minimised * weight
        *gradients, d_source, d_target, d_candidate = tape.gradient(minimised, [*self.variables, source, target, candidate])
        self._add_lookups(
            gradients,
            (model.source_embedding, source_ids, d_source),
            (model.target_embedding, target_ids, d_target),
            (model.target_embedding, candidate_ids, d_candidate),
        )
        return gradients, tuple(sums)


def _shifted(labels: Tensor) -> Tensor:
    """Labels [R, T] -> what the decoder reads: BOS, then the labels but for EOS, which is predicted and never read."""
    before = tf.pad(labels[:, :-1], [[0, 0], [1, 0]], constant_values=BOS)
    return tf.where(before == EOS, PAD, before)


def _repeated(part: Tensor, number: Tensor) -> Tensor:
    """[B, …] -> [B · number, …], each row `number` times; its gradient is a sum in a fixed order."""
    repeated = tf.repeat(part, number, axis=0)
    repeated.set_shape([None, *part.shape[1:]])
    return repeated
