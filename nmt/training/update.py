"""One update as one graph: gradient sums of every replica, one global division, clipping, and Adam unless something is not finite."""

from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from nmt.config import TrainingConfig
from nmt.data.batching import Batch
from nmt.model.seq2seq import Seq2Seq
from nmt.tensors import Tensor
from nmt.training.accumulation import Sums, accumulated, every_nth
from nmt.training.distribution import Distribution
from nmt.training.loss import coverage_sum, guided_sum, loss_sums
from nmt.training.loss_scale import LossScale
from nmt.training.optimizer import Adam
from nmt.training.r_drop import r_drop_sums, twice

ROWS, MATRIX = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None], tf.int32)
BATCH_SIGNATURE = Batch(MATRIX, ROWS, MATRIX, MATRIX, ROWS, tf.TensorSpec([None, None, None], tf.float32))


class UpdateResult(NamedTuple):
    """What one update did; tensors, read only when a line is logged, so that a GPU is not made to wait."""

    smoothed: Tensor
    cross_entropy: Tensor
    tokens: Tensor
    gradient_norm: Tensor
    finite: Tensor
    loss_scale: Tensor
    """That the update was computed with; 1 where there is none, and where it cannot fall any more."""


class Updater:
    """Holds the model's update and its loss without an update, each traced once for every batch shape."""

    def __init__(
        self, model: Seq2Seq, optimizer: Adam, distribution: Distribution, config: TrainingConfig, *, guided: bool = False
    ) -> None:
        """Make the graphs of an update.

        Args:
            model, optimizer, distribution: made under the same strategy.
            config: the training section.
            guided: batches carry word alignments.
        """
        self.model, self.optimizer, self.distribution, self.config = model, optimizer, distribution, config
        self.guided = guided
        self.variables = optimizer.variables_list
        with distribution.strategy.scope():
            self.loss_scale = LossScale() if config.precision == "float16" else None
        scalar = tf.TensorSpec([], tf.float32)
        self.update = tf.function(self._update, input_signature=[BATCH_SIGNATURE, tf.TensorSpec([], tf.int32), scalar])
        self.loss = tf.function(self._loss, input_signature=[BATCH_SIGNATURE])

    def scale_of(self, result: UpdateResult) -> dict[str, float]:
        """The loss scale of an update, for its line in metrics.jsonl; nothing where there is none."""
        return {"loss_scale": float(result.loss_scale)} if self.loss_scale else {}

    def figures(self) -> dict[str, float]:
        """What a line of metrics.jsonl has of the updates since the last one, besides their results; here nothing."""
        return {}

    def _own_rows(self, batch: Batch) -> tuple[Batch, Tensor]:
        """This replica's share of the global batch, which every replica receives whole: ids are small, and the split is exact."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        replicas = self.distribution.replicas
        if replicas == 1:
            return batch, replica
        return every_nth(batch, replica, replicas), replica

    def _replica_gradients(self, batch: Batch, update: Tensor, weight: Tensor | None = None) -> Sums:
        own, replica = self._own_rows(batch)
        seed = tf.random.fold_in(tf.stack([self.config.seed, update]), replica)
        return accumulated(partial(self._gradients, weight), own, seed, self.config.accumulate, self.variables)

    def _gradients(self, weight: Tensor | None, own: Batch, seed: Tensor) -> Sums:
        """Of one micro-batch; the gradients are those of the loss times a weight, if there is one."""
        model, alpha = self.model, self.config.r_drop
        own = twice(own) if alpha else own
        # Looked up outside the tape: it would make a dense gradient of each lookup, where a few rows added to the output layer's will do.
        source_ids, source = model.embed_source(own.source, seed)
        target_ids, target = model.embed_target(own.target, seed)
        with tf.GradientTape() as tape:
            tape.watch([source, target])
            readout, attention = model.readout(source, own.source_lengths, target, own.target_lengths, seed)
            weights, bias = (tf.convert_to_tensor(variable) for variable in (model.output_weights, model.output_bias))
            given = readout, weights, bias, own.labels, self.config.label_smoothing
            sums = r_drop_sums(*given, alpha, model.precision) if alpha else loss_sums(*given, model.precision)
            minimised = sums.smoothed + self._attention_loss(attention, own) / (2 if alpha else 1)
            minimised = minimised if weight is None else minimised * weight
        *gradients, d_source, d_target = tape.gradient(minimised, [*self.variables, source, target])
        self._add_lookups(gradients, (model.source_embedding, source_ids, d_source), (model.target_embedding, target_ids, d_target))
        return gradients, tuple(sums)

    def _add_lookups(self, gradients: list[Tensor | None], *lookups: tuple[Any, Tensor, Tensor]) -> None:
        """Complete the gradients, in their place: for each lookup its matrix, the ids and the gradient of the embeddings."""
        for matrix, ids, rows in lookups:
            if not matrix.trainable:  # frozen
                continue
            place = next(i for i, variable in enumerate(self.model.trainable_variables) if variable is matrix)
            gradients[place] = _add_rows(gradients[place], matrix.shape, ids, rows * self.model.scale)

    def _attention_loss(self, attention: Tensor, batch: Batch) -> Tensor:
        """What is minimised besides cross-entropy: a sum over target tokens."""
        loss = tf.constant(0.0)
        if self.model.decoder.attention.covers and self.config.coverage_weight:
            loss += self.config.coverage_weight * coverage_sum(attention, batch.labels)
        if self.guided and self.config.guided_alignment_weight:
            loss += self.config.guided_alignment_weight * guided_sum(attention, batch.alignment)
        return loss

    def _update(self, batch: Batch, update: Tensor, learning_rate: Tensor) -> UpdateResult:
        strategy = self.distribution.strategy
        scale, weight = tf.constant(1.0), None
        if self.loss_scale:
            # Of about the mean over tokens: the sum that is minimised is larger by as many as there are.
            scale = tf.convert_to_tensor(self.loss_scale.scale)
            weight = scale / self.config.batch_tokens
        per_replica, sums = strategy.run(self._replica_gradients, args=(batch, update) if weight is None else (batch, update, weight))
        smoothed, cross_entropy, tokens = (strategy.reduce("SUM", value, axis=None) for value in sums)
        gradients = [strategy.reduce("SUM", value, axis=None) for value in per_replica]
        unit = tokens if weight is None else tokens * weight
        norm = tf.linalg.global_norm(gradients) / unit
        # Division and clipping (Pascanu et al. 2013) as one factor.
        factor = tf.minimum(1.0, self.config.clip_norm / norm) / unit
        finite = tf.math.is_finite(norm) & tf.math.is_finite(smoothed)

        def apply() -> Tensor:
            scaled = [gradient * factor for gradient in gradients]
            self.optimizer.apply(strategy, scaled, learning_rate, tf.cast(update, tf.float32))
            return tf.constant(True)

        applied = tf.cond(finite, apply, lambda: tf.constant(False))
        if self.loss_scale:
            self.loss_scale.follow(finite)
        return UpdateResult(smoothed, cross_entropy, tokens, norm, applied, scale)

    def _loss(self, batch: Batch) -> tuple[Any, Any]:
        """Cross-entropy sum and token count of a batch, without dropout or update, on one replica."""
        model = self.model
        embedded = model.embed_source(batch.source)[1], model.embed_target(batch.target)[1]
        readout, _ = model.readout(embedded[0], batch.source_lengths, embedded[1], batch.target_lengths)
        weights, bias = (tf.convert_to_tensor(variable) for variable in (model.output_weights, model.output_bias))
        sums = loss_sums(readout, weights, bias, batch.labels, 0.0, model.precision)
        return sums.cross_entropy, sums.tokens


def _add_rows(gradient: Tensor | None, shape: Any, ids: Tensor, rows: Tensor) -> Tensor:
    """Add the gradients of embeddings [T, B, E] to that of their matrix [V, E], in its place; None is none yet."""
    places, rows = tf.reshape(ids, [-1, 1]), tf.reshape(rows, [-1, shape[1]])
    return tf.scatter_nd(places, rows, shape) if gradient is None else tf.tensor_scatter_nd_add(gradient, places, rows)
