"""The decoder, in three layouts, over a whole target (teacher forcing) or one step at a time (search): the same numbers, a test holds.

whole_target    layer by layer over the whole target: the first layer's h attends, once for all positions, and the layers above read
                [h; context]. The layout of GNMT-v2; every recurrent part is one call.
input_feeding   step by step: the readout of the step before is an input of the first layer; the top layer's h attends (Luong et al. 2015).
attend_first    step by step: the top layer's h of the step before attends, and the context is an input of every layer (Bahdanau et al.
                2015).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.attention import Memory, make_attention
from nmt.model.dropout import dropout, recurrent_mask
from nmt.model.precision import Dense, Precision, product
from nmt.model.recurrence import State
from nmt.model.recurrent import Kernel, RecurrentLayer
from nmt.tensors import Tensor


class DecoderState(NamedTuple):
    """What one step hands to the next, n rows each; what a model does not have is an empty tuple."""

    layers: tuple[State, ...]
    """Parts of each layer's state, each [n, H]."""
    feed: tuple[Tensor, ...]
    """With input feeding, the last readout [n, R]."""
    coverage: tuple[Tensor, ...]
    """With coverage, the sum of the attention so far [n, S]."""


class Decoded(NamedTuple):
    """One decoder step."""

    readout: Tensor
    state: DecoderState
    attention: Tensor


Attend = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, Tensor, tuple[Tensor, ...]]]
"""(queries [n, H], coverage) -> context [n, C], attention of the whole grid [R, S], the next coverage."""


Masks = tuple[Tensor | None, ...]
"""Of recurrent dropout, [B, H] for each layer."""


