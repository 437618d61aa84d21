"""Binds a model to a search, once: the trainer validates with this function and export freezes the same one."""

from typing import Any, Literal, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.config import Config, SearchConfig
from nmt.model.precision import Precision, choose_precision
from nmt.model.recurrent import Kernel, describe_kernel
from nmt.model.seq2seq import SearchSizes, SearchWeights, Seq2Seq
from nmt.runtime.interface import Hypotheses as FoundHypotheses
from nmt.search.beam import beam_search
from nmt.search.best import BLOCK
from nmt.search.coverage import Coverage
from nmt.search.greedy import greedy_search
from nmt.search.sample import sample
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


def build_model(
    config: Config, tokenizers: TokenizerPair, kernel: Kernel | None = None, *, precision: Precision | Literal["auto"] = "float32"
) -> Seq2Seq:
    """The model that a config and its tokenizers describe, with fresh weights.

    Args:
        config: of the run.
        tokenizers: its two.
        kernel: of the recurrent layers; default: as the devices at hand suggest.
        precision: of the factors of products; auto as this machine suggests. A run trains in its own; whatever is published computes in
            float32.
    """
    sizes = tokenizers.source.vocabulary_size, tokenizers.target.vocabulary_size
    chosen = choose_precision(precision)
    return Seq2Seq(config.model, *sizes, joint=tokenizers.joint, kernel=kernel, precision=chosen, tags=tokenizers.source.tags)


def describe_layers(model: Seq2Seq) -> str:
    """Say which recurrent layers a model has and which kernel runs them; all of a model's layers have one cell."""
    layers = model.recurrent_layers()
    first = next(iter(layers.values()))
    precision = "" if model.precision == "float32" else f"; products in {model.precision}"
    return f"{first.cell_name} layers {', '.join(layers)}: {describe_kernel(first.cell_name, first.kernel_name)}{precision}"


class SearchModel(Protocol):
    """What a search asks of a model, or of several; each method as `Seq2Seq` describes it."""

    @property
    def trainable_variables(self) -> list[Any]: ...  # noqa: D102
    @property
    def search_sizes(self) -> SearchSizes: ...  # noqa: D102
    @property
    def sees_source(self) -> bool: ...  # noqa: D102
    def input_gates(self, ids: Tensor) -> Tensor: ...  # noqa: D102
    def output_layer(self) -> tuple[Tensor, Tensor]: ...  # noqa: D102
    def encode(self, source: Tensor, source_lengths: Tensor) -> tuple[Any, State]: ...  # noqa: D102
    def step(  # noqa: D102
        self, tokens: Tensor, rows: Tensor, beam_size: Tensor, state: Any, memory: Any, weights: SearchWeights
    ) -> tuple[Tensor, State, Tensor]: ...


LARGEST_TABLE_BYTES = 128 * 2**20
"""Beyond this a table of input gates costs more memory than it saves time."""


