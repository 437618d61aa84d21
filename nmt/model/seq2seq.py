"""The whole model: the only door of this room."""

from typing import Any

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.attention import Memory
from nmt.model.decoder import Decoder, DecoderState
from nmt.model.dropout import word_dropout
from nmt.model.encoder import Encoder
from nmt.model.lstm import LstmKernel, choose_kernel
from nmt.special_tokens import EOS
from nmt.tensors import Tensor


class Seq2Seq(keras.Model):
    """Encoder-decoder LSTM with attention (Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015), embeddings tied as configured.

    Three-way tying is one matrix for source embedding, target embedding and output weights (Press and Wolf 2017); embeddings are scaled by
    √E on the way in, as in Vaswani et al. (2017), section 3.4, so that one matrix has a fitting size at both ends.
    """

    def __init__(
        self, config: ModelConfig, source_vocabulary: int, target_vocabulary: int, *, joint: bool, kernel: LstmKernel | None = None
    ) -> None:
        super().__init__(name="seq2seq")
        tying = config.tying if config.tying != "auto" else ("three_way" if joint else "two_way")
        self.kernel_name = kernel or choose_kernel()
        self.word_dropout = config.word_dropout
        self.scale = config.embedding_units**0.5
        self.encoder = Encoder(config, self.kernel_name)
        self.decoder = Decoder(config, self.kernel_name)

        def matrix(name: str, rows: int) -> Any:
            initial = keras.initializers.RandomNormal(stddev=1 / self.scale)
            return self.add_weight(shape=(rows, config.embedding_units), initializer=initial, name=name)

        self.target_embedding = matrix("target_embedding", target_vocabulary)
        self.source_embedding = self.target_embedding if tying == "three_way" else matrix("source_embedding", source_vocabulary)
        self.output_weights = matrix("output_weights", target_vocabulary) if tying == "none" else self.target_embedding
        self.output_bias = self.add_weight(shape=(target_vocabulary,), initializer="zeros", name="output_bias")
        one = tf.constant([[EOS]])
        self(one, tf.constant([1]), one, tf.constant([1]))  # builds every layer

    def _embed(self, matrix: Any, ids: Tensor) -> Tensor:
        return tf.gather(tf.convert_to_tensor(matrix), ids) * self.scale

    def encode(self, source: Tensor, source_lengths: Tensor, seed: Tensor | None = None) -> tuple[Memory, DecoderState]:
        """Encode each source once.

        Args:
            source: [B, S] int32, each row ends in EOS and is right-padded.
            source_lengths: [B] int32, EOS counted.
            seed: int32 [2] while training, else None.

        Returns:
            The memory to attend to and the decoder's initial state, B rows each.
        """
        ids = word_dropout(source, self.word_dropout, seed, "source")
        embedded = self._embed(self.source_embedding, tf.transpose(ids))  # [S, B, E]
        values, encoder_state = self.encoder(embedded, source_lengths, seed)
        mask = tf.sequence_mask(source_lengths, tf.shape(source)[1], values.dtype)
        return self.decoder.attention.memorize(values, mask), self.decoder.initial_state(encoder_state)

    def call(self, source: Tensor, source_lengths: Tensor, target: Tensor, target_lengths: Tensor, seed: Tensor | None = None) -> Tensor:
        """Teacher forcing: logits [B, T, V] of the next token after each prefix.

        Args:
            source, source_lengths: as in `encode`.
            target: [B, T] int32, begins with BOS: the reference shifted right.
            target_lengths: [B] int32.
            seed: int32 [2] while training, else None.
        """
        memory, state = self.encode(source, source_lengths, seed)
        ids = word_dropout(target, self.word_dropout, seed, "target")
        embedded = self._embed(self.target_embedding, tf.transpose(ids))  # [T, B, E]
        readout = self.decoder(embedded, target_lengths, memory, state, seed)  # [B, T, E]
        batch, steps, width = tf.shape(readout)[0], tf.shape(readout)[1], readout.shape[2]
        logits = tf.matmul(tf.reshape(readout, [-1, width]), tf.convert_to_tensor(self.output_weights), transpose_b=True)
        return tf.reshape(logits + self.output_bias, [batch, steps, logits.shape[1]])

    def transposed_output_weights(self) -> Tensor:
        """[E, V], taken once before a search: a product with it is faster at every step than one that transposes."""
        return tf.transpose(tf.convert_to_tensor(self.output_weights))

    def step(self, tokens: Tensor, state: DecoderState, memory: Memory, output_weights: Tensor) -> tuple[Tensor, DecoderState, Tensor]:
        """One step of search.

        Args:
            tokens: [N] int32 last tokens, N = B · K.
            state: of N hypotheses.
            memory: of B sentences.
            output_weights: from `transposed_output_weights`.

        Returns:
            logits [N, V], the next state, attention [N, S].
        """
        decoded = self.decoder.step(self._embed(self.target_embedding, tokens), memory, state)
        return tf.matmul(decoded.readout, output_weights) + self.output_bias, decoded.state, decoded.attention
