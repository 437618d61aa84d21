"""Binds a model to a search, once: the trainer validates with this function and export freezes the same one."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.config import Config, SearchConfig
from nmt.model.lstm import LstmKernel
from nmt.model.seq2seq import Seq2Seq
from nmt.runtime.interface import Hypotheses as FoundHypotheses
from nmt.search.beam import beam_search
from nmt.search.greedy import greedy_search
from nmt.search.step import IMPOSSIBLE, Hypotheses, State
from nmt.special_tokens import BOS, PAD, UNK
from nmt.tensors import Tensor
from nmt.tokenizer import TokenizerPair

SIGNATURE = [
    tf.TensorSpec([None, None], tf.int32, name="ids"),
    tf.TensorSpec([None], tf.int32, name="lengths"),
    tf.TensorSpec([], tf.int32, name="beam_size"),
    tf.TensorSpec([], tf.float32, name="length_penalty"),
    tf.TensorSpec([], tf.int32, name="max_steps"),
]


def build_model(config: Config, tokenizers: TokenizerPair, kernel: LstmKernel | None = None) -> Seq2Seq:
    """The model that a config and its tokenizers describe, with fresh weights; `kernel` as the devices at hand suggest unless given."""
    sizes = tokenizers.source.vocabulary_size, tokenizers.target.vocabulary_size
    return Seq2Seq(config.model, *sizes, joint=tokenizers.joint, kernel=kernel)


class Inference:
    """Source ids -> Hypotheses as one graph."""

    def __init__(self, model: Seq2Seq, config: SearchConfig) -> None:
        self.model = model
        self.factor, self.offset = config.max_length_factor, config.max_length_offset
        never = tf.one_hot([PAD, UNK, BOS], model.output_bias.shape[0], on_value=IMPOSSIBLE, off_value=0.0)
        self.never = tf.reduce_sum(never, axis=0)  # [V]: special tokens are no part of any translation

    def search(self, ids: Tensor, lengths: Tensor, beam_size: Tensor, length_penalty: Tensor, max_steps: Tensor) -> Hypotheses:
        """Translate B sentences.

        Args:
            ids: [B, S] int32, each row ends in EOS and is right-padded.
            lengths: [B] int32, EOS counted, at least 1.
            beam_size: scalar int32; 1 takes the greedy path.
            length_penalty: scalar float32, alpha.
            max_steps: scalar int32, an upper bound on the pieces of every hypothesis. Each sentence also has its own, from its own length,
                so that its translation does not depend on its neighbours.
        """
        width = tf.shape(ids)[1]
        memory, state = self.model.encode(ids, lengths)
        output_weights = self.model.transposed_output_weights()
        own_limit = tf.cast(tf.cast(lengths, tf.float32) * self.factor, tf.int32) + self.offset
        limits = tf.maximum(tf.minimum(own_limit, max_steps), 1)

        def step(tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
            logits, state, attention = self.model.step(tokens, state, memory, output_weights)
            return logits + self.never, state, attention

        return tf.cond(
            beam_size == 1,
            lambda: greedy_search(step, state, limits, width, length_penalty),
            lambda: beam_search(step, state, limits, width, length_penalty, beam_size),
        )

    @tf.function(input_signature=SIGNATURE)
    def translate_ids(
        self, ids: Tensor, lengths: Tensor, beam_size: Tensor, length_penalty: Tensor, max_steps: Tensor
    ) -> dict[str, Tensor]:
        """`search` under the names of the exported signature."""
        return self.search(ids, lengths, beam_size, length_penalty, max_steps)._asdict()


class LiveRuntime:
    """A model in memory behind the interface of an exported one, so that validation runs the very path that users run."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference

    def translate_ids(
        self, ids: NDArray[np.int32], lengths: NDArray[np.int32], *, beam_size: int, length_penalty: float, max_steps: int
    ) -> FoundHypotheses:
        """See `Runtime.translate_ids`."""
        found = self.inference.translate_ids(ids, lengths, beam_size, length_penalty, max_steps)
        return FoundHypotheses(*(found[name].numpy() for name in FoundHypotheses._fields))
