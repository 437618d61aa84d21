"""One update as one graph: gradient sums of every replica, one global division, clipping, and Adam unless something is not finite."""

from typing import Any, NamedTuple

import tensorflow as tf

from nmt.config import TrainingConfig
from nmt.data.batching import Batch
from nmt.model.seq2seq import Seq2Seq
from nmt.tensors import Tensor
from nmt.training.distribution import Distribution
from nmt.training.loss import loss_sums
from nmt.training.optimizer import Adam

ROWS, MATRIX = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None], tf.int32)
BATCH_SIGNATURE = Batch(MATRIX, ROWS, MATRIX, MATRIX, ROWS)


class UpdateResult(NamedTuple):
    """What one update did; tensors, read only when a line is logged, so that a GPU is not made to wait."""

    smoothed: Tensor
    cross_entropy: Tensor
    tokens: Tensor
    gradient_norm: Tensor
    finite: Tensor


class Updater:
    """Holds the model's update and its loss without an update, each traced once for every batch shape."""

    def __init__(self, model: Seq2Seq, optimizer: Adam, distribution: Distribution, config: TrainingConfig) -> None:
        self.model, self.optimizer, self.distribution, self.config = model, optimizer, distribution, config
        self.variables = optimizer.variables_list
        scalar = tf.TensorSpec([], tf.float32)
        self.update = tf.function(self._update, input_signature=[BATCH_SIGNATURE, tf.TensorSpec([], tf.int32), scalar])
        self.loss = tf.function(self._loss, input_signature=[BATCH_SIGNATURE])

    def _own_rows(self, batch: Batch) -> tuple[Batch, Tensor]:
        """This replica's share of the global batch, which every replica receives whole: ids are small, and the split is exact."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        replicas = self.distribution.replicas
        if replicas == 1:
            return batch, replica
        return Batch(*(tf.gather(part, tf.range(replica, tf.shape(part)[0], replicas)) for part in batch)), replica

    def _replica_gradients(self, batch: Batch, update: Tensor) -> tuple[list[Tensor], tuple[Tensor, ...]]:
        own, replica = self._own_rows(batch)
        seed = tf.random.fold_in(tf.stack([self.config.seed, update]), replica)
        with tf.GradientTape() as tape:
            logits = self.model(own.source, own.source_lengths, own.target, own.target_lengths, seed)
            sums = loss_sums(logits, own.labels, self.config.label_smoothing)
        gradients = tape.gradient(sums.smoothed, self.variables)
        return [tf.convert_to_tensor(gradient) for gradient in gradients], tuple(sums)

    def _update(self, batch: Batch, update: Tensor, learning_rate: Tensor) -> UpdateResult:
        strategy = self.distribution.strategy
        per_replica, sums = strategy.run(self._replica_gradients, args=(batch, update))
        smoothed, cross_entropy, tokens = (strategy.reduce("SUM", value, axis=None) for value in sums)
        gradients = [strategy.reduce("SUM", value, axis=None) / tokens for value in per_replica]
        gradients, norm = tf.clip_by_global_norm(gradients, self.config.clip_norm)
        finite = tf.math.is_finite(norm) & tf.math.is_finite(smoothed)

        def apply() -> Tensor:
            self.optimizer.apply(strategy, gradients, learning_rate, tf.cast(update, tf.float32))
            return tf.constant(True)

        return UpdateResult(smoothed, cross_entropy, tokens, norm, tf.cond(finite, apply, lambda: tf.constant(False)))

    def _loss(self, batch: Batch) -> tuple[Any, Any]:
        """Cross-entropy sum and token count of a batch, without dropout or update, on one replica."""
        logits = self.model(batch.source, batch.source_lengths, batch.target, batch.target_lengths)
        sums = loss_sums(logits, batch.labels, 0.0)
        return sums.cross_entropy, sums.tokens
