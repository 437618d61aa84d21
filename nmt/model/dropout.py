"""Dropout whose mask is a pure function of (seed, site): no hidden random state that a checkpoint could forget."""

import zlib
from collections.abc import Sequence

import tensorflow as tf

from nmt.special_tokens import BOS, PAD, UNK
from nmt.tensors import Tensor

BYTE_VALUES = 256


def _place(seed: Tensor, site: str) -> Tensor:
    """The seed of one named place in the model."""
    return tf.random.fold_in(seed, zlib.crc32(site.encode()) & 0x7FFFFFFF)


def _bytes(shape: list[Tensor | int], seed: Tensor, site: str) -> Tensor:
    """Draw uniform bytes, four from each random word; equal on every device because the generator is named."""
    *outer, width = shape
    words = -(-int(width) // 4)
    drawn = tf.random.stateless_uniform([*outer, words], _place(seed, site), None, None, tf.uint32, alg="philox")
    return tf.reshape(tf.bitcast(drawn, tf.uint8), [*outer, 4 * words])[..., :width]


def dropout(x: Tensor, rate: float, seed: Tensor | None, site: str, steps: int | None = None) -> Tensor:
    """Zero a share `rate` of x and scale the rest by 1 / (1 - rate) (Srivastava et al. 2014).

    Args:
        x: any float tensor with a known last axis.
        rate: probability of dropping one element, rounded to 1/256: one byte decides.
        seed: int32 [2], different for each update and replica; None outside training, where x is returned as it is.
        site: name of the place in the model, so that two places draw different masks.
        steps: the axis of the positions of a sequence, all of which then have one mask (variational dropout, Gal and Ghahramani 2016);
            None: each has its own.
    """
    dropped = min(round(rate * BYTE_VALUES), BYTE_VALUES - 1)
    if seed is None or dropped == 0:
        return x
    shape = tf.shape(x)
    drawn = _bytes([*(1 if axis == steps else shape[axis] for axis in range(len(x.shape) - 1)), x.shape[-1]], seed, site)
    keep = tf.cast(drawn >= tf.constant(dropped, tf.uint8), x.dtype)
    return x * (keep * (BYTE_VALUES / (BYTE_VALUES - dropped)))


def recurrent_mask(shape: list[Tensor | int], rate: float, seed: Tensor | None, site: str) -> Tensor | None:
    """Dropout of what a layer tells itself, one mask [B, H] for all steps (Gal and Ghahramani 2016); None where nothing is dropped."""
    return None if seed is None or rate == 0.0 else dropout(tf.ones(shape), rate, seed, f"{site}.recurrent")


def word_dropout(ids: Tensor, rate: float, seed: Tensor | None, site: str, spared: Sequence[int] = (PAD, BOS)) -> Tensor:
    """Replace a share `rate` of the input tokens by the unknown token (Sennrich and Zhang 2019); labels are never touched.

    Args:
        ids: int32 tensor of token ids.
        rate, seed, site: as in `dropout`.
        spared: ids that stay: padding, begin of sentence, and tags.
    """
    if seed is None or rate == 0.0:
        return ids
    drawn = tf.random.stateless_uniform(tf.shape(ids), _place(seed, site), alg="philox")
    dropped = drawn < rate
    for token in spared:
        dropped &= ids != token
    return tf.where(dropped, tf.constant(UNK, ids.dtype), ids)
