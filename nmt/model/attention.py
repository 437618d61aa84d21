"""Attention: scores of queries against keys, masked softmax, context."""

from typing import Literal, NamedTuple

import keras
import tensorflow as tf

from nmt.tensors import Tensor


class Memory(NamedTuple):
    """What the decoder attends to: computed once for each source sentence."""

    values: Tensor
    """[B, S, M] encoder outputs."""
    keys: Tensor
    """[B, S, H] what queries are compared with."""
    mask: Tensor
    """[B, S] 1.0 at source tokens, 0.0 at padding."""


class Attention(keras.layers.Layer):
    """Luong et al. (2015), equation 8 `general`: score = hᵀ W m; or Vaswani et al. (2017), equation 1 `scaled_dot`: score = hᵀ m / √H."""

    def __init__(self, score: Literal["general", "scaled_dot"], units: int, name: str = "attention") -> None:
        super().__init__(name=name)
        self.score = score
        self.units = units
        self.key_projection = keras.layers.Dense(units, use_bias=False, name="keys") if score == "general" else None

    def memorize(self, values: Tensor, mask: Tensor) -> Memory:
        """Turn encoder outputs [B, S, M] and their mask [B, S] into a Memory."""
        keys = values * self.units**-0.5 if self.key_projection is None else self.key_projection(values)
        return Memory(values, keys, mask)

    def call(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Attend from every query at once; Q is all target positions in training, all hypotheses of a sentence in search.

        Args:
            query: [B, Q, H].
            memory: of the same B sentences.

        Returns:
            context [B, Q, M] and attention weights [B, Q, S], zero at padding.
        """
        scores = tf.matmul(query, memory.keys, transpose_b=True)  # [B, Q, S]
        scores += (memory.mask[:, tf.newaxis, :] - 1.0) * 1e9
        weights = tf.nn.softmax(scores)
        return tf.matmul(weights, memory.values), weights
