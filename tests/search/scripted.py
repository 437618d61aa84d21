"""Scripted steps: a search is tested without any model."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nmt.search.step import Step
from nmt.tensors import Tensor


def bigram_step(logits: np.ndarray, width: int = 2) -> tuple[Step, Callable[[int], Tensor]]:
    """A step whose scores depend on the last token alone: `logits[last]`, [V, V]. Its state counts steps; attention is uniform."""
    table = tf.constant(logits, tf.float32)

    def step(tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        attention = tf.fill([tf.shape(tokens)[0], width], 1.0 / width)
        return tf.gather(table, tokens), state + 1, attention

    return step, lambda batch: tf.zeros([batch, 1], tf.int32)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
