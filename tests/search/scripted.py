"""Scripted steps: a search is tested without any model."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nmt.search.step import Step
from nmt.tensors import Tensor


def bigram_step(logits: np.ndarray, grid: int, width: int = 2) -> tuple[Step, Callable[[int], Tensor]]:
    """A step whose scores depend on the last token alone: `logits[last]`, [V, V]. Its state counts steps; attention is uniform.

    Args:
        logits: the scores.
        grid: rows of the search, sentences times beam size.
        width: source positions.
    """
    table = tf.constant(logits, tf.float32)

    def step(tokens: Tensor, rows: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return tf.gather(table, tokens), state + 1, tf.fill([grid, width], 1.0 / width)

    return step, lambda batch: tf.zeros([batch, 1], tf.int32)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