class Inference:
    """Source ids -> Hypotheses as one graph."""

    def __init__(self, model: SearchModel, config: SearchConfig) -> None:
        self.model = model
        self.factor, self.offset = config.max_length_factor, config.max_length_offset
        self.coverage_penalty = config.coverage_penalty
        vocabulary, gates, width = model.search_sizes
        specs = SearchWeights(
            input_gates=tf.TensorSpec([None, gates], tf.float32),
            output_weights=tf.TensorSpec([width, None], tf.float32),
            output_bias=tf.TensorSpec([None], tf.float32),
            output_ids=tf.TensorSpec([None], tf.int32),
        )
        named = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in specs._asdict().items()]
        if model.sees_source:
            named.append(tf.TensorSpec([], tf.float32, name="coverage_penalty"))
        self.table_pays = vocabulary * gates * tf.float32.size <= LARGEST_TABLE_BYTES
        self.translate_prepared = tf.function(self._translate_prepared, input_signature=[*SIGNATURE, *named])

    def _search_weights(self, table: Tensor) -> SearchWeights:
        vocabulary = self.model.search_sizes.vocabulary
        output_weights, output_bias = self.model.output_layer()
        ids = tf.range(tf.where(table, vocabulary, 0))
        # A width of whole blocks, filled up with pieces that cannot be: the search looks at blocks.
        filler = -vocabulary % BLOCK
        never = tf.reduce_sum(tf.one_hot([PAD, UNK, BOS], vocabulary, on_value=IMPOSSIBLE, off_value=0.0), axis=0)
        return SearchWeights(
            input_gates=self.model.input_gates(ids),
            output_weights=tf.pad(output_weights, [[0, 0], [0, filler]]),
            output_bias=tf.pad(output_bias + never, [[0, filler]], constant_values=IMPOSSIBLE),
            output_ids=tf.pad(tf.range(vocabulary), [[0, filler]], constant_values=PAD),
        )

    @tf.function(input_signature=[tf.TensorSpec([], tf.bool, name="table")])
    def search_weights(self, table: Tensor) -> dict[str, Tensor]:
        """What `translate_prepared` wants besides the sentences: once for all calls, as long as the weights stay as they are.

        Args:
            table: scalar bool, whether to compute the input gates of every target piece. That is a product of the whole vocabulary, and
                pays where more than a few sentences follow.
        """
        weights = self._search_weights(table & self.table_pays)._asdict()
        # Not a weight, but it goes the same way: whoever gives back what he got, as readers from before this penalty do, gets the default.
        return weights | ({"coverage_penalty": tf.constant(self.coverage_penalty)} if self.model.sees_source else {})

    def search(
        self,
        ids: Tensor,
        lengths: Tensor,
        beam_size: Tensor,
        length_penalty: Tensor,
        max_steps: Tensor,
        weights: SearchWeights,
        coverage_penalty: Tensor | None,
    ) -> Hypotheses:
        """Translate B sentences.

        Args:
            ids: [B, S] int32, each row ends in EOS and is right-padded.
            lengths: [B] int32, EOS counted, at least 1.
            beam_size: scalar int32; 1 takes the greedy path.
            length_penalty: scalar float32, alpha.
            max_steps: scalar int32, an upper bound on the pieces of every hypothesis. Each sentence also has its own, from its own length,
                so that its translation does not depend on its neighbours.
            weights: the model's, rearranged; those of some output pieces alone search among these pieces.
            coverage_penalty: scalar float32, beta; None for a model without attention.
        """
        width = tf.shape(ids)[1]
        memory, state = self.model.encode(ids, lengths)
        limits = self._limits(lengths, max_steps)

        def step(tokens: Tensor, rows: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
            return self.model.step(tokens, rows, beam_size, state, memory, weights)

        coverage = None if coverage_penalty is None else Coverage(coverage_penalty, lengths)
        found = tf.cond(
            beam_size == 1,
            lambda: greedy_search(step, state, limits, width, length_penalty, coverage),
            lambda: beam_search(step, state, limits, width, length_penalty, beam_size, coverage),
        )
        return found._replace(ids=tf.gather(weights.output_ids, found.ids))

    def _limits(self, lengths: Tensor, max_steps: Tensor) -> Tensor:
        own_limit = tf.cast(tf.cast(lengths, tf.float32) * self.factor, tf.int32) + self.offset
        return tf.maximum(tf.minimum(own_limit, max_steps), 1)

    @tf.function(input_signature=[*SIGNATURE, tf.TensorSpec([2], tf.int32, name="seed")])
    def sample_ids(
        self, ids: Tensor, lengths: Tensor, samples: Tensor, length_penalty: Tensor, max_steps: Tensor, seed: Tensor
    ) -> dict[str, Tensor]:
        """Draw translations of B sentences instead of searching for the best ones.

        Args:
            ids, lengths, length_penalty, max_steps: as in `search`.
            samples: scalar int32, draws for each sentence.
            seed: of the draws.
        """
        weights = self._search_weights(tf.constant(False))
        memory, state = self.model.encode(ids, lengths)

        def step(tokens: Tensor, rows: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
            return self.model.step(tokens, rows, samples, state, memory, weights)

        found = sample(step, state, self._limits(lengths, max_steps), length_penalty, samples, seed)
        return found._replace(ids=tf.gather(weights.output_ids, found.ids))._asdict()

    @tf.function(input_signature=SIGNATURE)
    def translate_ids(
        self, ids: Tensor, lengths: Tensor, beam_size: Tensor, length_penalty: Tensor, max_steps: Tensor
    ) -> dict[str, Tensor]:
        """`search` under the names of the exported signature, with the coverage penalty of the config."""
        found = self.search_weights(tf.constant(False))
        return self.translate_prepared(ids, lengths, beam_size, length_penalty, max_steps, **found)

    def _translate_prepared(
        self,
        ids: Tensor,
        lengths: Tensor,
        beam_size: Tensor,
        length_penalty: Tensor,
        max_steps: Tensor,
        input_gates: Tensor,
        output_weights: Tensor,
        output_bias: Tensor,
        output_ids: Tensor,
        coverage_penalty: Tensor | None = None,
    ) -> dict[str, Tensor]:
        weights = SearchWeights(input_gates, output_weights, output_bias, output_ids)
        return self.search(ids, lengths, beam_size, length_penalty, max_steps, weights, coverage_penalty)._asdict()


class LiveRuntime:
    """A model in memory behind the interface of an exported one, so that validation runs the very path that users run.

    It translates with the weights as they stood when it was made.
    """

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.takes_coverage_penalty = inference.model.sees_source
        self.weights = inference.search_weights(tf.constant(True))

    def translate_ids(
        self,
        ids: NDArray[np.int32],
        lengths: NDArray[np.int32],
        *,
        beam_size: int,
        length_penalty: float,
        max_steps: int,
        coverage_penalty: float = 0.0,
    ) -> FoundHypotheses:
        """See `Runtime.translate_ids`."""
        own = {"coverage_penalty": tf.constant(coverage_penalty, tf.float32)} if self.takes_coverage_penalty else {}
        found = self.inference.translate_prepared(
            *(tf.constant(part, tf.int32) for part in (ids, lengths, beam_size)),
            tf.constant(length_penalty, tf.float32),
            tf.constant(max_steps, tf.int32),
            **(self.weights | own),
        )
        return FoundHypotheses(*(found[name].numpy() for name in FoundHypotheses._fields))
