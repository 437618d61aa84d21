"""Attention: scores of queries against keys, masked softmax, context. One class for each family of scores."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.precision import Dense, Precision, product
from nmt.tensors import Tensor


class Memory(NamedTuple):
    """What the decoder attends to: computed once for each source sentence."""

    values: Tensor
    """[B, S, C] what contexts are made of: encoder outputs, or a projection of them."""
    keys: Tensor
    """[B, S, ·] what queries are compared with."""
    mask: Tensor
    """[B, S] 1.0 at source tokens, 0.0 at padding."""


class Attention(keras.layers.Layer):
    """Luong et al. (2015), equation 8 `general`: score = hᵀ W m; or Vaswani et al. (2017), equation 1 `scaled_dot`: score = hᵀ m / √H."""

    covers = False
    """Whether a score depends on the attention of the target positions before."""

    def __init__(self, score: str, units: int, memory_units: int, precision: Precision = "float32", name: str = "attention") -> None:
        """Make an attention.

        Args:
            score: as in the config.
            units: H of the queries.
            memory_units: M of the encoder's outputs.
            precision: of the factors of products.
            name: of the layer.
        """
        super().__init__(name=name)
        self.precision: Precision = precision
        self.score = score
        self.units = units
        self.context_units = memory_units
        self.key_projection = None if score == "scaled_dot" else Dense(units, precision, use_bias=False, name="keys")

    def memorize(self, values: Tensor, mask: Tensor) -> Memory:
        """Turn encoder outputs [B, S, M] and their mask [B, S] into a Memory."""
        keys = values * self.units**-0.5 if self.key_projection is None else self.key_projection(values)
        return Memory(values, keys, mask)

    def call(self, query: Tensor, memory: Memory, coverage: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attend from every query at once; Q is all target positions in training, all hypotheses of a sentence in search.

        Args:
            query: [B, Q, H].
            memory: of the same B sentences.
            coverage: [B, Q, S], the sum of the attention before each query; only read where `covers`.

        Returns:
            context [B, Q, C] and attention weights [B, Q, S], zero at padding.
        """
        del coverage
        weights = masked_softmax(product(query, memory.keys, self.precision, transpose_b=True), memory.mask)
        return product(weights, memory.values, self.precision), weights

    def over_target(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """`call` for the queries of all target positions, one after the other where that matters: context [B, T, C], weights [B, T, S]."""
        return self(query, memory)


class AdditiveAttention(Attention):
    """Bahdanau et al. (2015), appendix A.1.2: score = vᵀ tanh(W s + U m + b)."""

    def __init__(self, score: str, units: int, memory_units: int, precision: Precision = "float32", name: str = "attention") -> None:
        super().__init__(score, units, memory_units, precision, name)
        self.key_projection = Dense(units, precision, name="keys")
        self.query_projection = Dense(units, precision, use_bias=False, name="queries")

    def build(self, query_shape: Any) -> None:
        """Create v [H]."""
        self.v = self.add_weight(shape=(self.units,), initializer=keras.initializers.RandomNormal(stddev=self.units**-0.5), name="v")
        self.built = True

    def call(self, query: Tensor, memory: Memory, coverage: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See `Attention.call`."""
        inner = self.query_projection(query)[:, :, tf.newaxis] + memory.keys[:, tf.newaxis]  # [B, Q, S, H]
        inner = self._covered(inner, coverage)
        # As a sum, not a product with v: TensorFlow's batched product of so thin a matrix wrote past its memory in some shapes.
        weights = masked_softmax(tf.reduce_sum(tf.tanh(inner) * tf.convert_to_tensor(self.v), axis=-1), memory.mask)
        return product(weights, memory.values, self.precision), weights

    def _covered(self, inner: Tensor, _coverage: Tensor | None) -> Tensor:
        return inner


class CoverageAttention(AdditiveAttention):
    """See et al. (2017), equation 11: score = vᵀ tanh(W s + U m + w c + b), c the sum of the attention at the target positions before."""

    covers = True

    def build(self, query_shape: Any) -> None:
        """Create v and w, each [H]."""
        super().build(query_shape)
        self.w = self.add_weight(shape=(self.units,), initializer="zeros", name="coverage")

    def _covered(self, inner: Tensor, coverage: Tensor | None) -> Tensor:
        assert coverage is not None
        return inner + coverage[..., tf.newaxis] * tf.convert_to_tensor(self.w)

    def over_target(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """See `Attention.over_target`: here one position after the other, for each depends on those before."""
        steps = tf.shape(query)[1]
        widths = memory.values.shape[-1], None
        contexts, attentions = (tf.TensorArray(query.dtype, size=steps, element_shape=[None, width]) for width in widths)

        def body(t: Tensor, coverage: Tensor, contexts: Tensor, attentions: Tensor) -> tuple[Tensor, ...]:
            context, weights = self(query[:, t : t + 1], memory, coverage[:, tf.newaxis])
            return t + 1, coverage + weights[:, 0], contexts.write(t, context[:, 0]), attentions.write(t, weights[:, 0])

        self(query[:, :1], memory, tf.zeros_like(memory.mask)[:, tf.newaxis])  # builds the weights outside the loop
        start = (0, tf.zeros_like(memory.mask), contexts, attentions)
        _, _, contexts, attentions = tf.while_loop(lambda t, *_: t < steps, body, start, maximum_iterations=steps)
        return tuple(tf.transpose(array.stack(), [1, 0, 2]) for array in (contexts, attentions))


class MultiHeadAttention(Attention):
    """Several attentions side by side, each on H / heads units of the queries, keys and values.

    Scaled dot products (Vaswani et al. 2017, section 3.2.2), or additive scores (RNMT+, Chen et al. 2018). The weights that are
    returned are the mean of the heads'.
    """

    def __init__(self, score: str, units: int, heads: int, precision: Precision = "float32", name: str = "attention") -> None:
        super().__init__("general", units, units, precision, name)
        self.heads, self.additive = heads, score == "multi_head_additive"
        self.query_projection = Dense(units, precision, use_bias=self.additive, name="queries")
        self.value_projection = Dense(units, precision, use_bias=False, name="values")

    def build(self, query_shape: Any) -> None:
        """Create v [heads, H / heads] of additive scores."""
        width = self.units // self.heads
        if self.additive:
            normal = keras.initializers.RandomNormal(stddev=width**-0.5)
            self.v = self.add_weight(shape=(self.heads, width), initializer=normal, name="v")
        self.built = True

    def memorize(self, values: Tensor, mask: Tensor) -> Memory:
        """See `Attention.memorize`."""
        assert self.key_projection is not None
        return Memory(self.value_projection(values), self.key_projection(values), mask)

    def call(self, query: Tensor, memory: Memory, coverage: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See `Attention.call`."""
        del coverage
        q, k, v = (self._split(tensor) for tensor in (self.query_projection(query), memory.keys, memory.values))  # [B, heads, ·, H / heads]
        if self.additive:
            inner = tf.tanh(q[:, :, :, tf.newaxis] + k[:, :, tf.newaxis])  # [B, heads, Q, S, H / heads]
            scores = tf.reduce_sum(inner * tf.convert_to_tensor(self.v)[:, tf.newaxis, tf.newaxis], axis=-1)
        else:
            scores = product(q, k, self.precision, transpose_b=True) * (self.units // self.heads) ** -0.5
        weights = masked_softmax(scores, memory.mask[:, tf.newaxis])  # [B, heads, Q, S]
        context = tf.transpose(product(weights, v, self.precision), [0, 2, 1, 3])
        batch, queries = tf.unstack(tf.shape(query)[:2])
        return tf.reshape(context, [batch, queries, self.units]), tf.reduce_mean(weights, axis=1)

    def _split(self, x: Tensor) -> Tensor:
        """[B, N, H] -> [B, heads, N, H / heads]."""
        batch, length = tf.unstack(tf.shape(x)[:2])
        return tf.transpose(tf.reshape(x, [batch, length, self.heads, self.units // self.heads]), [0, 2, 1, 3])


class NoAttention(Attention):
    """The encoder-decoder of Sutskever et al. (2014): all that the decoder knows of the source is its first state."""

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__("scaled_dot", units, 0, name=name)

    def call(self, query: Tensor, memory: Memory, coverage: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """An empty context [B, Q, 0] and weights of zero: no target piece is aligned to any source piece."""
        del coverage
        shape = tf.shape(query)
        return query[:, :, :0], tf.zeros([shape[0], shape[1], tf.shape(memory.mask)[1]], query.dtype)


def make_attention(config: ModelConfig, precision: Precision = "float32") -> Attention:
    """The attention that a config asks for."""
    units, memory_units = config.decoder_units, config.memory_units
    if config.attention == "none":
        return NoAttention(units)
    if config.attention in {"multi_head", "multi_head_additive"}:
        return MultiHeadAttention(config.attention, units, config.attention_heads, precision)
    kinds = {"additive": AdditiveAttention, "coverage": CoverageAttention}
    return kinds.get(config.attention, Attention)(config.attention, units, memory_units, precision)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the source positions of scores [..., Q, S], zero where mask [..., S] is 0."""
    return tf.nn.softmax(scores + (mask[..., tf.newaxis, :] - 1.0) * 1e9)
