"""Several models that translate as one: at each step the mean of their probabilities (Sutskever et al. 2014, section 3.6).

An ensemble has what a search asks of a model, in the same form, so that `Inference` freezes it into one graph and every reader of exports
takes it as any other. Its output weights are those of its members one below the other, [W_1ᵀ; b_1; W_2ᵀ; b_2; …]: a shortlist chooses
columns of them as it does of one model's. Its output bias has nothing but what no translation may hold.
"""

from collections.abc import Sequence
from functools import reduce
from math import log
from typing import Any

import tensorflow as tf

from nmt.model.seq2seq import SearchWeights, Seq2Seq
from nmt.tensors import Tensor


class Ensemble:
    """Models of one pair of vocabularies; everything else about them may differ."""

    def __init__(self, members: Sequence[Seq2Seq]) -> None:
        """Join at least one model."""
        self.members = list(members)
        sizes = [member.search_sizes for member in self.members]
        self._gates, self._widths = [size.gates for size in sizes], [size.readout + 1 for size in sizes]
        # The last row of a member's part is its bias.
        self.search_sizes = sizes[0]._replace(gates=sum(self._gates), readout=sum(self._widths))

    @property
    def trainable_variables(self) -> list[Any]:
        """Of all members."""
        return [variable for member in self.members for variable in member.trainable_variables]

    @property
    def sees_source(self) -> bool:
        """Whether any member attends to anything."""
        return any(member.sees_source for member in self.members)

    def input_gates(self, ids: Tensor) -> Tensor:
        """`Seq2Seq.input_gates` of all members side by side."""
        return tf.concat([member.input_gates(ids) for member in self.members], axis=1)

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """[Σ (readout units + 1), V] as above, and zeros [V]."""
        rows = []
        for member in self.members:
            weights, bias = member.output_layer()
            rows += [weights, bias[tf.newaxis, :]]
        return tf.concat(rows, axis=0), tf.zeros_like(bias)

    def encode(self, source: Tensor, source_lengths: Tensor) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """`Seq2Seq.encode`: what each member remembers of the source, and each one's first state."""
        memories, states = zip(*(member.encode(source, source_lengths) for member in self.members), strict=True)
        return memories, states

    def step(
        self, tokens: Tensor, rows: Tensor, beam_size: Tensor, state: tuple[Any, ...], memory: tuple[Any, ...], weights: SearchWeights
    ) -> tuple[Tensor, tuple[Any, ...], Tensor]:
        """`Seq2Seq.step` with log P = log Σ_m P_m / M in place of logits, and the members' mean attention."""
        gates = tf.split(weights.input_gates, self._gates, axis=1)
        output = tf.split(weights.output_weights, self._widths, axis=0)
        log_probs, states, attentions = [], [], []
        for member, own_state, own_memory, own_gates, own_output in zip(self.members, state, memory, gates, output, strict=True):
            own = weights._replace(
                input_gates=own_gates,
                output_weights=own_output[:-1],
                output_bias=own_output[-1] + weights.output_bias,
            )
            logits, next_state, attention = member.step(tokens, rows, beam_size, own_state, own_memory, own)
            log_probs.append(tf.nn.log_softmax(logits))
            states.append(next_state)
            attentions.append(attention)
        seeing = sum(member.sees_source for member in self.members)
        mean = tf.add_n(attentions) / max(1, seeing)
        return reduce(_log_add, log_probs) - log(len(self.members)), tuple(states), mean


def _log_add(a: Tensor, b: Tensor) -> Tensor:
    """log(e^a + e^b), element by element."""
    return tf.maximum(a, b) + tf.math.log1p(tf.exp(-tf.abs(a - b)))
