"""The encoder: a stack of bidirectional LSTMs over the embedded source (Schuster and Paliwal 1997; Bahdanau et al. 2015)."""

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.dropout import dropout
from nmt.model.lstm import LSTM, LstmKernel, State
from nmt.tensors import Tensor


class Encoder(keras.layers.Layer):
    """Source embeddings -> memory and the top layer's last states."""

    def __init__(self, config: ModelConfig, kernel: LstmKernel, name: str = "encoder") -> None:
        super().__init__(name=name)
        self.rate = config.dropout
        self.forward = [LSTM(config.encoder_units, kernel=kernel, name=f"forward_{i}") for i in range(config.encoder_layers)]
        self.backward = [LSTM(config.encoder_units, kernel=kernel, name=f"backward_{i}") for i in range(config.encoder_layers)]

    def call(self, embedded: Tensor, lengths: Tensor, seed: Tensor | None = None) -> tuple[Tensor, State]:
        """Encode.

        Args:
            embedded: [S, B, E], time first, right-padded.
            lengths: [B] int32, at least 1.
            seed: int32 [2] while training, else None.

        Returns:
            memory [B, S, M], zero at padding, and the state (h, c), each [B, M], of both directions after their last token.
        """
        h = dropout(embedded, self.rate, seed, "encoder.embedding")
        state: State = (h, h)
        for depth, (forward, backward) in enumerate(zip(self.forward, self.backward, strict=True)):
            if depth:
                h = dropout(h, self.rate, seed, f"encoder.{depth}")
            ahead, (ahead_h, ahead_c) = forward(h, lengths)
            # Reversing each row within its own length keeps the padding on the right for both directions.
            back, (back_h, back_c) = backward(_reverse(h, lengths), lengths)
            h = tf.concat([ahead, _reverse(back, lengths)], axis=2)  # [S, B, M]
            state = (tf.concat([ahead_h, back_h], axis=1), tf.concat([ahead_c, back_c], axis=1))
        memory = dropout(tf.transpose(h, [1, 0, 2]), self.rate, seed, "encoder.memory")
        return memory * tf.sequence_mask(lengths, tf.shape(memory)[1], memory.dtype)[:, :, tf.newaxis], state


def _reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """[S, B, ·] with each row reversed within its length."""
    return tf.reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)
