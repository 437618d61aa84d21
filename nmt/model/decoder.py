"""The decoder without input feeding: LSTM₁ over the whole target, one attention for all positions, upper LSTMs on [h; context].

The layout of GNMT-v2. `call` (teacher forcing) and `step` (search) compute the same numbers; a test holds them equal.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.attention import Attention, Memory
from nmt.model.dropout import dropout
from nmt.model.lstm import LSTM, LstmKernel, State
from nmt.tensors import Tensor

DecoderState = tuple[State, ...]
"""(h, c) of each layer, each [N, H]."""


class Decoded(NamedTuple):
    """One decoder step."""

    readout: Tensor
    state: DecoderState
    attention: Tensor


class Decoder(keras.layers.Layer):
    """Target embeddings and a Memory -> readout vectors, from which the output layer makes logits."""

    def __init__(self, config: ModelConfig, kernel: LstmKernel, name: str = "decoder") -> None:
        super().__init__(name=name)
        self.rate = config.dropout
        # Adam moves every weight by about the learning rate an update, whatever its size. Without a factor, output weights that began small
        # enough for a softmax took hundreds of updates to become large enough for one that is sure of itself.
        self.scale = config.output_scale
        self.layers = [LSTM(config.decoder_units, kernel=kernel, name=f"lstm_{i}") for i in range(config.decoder_layers)]
        self.attention = Attention(config.attention, config.decoder_units)
        self.readout = keras.layers.Dense(config.readout_units or config.embedding_units, activation="tanh", name="readout")
        self.bridge_h = [
            keras.layers.Dense(config.decoder_units, activation="tanh", name=f"bridge_h_{i}") for i in range(config.decoder_layers)
        ]
        self.bridge_c = [keras.layers.Dense(config.decoder_units, name=f"bridge_c_{i}") for i in range(config.decoder_layers)]

    def initial_state(self, encoder_state: State) -> DecoderState:
        """The learned bridge: the encoder's last (h, c), each [B, M] -> (h, c) of every decoder layer, each [B, H]."""
        h, c = encoder_state
        return tuple((bridge_h(h), bridge_c(c)) for bridge_h, bridge_c in zip(self.bridge_h, self.bridge_c, strict=True))

    def call(self, embedded: Tensor, lengths: Tensor, memory: Memory, state: DecoderState, seed: Tensor | None = None) -> Tensor:
        """Teacher forcing over whole targets.

        Args:
            embedded: [T, B, E] embeddings of the target shifted right, time first.
            lengths: [B] int32 target lengths, at least 1.
            memory: of the same sentences.
            state: from `initial_state`.
            seed: int32 [2] while training, else None.

        Returns:
            readout [B, T, R], R readout units.
        """
        x = dropout(embedded, self.rate, seed, "decoder.embedding")
        h, _ = self.layers[0](x, lengths, state[0])
        queries = tf.transpose(h, [1, 0, 2])
        context, _ = self.attention(queries, memory)  # [B, T, M]
        if len(self.layers) > 1:
            context_first = tf.transpose(context, [1, 0, 2])
            for depth, layer in enumerate(self.layers[1:], start=1):
                x = dropout(tf.concat([h, context_first], axis=2), self.rate, seed, f"decoder.{depth}")
                h, _ = layer(x, lengths, state[depth])
            queries = tf.transpose(h, [1, 0, 2])
        joined = dropout(tf.concat([queries, context], axis=2), self.rate, seed, "decoder.top")
        return dropout(self.scale * self.readout(joined), self.rate, seed, "decoder.readout")

    def step(self, gates: Tensor, rows: Tensor, beam_size: Tensor, memory: Memory, state: DecoderState) -> Decoded:
        """One step of search for n live hypotheses of a grid of R = B · K.

        Args:
            gates: [n, 4H] x·W + b of the first layer, from `input_gates` of the last tokens.
            rows: [n] int32, which row b · K + k of the grid each one is, ascending.
            beam_size: scalar int32 K.
            memory: of B sentences.
            state: (h, c) of each layer, each [n, H].

        Returns:
            readout [n, R], the next state, attention [R, S], of which only the given rows mean anything.
        """
        batch = tf.shape(memory.values)[0]
        h, c = self.layers[0].step_from_gates(gates, state[0])
        states: list[State] = [(h, c)]
        # A sentence's hypotheses attend together: into the grid, one product for each sentence, and out of it.
        queries = tf.scatter_nd(rows[:, tf.newaxis], h, [batch * beam_size, h.shape[1]])
        context, attention = self.attention(tf.reshape(queries, [batch, beam_size, h.shape[1]]), memory)  # [B, K, M], [B, K, S]
        context = tf.gather(tf.reshape(context, [-1, context.shape[2]]), rows)  # [n, M]
        for layer, previous in zip(self.layers[1:], state[1:], strict=True):
            h, c = layer.step(tf.concat([h, context], axis=1), previous)
            states.append((h, c))
        kernel, bias = (tf.convert_to_tensor(weight) for weight in (self.readout.kernel, self.readout.bias))
        # As bias_add, which TensorFlow fuses with the product and the tanh; a plain sum it would not.
        readout = self.scale * tf.tanh(tf.nn.bias_add(tf.matmul(tf.concat([h, context], axis=1), kernel), bias))
        return Decoded(readout, tuple(states), tf.reshape(attention, [-1, tf.shape(attention)[2]]))
