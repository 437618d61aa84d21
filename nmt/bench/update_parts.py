"""`nmt bench train --profile`: the parts of an update, each timed on its own.

Each part is a graph of its own: that part of the model, forward and backward, on what the part before it really gives for the same batches
and with ones as the gradient from above. No part holds another, so that their sum can be set beside the whole update, which is timed in
turn with them. It need not be equal: a whole update overlaps parts where cores are free, and it adds the gradients of embeddings to those
of the output weights, which no part does. Only `attention and readout` is a difference: the whole decoder, less its LSTM layers.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from nmt.bench.figures import rounded
from nmt.bench.flops import ATTENTION, DECODER, ENCODER, SOFTMAX
from nmt.data.batching import Batch, BatchPlan, Indices
from nmt.model.attention import Memory
from nmt.tensors import Tensor
from nmt.training.loss import loss_sums
from nmt.training.update import BATCH_SIGNATURE, MATRIX, ROWS, Updater

INPUT, OPTIMIZER, WHOLE = "input", "optimizer", "whole update"
_WHOLE_DECODER = "whole decoder"
_RATE = 1e-9
"""Learning rate meanwhile: the weights are those of the rounds before, whatever is done here."""


class UpdateParts:
    """Some batches of one model, and a graph for each part of an update."""

    def __init__(self, updater: Updater, plan: BatchPlan, chosen: list[Indices]) -> None:
        """Trace every part and run it once over all batches."""
        self.updater, self.plan, self.chosen = updater, plan, chosen
        self.model, self.variables = updater.model, updater.variables
        self.seconds: dict[str, list[float]] = {}
        prepare = tf.function(self._between, input_signature=[BATCH_SIGNATURE])
        outputs = prepare.get_concrete_function().structured_outputs
        seam = tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), outputs)  # what every batch's shapes have in common
        encoder = tf.function(self._encoder, input_signature=[BATCH_SIGNATURE])
        lstm = tf.function(self._lstm, input_signature=[seam, ROWS])
        decoder = tf.function(self._decoder, input_signature=[seam, MATRIX, ROWS])
        softmax = tf.function(self._softmax, input_signature=[seam["readout"], MATRIX])
        optimizer = tf.function(self._optimizer)
        batches = [Batch(*map(tf.constant, plan.batch(indices))) for indices in chosen]
        between = [prepare(batch) for batch in batches]
        gradients = [tf.random.stateless_normal(variable.shape, seed=[1, 2]) for variable in self.variables]
        self._parts: dict[str, Callable[[int], Any]] = {
            INPUT: lambda place: tuple(map(tf.constant, plan.batch(chosen[place]))),
            ENCODER: lambda place: encoder(batches[place]),
            DECODER: lambda place: lstm(between[place], batches[place].target_lengths),
            _WHOLE_DECODER: lambda place: decoder(between[place], batches[place].target, batches[place].target_lengths),
            SOFTMAX: lambda place: softmax(between[place]["readout"], batches[place].labels),
            OPTIMIZER: lambda _place: optimizer(gradients),
            WHOLE: lambda place: updater.update(plan.batch(chosen[place]), 1000 + place, _RATE),
        }
        for run in self._parts.values():
            for place in range(len(chosen)):
                run(place)

    def measure(self) -> None:
        """One more round: the mean seconds of each part over the batches."""
        for name, run in self._parts.items():
            started = time.perf_counter()
            for place in range(len(self.chosen)):
                result = run(place)
            tf.nest.flatten(result)[-1].numpy()  # a GPU works behind the back of Python
            self.seconds.setdefault(name, []).append((time.perf_counter() - started) / len(self.chosen))

    def as_dict(self, flops: Mapping[str, int]) -> dict[str, Any]:
        """Milliseconds an update, share of the whole and GFLOP/s of each part, from its FLOPs over the batches."""
        measured = dict(self.seconds)
        lstm, decoder = measured[DECODER], measured.pop(_WHOLE_DECODER)
        measured[ATTENTION] = [max(0.0, both - alone) for both, alone in zip(decoder, lstm, strict=True)]
        whole = measured.pop(WHOLE)
        median = statistics.median(whole)
        parts: dict[str, Any] = {}
        for name in (INPUT, ENCODER, DECODER, ATTENTION, SOFTMAX, OPTIMIZER):
            seconds = statistics.median(measured[name])
            parts[name] = {"milliseconds": rounded([1000 * one for one in measured[name]]), "share": round(seconds / median, 4)}
            if name in flops and seconds:
                parts[name]["gflops_per_second"] = round(flops[name] / len(self.chosen) / seconds / 1e9, 1)
        return {
            "batches": len(self.chosen),
            "parts": parts,
            "sum_share": round(sum(part["share"] for part in parts.values()), 4),
            "whole_milliseconds": rounded([1000 * one for one in whole]),
        }

    def _between(self, batch: Batch) -> dict[str, Any]:
        """What passes from one part to the next, without a gradient: the seams at which the model is cut."""
        memory, state = self.model.encode_embedded(self.model.embed_source(batch.source, _seed())[1], batch.source_lengths, _seed())
        embedded = self.model.embed_target(batch.target, _seed())[1]
        readout, _ = self.model.decoder(embedded, batch.target_lengths, memory, state, _seed())
        return {"memory": tuple(memory), "state": state, "embedded": embedded, "readout": readout}

    def _gradients(self, tape: Any, outputs: Any, inputs: Any) -> list[Tensor]:
        """Gradients of outputs, with ones from above, by inputs and by every variable that has a part in them."""
        flat = tf.nest.flatten(outputs)
        wanted = [*tf.nest.flatten(inputs), *self.variables]
        found = tape.gradient(flat, wanted, output_gradients=[tf.ones_like(output) for output in flat])
        return [tf.convert_to_tensor(one) for one in found if one is not None]

    def _encoder(self, batch: Batch) -> list[Tensor]:
        """Source embedding, LSTMs of both directions, keys of the attention, bridge."""
        embedded = self.model.embed_source(batch.source, _seed())[1]
        with tf.GradientTape() as tape:
            tape.watch(embedded)
            memory, state = self.model.encode_embedded(embedded, batch.source_lengths, _seed())
            outputs = (memory.values, memory.keys, state)
        return self._gradients(tape, outputs, embedded)

    def _lstm(self, between: dict[str, Any], lengths: Tensor) -> list[Tensor]:
        """The decoder's LSTM layers alone; those above the first get an input of the right width."""
        embedded, state = between["embedded"], between["state"]
        with tf.GradientTape() as tape:
            tape.watch((embedded, state))
            h, _ = self.model.decoder.layers[0](embedded, lengths, state.layers[0])
            context = tf.transpose(between["memory"][0][:, :1, : self.model.decoder.context_above], [1, 0, 2])
            for layer, initial in zip(self.model.decoder.layers[1:], state.layers[1:], strict=True):
                wide = tf.tile(context, [tf.shape(h)[0], 1, 1])
                h, _ = layer(tf.concat([h, wide], axis=2), lengths, initial)
        return self._gradients(tape, h, (embedded, state))

    def _decoder(self, between: dict[str, Any], target: Tensor, lengths: Tensor) -> list[Tensor]:
        """Target embedding, LSTM layers, attention, readout."""
        values, keys, mask = between["memory"]
        embedded = self.model.embed_target(target, _seed())[1]
        inputs = (embedded, values, keys, between["state"])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            readout, _ = self.model.decoder(embedded, lengths, Memory(values, keys, mask), between["state"], _seed())
        return self._gradients(tape, readout, inputs)

    def _softmax(self, readout: Tensor, labels: Tensor) -> list[Tensor]:
        """Logits and label-smoothed cross-entropy."""
        model = self.model
        with tf.GradientTape() as tape:
            tape.watch(readout)
            weights, bias = tf.convert_to_tensor(model.output_weights), tf.convert_to_tensor(model.output_bias)
            loss = loss_sums(readout, weights, bias, labels, self.updater.config.label_smoothing, model.precision)
        return self._gradients(tape, loss.smoothed, readout)

    def _optimizer(self, gradients: list[Tensor]) -> Tensor:
        """Clipping, Adam, moving average."""
        clipped, norm = tf.clip_by_global_norm(gradients, self.updater.config.clip_norm)
        self.updater.optimizer.apply(self.updater.distribution.strategy, clipped, tf.constant(_RATE), tf.constant(1000.0))
        return norm


def _seed() -> Tensor:
    """Of the dropout masks: always the same, which is as good as any."""
    return tf.constant([1, 2])
