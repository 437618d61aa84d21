"""The whole model: the only door of this room."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.attention import Memory, NoAttention
from nmt.model.bridge import Bridge
from nmt.model.decoder import Decoder, DecoderState
from nmt.model.dropout import word_dropout
from nmt.model.encoder import Encoder
from nmt.model.precision import Precision, product
from nmt.model.recurrent import Kernel, RecurrentLayer, choose_kernel
from nmt.special_tokens import BOS, EOS, PAD
from nmt.tensors import Tensor


class SearchWeights(NamedTuple):
    """Weights as a search wants them. V' output pieces: the vocabulary, or a shortlist of it, filled up to whole blocks."""

    input_gates: Tensor
    """[V, G·H] x·W + b of the decoder's first layer for every target piece, or no rows: then it is computed at each step."""
    output_weights: Tensor
    """[readout units, V'], transposed: a product with it is faster at every step than one that transposes."""
    output_bias: Tensor
    """[V'], in which what no translation may hold is impossible."""
    output_ids: Tensor
    """[V'] int32, ascending but for the filler: the piece that each place stands for. Special tokens are at their own places."""


class SearchSizes(NamedTuple):
    """Widths of `SearchWeights`."""

    vocabulary: int
    gates: int
    readout: int


class Seq2Seq(keras.Model):
    """Recurrent encoder-decoder with attention (Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015).

    Three-way tying is one matrix for source embedding, target embedding and output weights (Press and Wolf 2017); embeddings are scaled by
    √E on the way in, as in Vaswani et al. (2017), section 3.4, so that one matrix has a fitting size at both ends.
    """

    def __init__(
        self,
        config: ModelConfig,
        source_vocabulary: int,
        target_vocabulary: int,
        *,
        joint: bool,
        kernel: Kernel | None = None,
        precision: Precision = "float32",
        tags: Sequence[int] = (),
    ) -> None:
        """Build a model with fresh weights.

        Args:
            config: its shape.
            source_vocabulary, target_vocabulary: pieces of each side.
            joint: whether both sides have one vocabulary.
            kernel: of the recurrent layers; default: as the devices at hand suggest.
            precision: of the factors of products.
            tags: source pieces that say what is wanted, such as a language; word dropout spares them.
        """
        super().__init__(name="seq2seq")
        tying = config.tying if config.tying != "auto" else ("three_way" if joint else "two_way")
        self.kernel_name: Kernel = kernel or choose_kernel()
        self.precision: Precision = precision
        self.word_dropout = config.word_dropout
        self.spared = PAD, BOS, *tags
        self.scale = config.embedding_units**0.5
        self.encoder = Encoder(config, self.kernel_name, precision)
        self.decoder = Decoder(config, self.kernel_name, precision)
        self.bridge = Bridge(config, precision)

        def matrix(name: str, rows: int, width: int = config.embedding_units) -> Any:
            initial = keras.initializers.RandomNormal(stddev=width**-0.5)
            return self.add_weight(shape=(rows, width), initializer=initial, name=name)

        self.target_embedding = matrix("target_embedding", target_vocabulary)
        self.source_embedding = self.target_embedding if tying == "three_way" else matrix("source_embedding", source_vocabulary)
        width = config.readout_units or config.embedding_units
        self.output_weights = matrix("output_weights", target_vocabulary, width) if tying == "none" else self.target_embedding
        self.output_bias = self.add_weight(shape=(target_vocabulary,), initializer="zeros", name="output_bias")
        one = tf.constant([[EOS]])
        self(one, tf.constant([1]), one, tf.constant([1]))  # builds every layer

    def recurrent_layers(self) -> dict[str, RecurrentLayer]:
        """The recurrent layers by name, as data passes them."""
        encoder = {f"encoder.{layer.name}": layer for layer in self.encoder.recurrent_layers()}
        return encoder | {f"decoder.{layer.name}": layer for layer in self.decoder.layers}

    def _embed(self, matrix: Any, ids: Tensor) -> Tensor:
        return tf.gather(tf.convert_to_tensor(matrix), ids) * self.scale

    def embed_source(self, source: Tensor, seed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Look up a source: ids [B, S] -> the ids that are read [S, B], word dropout applied, and their embeddings [S, B, E]."""
        ids = word_dropout(tf.transpose(source), self.word_dropout, seed, "source", self.spared)
        return ids, self._embed(self.source_embedding, ids)

    def embed_target(self, target: Tensor, seed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Look up a target that begins with BOS: ids [B, T] -> the ids that are read [T, B] and their embeddings [T, B, E]."""
        ids = word_dropout(tf.transpose(target), self.word_dropout, seed, "target", (PAD, BOS))
        return ids, self._embed(self.target_embedding, ids)

    def encode(self, source: Tensor, source_lengths: Tensor) -> tuple[Memory, DecoderState]:
        """Encode each source once, for a search.

        Args:
            source: [B, S] int32, each row ends in EOS and is right-padded.
            source_lengths: [B] int32, EOS counted.

        Returns:
            The memory to attend to and the decoder's initial state, B rows each.
        """
        return self.encode_embedded(self.embed_source(source)[1], source_lengths)

    def encode_embedded(self, embedded: Tensor, lengths: Tensor, seed: Tensor | None = None) -> tuple[Memory, DecoderState]:
        """`encode` from the embeddings [S, B, E] of `embed_source`; with the seed of its dropout while training."""
        values, states = self.encoder(embedded, lengths, seed)
        mask = tf.sequence_mask(lengths, tf.shape(embedded)[0], values.dtype)
        memory = self.decoder.attention.memorize(values, mask)
        return memory, self.decoder.begin(self.bridge.first_states(states), memory)

    def readout(
        self, embedded_source: Tensor, source_lengths: Tensor, embedded_target: Tensor, target_lengths: Tensor, seed: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Teacher forcing up to the vector from which the output layer makes logits.

        Args:
            embedded_source: [S, B, E] from `embed_source`.
            source_lengths: [B] int32, EOS counted.
            embedded_target: [T, B, E] from `embed_target`: the reference shifted right.
            target_lengths: [B] int32.
            seed: int32 [2] while training, else None.

        Returns:
            [B, T, readout units], and the attention [B, T, S].
        """
        memory, state = self.encode_embedded(embedded_source, source_lengths, seed)
        return self.decoder(embedded_target, target_lengths, memory, state, seed)

    def call(self, source: Tensor, source_lengths: Tensor, target: Tensor, target_lengths: Tensor, seed: Tensor | None = None) -> Tensor:
        """Teacher forcing: logits [B, T, V] of the next token after each prefix.

        Args:
            source, source_lengths: as in `encode`.
            target: [B, T] int32, begins with BOS: the reference shifted right.
            target_lengths: [B] int32.
            seed: int32 [2] while training, else None.
        """
        embedded = self.embed_source(source, seed)[1], self.embed_target(target, seed)[1]
        readout, _ = self.readout(embedded[0], source_lengths, embedded[1], target_lengths, seed)
        return product(readout, tf.convert_to_tensor(self.output_weights), self.precision, transpose_b=True) + self.output_bias

    @property
    def search_sizes(self) -> SearchSizes:
        """How large its weights are in the form that a search wants."""
        vocabulary, readout = self.output_weights.shape
        return SearchSizes(vocabulary, self.decoder.layers[0].projected_units, readout)

    @property
    def sees_source(self) -> bool:
        """Whether its decoder attends to anything; without it all attention is zero."""
        return not isinstance(self.decoder.attention, NoAttention)

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """Output weights [readout units, V], transposed, and output bias [V]."""
        return tf.transpose(tf.convert_to_tensor(self.output_weights)), tf.convert_to_tensor(self.output_bias)

    def input_gates(self, ids: Tensor) -> Tensor:
        """x·W + b of the decoder's first layer for target pieces: ids [N] -> [N, G·H]."""
        return self.decoder.layers[0].project(self._embed(self.target_embedding, ids))

    def step(
        self, tokens: Tensor, rows: Tensor, beam_size: Tensor, state: DecoderState, memory: Memory, weights: SearchWeights
    ) -> tuple[Tensor, DecoderState, Tensor]:
        """One step of search for n live hypotheses of a grid of R = B · K.

        Args:
            tokens: [n] int32 last tokens, as places in `weights.output_ids`.
            rows: [n] int32, which row b · K + k of the grid each hypothesis is, ascending.
            beam_size: scalar int32 K.
            state: of n hypotheses.
            memory: of B sentences.
            weights: rearranged for the search.

        Returns:
            logits [n, V'], the next state, attention [R, S].
        """
        ids = tf.gather(weights.output_ids, tokens)
        gates = tf.cond(
            tf.shape(weights.input_gates)[0] > 0,
            lambda: tf.gather(weights.input_gates, ids),
            lambda: self.input_gates(ids),
        )
        embedded = self._embed(self.target_embedding, ids)
        decoded = self.decoder.step(gates, embedded, rows, beam_size, memory, state)
        logits = tf.nn.bias_add(tf.matmul(decoded.readout, weights.output_weights), weights.output_bias)
        return logits, decoded.state, decoded.attention