class Decoder(keras.layers.Layer):
    """Target embeddings and a Memory -> readout vectors, from which the output layer makes logits."""

    def __init__(self, config: ModelConfig, kernel: Kernel, precision: Precision = "float32", name: str = "decoder") -> None:
        super().__init__(name=name)
        self.precision: Precision = precision
        self.rate, self.layout = config.dropout, config.decoder
        self.variational, self.recurrent_rate = config.variational_dropout, config.recurrent_dropout
        self.residual, self.reads_embedding = config.residual, config.readout_embedding
        # Adam moves every weight by about the learning rate an update, whatever its size. Without a factor, output weights that began small
        # enough for a softmax took hundreds of updates to become large enough for one that is sure of itself.
        self.scale = config.output_scale
        names = [f"{config.cell}_{depth}" for depth in range(config.decoder_layers)]
        self.layers = [RecurrentLayer(config.cell, config.decoder_units, kernel=kernel, name=name, precision=precision) for name in names]
        self.attention = make_attention(config, precision)
        self.readout_units = config.readout_units or config.embedding_units
        self.readout = Dense(self.readout_units, precision, activation="tanh", name="readout")
        # W of the first layer for what is fed back: beside, not inside, the W of the embeddings, which is multiplied once for all steps.
        self.feed: Any = None
        if self.layout != "whole_target":
            self.feed = Dense(self.layers[0].projected_units, precision, use_bias=False, name="feed")

    @property
    def context_above(self) -> int:
        """Units of the context that the layers above the first read."""
        return 0 if self.layout == "input_feeding" else self.attention.context_units

    def begin(self, layers: tuple[State, ...], memory: Memory) -> DecoderState:
        """The state before the first step, from the bridge's states of every layer, each part [B, H]."""
        feed = (tf.zeros([tf.shape(memory.mask)[0], self.readout_units]),) if self.layout == "input_feeding" else ()
        return DecoderState(layers, feed, (tf.zeros_like(memory.mask),) if self.attention.covers else ())

    def call(
        self, embedded: Tensor, lengths: Tensor, memory: Memory, state: DecoderState, seed: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Teacher forcing over whole targets.

        Args:
            embedded: [T, B, E] embeddings of the target shifted right, time first.
            lengths: [B] int32 target lengths, at least 1.
            memory: of the same sentences.
            state: from `begin`.
            seed: int32 [2] while training, else None.

        Returns:
            readout [B, T, R], R readout units, and attention [B, T, S].
        """
        first, second = (0, 1) if self.variational else (None, None)  # where the steps are
        embedded = dropout(embedded, self.rate, seed, "decoder.embedding", first)
        masks = self._masks(tf.shape(embedded)[1], seed)
        if self.layout != "whole_target":
            return self._step_by_step(embedded, memory, state, seed, masks)
        h, _ = self.layers[0](embedded, lengths, state.layers[0], state_mask=masks[0])
        queries = tf.transpose(h, [1, 0, 2])
        context, attention = self.attention.over_target(queries, memory)  # [B, T, C]
        if len(self.layers) > 1:
            context_first = tf.transpose(context, [1, 0, 2])
            for depth, layer in enumerate(self.layers[1:], start=1):
                below = h
                x = dropout(tf.concat([h, context_first], axis=2), self.rate, seed, f"decoder.{depth}", first)
                h, _ = layer(x, lengths, state.layers[depth], state_mask=masks[depth])
                h = h + below if self.residual else h
            queries = tf.transpose(h, [1, 0, 2])
        parts = [queries, context, *([tf.transpose(embedded, [1, 0, 2])] if self.reads_embedding else [])]
        joined = dropout(tf.concat(parts, axis=2), self.rate, seed, "decoder.top", second)
        return dropout(self.scale * self.readout(joined), self.rate, seed, "decoder.readout", second), attention

    def _masks(self, batch: Tensor, seed: Tensor | None) -> Masks:
        """Of recurrent dropout, for each layer."""
        return tuple(recurrent_mask([batch, layer.units], self.recurrent_rate, seed, f"decoder.{layer.name}") for layer in self.layers)

    def _step_by_step(self, x: Tensor, memory: Memory, state: DecoderState, seed: Tensor | None, masks: Masks) -> tuple[Tensor, Tensor]:
        """Teacher forcing for the layouts in which a step depends on the attention of the one before; the arguments of `call`."""
        steps, batch, width = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        first = self.layers[0]
        self._build_steps(width)
        projected = tf.reshape(first.project(tf.reshape(x, [steps * batch, width])), [steps, batch, first.projected_units])
        one, rows = tf.constant(1), tf.range(batch)

        def step(t: Tensor, state: DecoderState) -> Decoded:
            own = seed if seed is None or self.variational else tf.random.fold_in(seed, t)
            return self._step(projected[t], x[t], self._attend(rows, one, memory), state, own, masks)

        arrays = [tf.TensorArray(x.dtype, size=steps, element_shape=[None, width]) for width in (self.readout_units, None)]

        def body(t: Tensor, state: DecoderState, readouts: Tensor, attentions: Tensor) -> tuple[Tensor, DecoderState, Tensor, Tensor]:
            decoded = step(t, state)
            return t + 1, decoded.state, readouts.write(t, decoded.readout), attentions.write(t, decoded.attention)

        _, _, *arrays = tf.while_loop(lambda t, *_: t < steps, body, (0, state, *arrays), maximum_iterations=steps)
        readout, attention = (tf.transpose(array.stack(), [1, 0, 2]) for array in arrays)
        return dropout(readout, self.rate, seed, "decoder.readout", 1 if self.variational else None), attention

    def _build_steps(self, embedding_units: int) -> None:
        """Create the weights of layers that are used step by step, and so never called."""
        units, context = self.layers[0].units, self.attention.context_units
        widths = [embedding_units, *[units + self.context_above] * (len(self.layers) - 1)]
        for layer, width in zip(self.layers, widths, strict=True):
            if not layer.built:
                layer.build((None, None, width))
        if not self.readout.built:
            self.readout.build((None, units + context + (embedding_units if self.reads_embedding else 0)))

    def step(self, projected: Tensor, embedded: Tensor, rows: Tensor, beam_size: Tensor, memory: Memory, state: DecoderState) -> Decoded:
        """One step of search for n live hypotheses of a grid of R = B · K.

        Args:
            projected: [n, G·H] x·W + b of the first layer for the last tokens.
            embedded: [n, E] their embeddings; only read by a model whose readout does.
            rows: [n] int32, which row b · K + k of the grid each one is, ascending.
            beam_size: scalar int32 K.
            memory: of B sentences.
            state: of n hypotheses.

        Returns:
            readout [n, R], the next state, attention [R, S], of which only the given rows mean anything.
        """
        return self._step(projected, embedded, self._attend(rows, beam_size, memory), state, None, (None,) * len(self.layers))

    def _step(self, projected: Tensor, embedded: Tensor, attend: Attend, state: DecoderState, seed: Tensor | None, masks: Masks) -> Decoded:
        """One step of any layout; dropout where there is a seed, of this step."""
        coverage, layout = state.coverage, self.layout
        if layout == "attend_first":
            context, attention, coverage = attend(state.layers[-1][0], coverage)
            projected += self.feed(dropout(context, self.rate, seed, "decoder.feed"))
        elif layout == "input_feeding":
            projected += self.feed(dropout(state.feed[0], self.rate, seed, "decoder.feed"))
        states = [self.layers[0].step_from(projected, state.layers[0], masks[0])]
        h = states[0][0]
        if layout == "whole_target":
            context, attention, coverage = attend(h, coverage)
        for depth, (layer, previous) in enumerate(zip(self.layers[1:], state.layers[1:], strict=True), start=1):
            x = h if layout == "input_feeding" else tf.concat([h, context], axis=1)
            states.append(layer.step(dropout(x, self.rate, seed, f"decoder.{depth}"), previous, masks[depth]))
            h = states[-1][0] + h if self.residual else states[-1][0]
        if layout == "input_feeding":
            context, attention, coverage = attend(h, coverage)
        joined = dropout(tf.concat([h, context, *([embedded] if self.reads_embedding else [])], axis=1), self.rate, seed, "decoder.top")
        readout = self._read_out(joined)
        feed = (readout,) if layout == "input_feeding" else ()
        return Decoded(self.scale * readout, DecoderState(tuple(states), feed, coverage), attention)

    def _read_out(self, joined: Tensor) -> Tensor:
        kernel, bias = (tf.convert_to_tensor(weight) for weight in (self.readout.kernel, self.readout.bias))
        # As bias_add, which TensorFlow fuses with the product and the tanh; a plain sum it would not.
        return tf.tanh(tf.nn.bias_add(product(joined, kernel, self.precision), bias))

    def _attend(self, rows: Tensor, beam_size: Tensor, memory: Memory) -> Attend:
        """A sentence's hypotheses attend together: into the grid, one product for each sentence, and out of it."""
        batch, places = tf.shape(memory.mask)[0], rows[:, tf.newaxis]

        def on_grid(x: Tensor) -> Tensor:
            width = x.shape[1] or tf.shape(x)[1]
            return tf.reshape(tf.scatter_nd(places, x, [batch * beam_size, width]), [batch, beam_size, width])

        def attend(queries: Tensor, coverage: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
            covered = on_grid(coverage[0]) if coverage else None
            context, attention = self.attention(on_grid(queries), memory, covered)  # [B, K, C], [B, K, S]
            flat = tf.reshape(attention, [-1, tf.shape(attention)[2]])
            after = (coverage[0] + tf.gather(flat, rows),) if coverage else ()
            return tf.gather(tf.reshape(context, [-1, context.shape[2]]), rows), flat, after

        return attend
