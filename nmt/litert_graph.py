"""The model as two graphs for LiteRT, made of its weights alone: `encode` one sentence, and one `step` of its hypotheses.

S source pieces of one sentence, N hypotheses of it. There is no padding and so no mask: a phone translates one sentence at a time, and a
graph without padding is a third of the work of one with it. The numbers are those of `nmt.model`; the export compares them.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.config import ModelConfig
from nmt.errors import ExportError
from nmt.search.step import IMPOSSIBLE
from nmt.special_tokens import BOS, PAD, UNK
from nmt.tensors import Tensor

WeightType = Literal["int8", "float16", "float32"]
Array = NDArray[np.float32]
Lookup = Callable[[Tensor], Tensor]

_GREATEST = 127  # of an int8, symmetric: -128 is not used


class LiteRtGraph(tf.Module):
    """Two signatures over constants, as the converter wants them."""

    def __init__(self, weights: dict[str, NDArray[Any]], config: ModelConfig, weight_type: WeightType) -> None:
        """Take a model apart.

        Args:
            weights: by variable path, as `nmt.checkpoint.load_weights` gives them.
            config: the shape of the model.
            weight_type: how embeddings are stored; what matrix products use is left to the converter.

        Raises:
            ExportError: a model with other weights than these graphs know.
        """
        super().__init__(name="translation")
        self._weights = {path.removeprefix("seq2seq/"): np.asarray(array, np.float32) for path, array in weights.items()}
        self._read: set[str] = set()
        self._config, self._type = config, weight_type
        self._units, self._memory_units = config.decoder_units, 2 * config.encoder_units
        three_way, tied = "source_embedding" not in self._weights, "output_weights" not in self._weights
        # The factor of the readout is in the table, and out of what is looked up in it: left to the converter, it would be multiplied into
        # a second table. One table for both ends must stay one in the file: the product gets the numbers that the lookup is made of.
        factor = config.output_scale if tied else 1.0
        self._embed_target, target = self._embedding(self._weight("target_embedding") * np.float32(factor), factor)
        self._embed_source = self._embed_target if three_way else self._embedding(self._weight("source_embedding"))[0]
        self._output = target if tied else self._weight("output_weights") * np.float32(config.output_scale)
        self._output_bias = self._weight("output_bias").copy()
        self._output_bias[[PAD, UNK, BOS]] = IMPOSSIBLE  # special tokens are no part of any translation
        self.encode = tf.function(self._encode, input_signature=[tf.TensorSpec([None], tf.int32, name="ids")])
        self.step = tf.function(
            self._step,
            input_signature=[
                tf.TensorSpec([None], tf.int32, name="tokens"),
                tf.TensorSpec([None, config.decoder_layers * 2 * self._units], tf.float32, name="state"),
                tf.TensorSpec([None, self._units], tf.float32, name="keys"),
                tf.TensorSpec([None, self._memory_units], tf.float32, name="values"),
            ],
        )
        self.functions = {name: getattr(self, name).get_concrete_function() for name in ("encode", "step")}
        if unknown := sorted(self._weights.keys() - self._read):
            raise ExportError(f"the LiteRT graph does not know the weights {', '.join(unknown)} of this model; nothing was published")

    def _weight(self, path: str) -> Array:
        if path not in self._weights:
            raise ExportError(f"the LiteRT graph needs the weight {path}, which this model lacks; nothing was published")
        self._read.add(path)
        return self._weights[path]

    def _product(self, x: Tensor, path: str) -> Tensor:
        return tf.matmul(x, tf.constant(self._weight(path)))

    def _dense(self, x: Tensor, path: str) -> Tensor:
        return self._product(x, f"{path}/kernel") + self._weight(f"{path}/bias")

    def _embedding(self, table: Array, factor: float = 1.0) -> tuple[Lookup, Array]:
        """How rows of a table [V, E], `factor` times the embeddings, are looked up, and the numbers that the table then holds.

        The table is stored in its small type and only the rows that were asked for become float32. Left to the converter, a float16 table
        would be made float32 as a whole, and an int8 one would have a single scale for all its rows.
        """
        scale = self._config.embedding_units**0.5 / factor
        if self._type == "float16":
            small = table.astype(np.float16)
            bits16 = small.view(np.int16)  # LiteRT looks up integers of 16 bits, and no floats of 16
            return lambda ids: tf.cast(tf.bitcast(tf.gather(tf.constant(bits16), ids), tf.float16), tf.float32) * scale, small.astype(
                np.float32
            )
        if self._type == "float32":
            return lambda ids: tf.gather(tf.constant(table), ids) * scale, table
        greatest = np.abs(table).max(axis=1, keepdims=True)
        row_scale = np.where(greatest > 0, greatest / _GREATEST, 1.0).astype(np.float32)  # [V, 1]
        whole = np.round(table / row_scale).astype(np.int8)
        # As bits: the converter would quantise a float32 constant, and one step of 127 is too coarse for a scale.
        bits = row_scale.view(np.int32)

        def look_up(ids: Tensor) -> Tensor:
            rows = tf.cast(tf.gather(tf.constant(whole), ids), tf.float32)
            return rows * (tf.bitcast(tf.gather(tf.constant(bits), ids), tf.float32) * scale)

        return look_up, whole * row_scale

    def _encode(self, ids: Tensor) -> dict[str, Tensor]:
        """Encode a sentence: ids [S], EOS the last -> keys [S, H], values [S, M] and the decoder's first state [1, L · 2 · H]."""
        h = self._embed_source(ids)
        for depth in range(self._config.encoder_layers):
            h, last_h, last_c = self._bidirectional(h, depth)
        keys = self._product(h, "keys/kernel") if self._config.attention == "general" else h * self._units**-0.5
        state: list[Tensor] = []
        for depth in range(self._config.decoder_layers):
            state += [tf.tanh(self._dense(last_h, f"bridge_h_{depth}")), self._dense(last_c, f"bridge_c_{depth}")]
        return {"keys": keys, "values": h, "state": tf.concat(state, axis=1)}

    def _bidirectional(self, x: Tensor, depth: int) -> tuple[Tensor, Tensor, Tensor]:
        """From x [S, D] to h [S, M] and the last h and c [1, M], both directions in one loop: its bookkeeping is half the time."""
        units, steps = self._config.encoder_units, tf.shape(x)[0]
        ahead, back = (f"encoder/{direction}_{depth}/lstm/lstm_cell" for direction in ("forward", "backward"))
        z = [self._dense(x, ahead), tf.reverse(self._dense(x, back), [0])]
        inputs = tf.stack(z, axis=1)  # [S, 2, 4 · units]

        def body(t: Tensor, h: Tensor, c: Tensor, outputs: Tensor) -> tuple[Tensor, ...]:
            products = [self._product(h[i : i + 1], f"{path}/recurrent_kernel") for i, path in enumerate((ahead, back))]
            h, c = _cell(inputs[t] + tf.concat(products, axis=0), c)
            return t + 1, h, c, outputs.write(t, h)

        zeros = tf.zeros([2, units])
        outputs = tf.TensorArray(tf.float32, size=steps, element_shape=[2, units])
        _, h, c, outputs = tf.while_loop(lambda t, *_: t < steps, body, (0, zeros, zeros, outputs))
        both = tf.reshape(outputs.stack(), [-1, 2, units])
        memory = tf.concat([both[:, 0], tf.reverse(both[:, 1], [0])], axis=1)
        return memory, tf.reshape(h, [1, 2 * units]), tf.reshape(c, [1, 2 * units])

    def _step(self, tokens: Tensor, state: Tensor, keys: Tensor, values: Tensor) -> dict[str, Tensor]:
        """Score the next token.

        Args:
            tokens: [N] the last token of each hypothesis.
            state: [N, L · 2 · H], (h, c) of each decoder layer.
            keys: [S, H] and values: [S, M], from `encode`.

        Returns:
            logits [N, V], the next state, attention [N, S].
        """
        parts = tf.split(state, 2 * self._config.decoder_layers, axis=1)
        x = self._embed_target(tokens)
        states: list[Tensor] = []
        for depth in range(self._config.decoder_layers):
            path = f"decoder/lstm_{depth}/lstm/lstm_cell"
            z = self._dense(x, path) + self._product(parts[2 * depth], f"{path}/recurrent_kernel")
            h, c = _cell(z, parts[2 * depth + 1])
            states += [h, c]
            if depth == 0:
                attention = tf.nn.softmax(tf.matmul(h, keys, transpose_b=True))
                context = tf.matmul(attention, values)
            x = tf.concat([h, context], axis=1)
        readout = tf.tanh(self._dense(x, "decoder/readout"))
        logits = tf.matmul(readout, tf.constant(self._output), transpose_b=True) + self._output_bias
        return {"logits": logits, "next_state": tf.concat(states, axis=1), "attention": attention}


def _cell(z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """(h, c) of one LSTM step from pre-activations z [·, 4H], gates in the order i, f, g, o, and the cell state before [·, H]."""
    i, f, g, o = tf.split(z, 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c
