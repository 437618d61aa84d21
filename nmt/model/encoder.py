"""The encoder: a stack of recurrent layers over the embedded source, read in both directions or in one.

Bidirectional at every layer (Schuster and Paliwal 1997; Bahdanau et al. 2015), only in the first (GNMT: Wu et al. 2016, section 3.2), or
in none (Sutskever et al. 2014).
"""

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.dropout import dropout, recurrent_mask
from nmt.model.precision import Precision
from nmt.model.recurrence import State
from nmt.model.recurrent import Kernel, RecurrentLayer
from nmt.tensors import Tensor


class Encoder(keras.layers.Layer):
    """Source embeddings -> memory and the last states of every layer."""

    def __init__(self, config: ModelConfig, kernel: Kernel, precision: Precision = "float32", name: str = "encoder") -> None:
        super().__init__(name=name)
        self.rate, self.residual, self.reverse_source = config.dropout, config.residual, config.reverse_source
        self.variational, self.recurrent_rate = config.variational_dropout, config.recurrent_dropout
        both = {"bidirectional": config.encoder_layers, "gnmt": 1, "unidirectional": 0}[config.encoder]

        def layer(direction: str, depth: int) -> RecurrentLayer:
            return RecurrentLayer(config.cell, config.encoder_units, kernel=kernel, name=f"{direction}_{depth}", precision=precision)

        self.forward = [layer("forward", depth) for depth in range(config.encoder_layers)]
        self.backward = [layer("backward", depth) for depth in range(both)]

    def call(self, embedded: Tensor, lengths: Tensor, seed: Tensor | None = None) -> tuple[Tensor, tuple[State, ...]]:
        """Encode.

        Args:
            embedded: [S, B, E], time first, right-padded.
            lengths: [B] int32, at least 1.
            seed: int32 [2] while training, else None.

        Returns:
            memory [B, S, M], in the order of the source and zero at padding, and for each layer its state after the last token, each part
            [B, U], or [B, 2U] of both directions.
        """
        if self.reverse_source:
            embedded = _reverse(embedded, lengths - 1)  # EOS stays the last
        steps = 0 if self.variational else None
        h = dropout(embedded, self.rate, seed, "encoder.embedding", steps)
        states: list[State] = []
        for depth, forward in enumerate(self.forward):
            if depth:
                h = dropout(h, self.rate, seed, f"encoder.{depth}", steps)
            ahead, state = forward(h, lengths, state_mask=self._mask(forward, h, seed))
            if depth < len(self.backward):
                # Reversing each row within its own length keeps the padding on the right for both directions.
                backward = self.backward[depth]
                back, back_state = backward(_reverse(h, lengths), lengths, state_mask=self._mask(backward, h, seed))
                ahead = tf.concat([ahead, _reverse(back, lengths)], axis=2)  # [S, B, 2U]
                state = tuple(tf.concat(parts, axis=1) for parts in zip(state, back_state, strict=True))
            states.append(state)
            h = h + ahead if self.residual and depth and h.shape[2] == ahead.shape[2] else ahead
        if self.reverse_source:
            h = _reverse(h, lengths - 1)
        memory = dropout(tf.transpose(h, [1, 0, 2]), self.rate, seed, "encoder.memory", 1 if self.variational else None)
        return memory * tf.sequence_mask(lengths, tf.shape(memory)[1], memory.dtype)[:, :, tf.newaxis], tuple(states)

    def _mask(self, layer: RecurrentLayer, x: Tensor, seed: Tensor | None) -> Tensor | None:
        return recurrent_mask([tf.shape(x)[1], layer.units], self.recurrent_rate, seed, f"encoder.{layer.name}")

    def recurrent_layers(self) -> list[RecurrentLayer]:
        """The recurrent layers, as data passes them."""
        backward = [*self.backward, *[None] * (len(self.forward) - len(self.backward))]
        return [layer for pair in zip(self.forward, backward, strict=True) for layer in pair if layer is not None]


def _reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """[S, B, ·] with each row reversed within its length."""
    return tf.reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)
