"""Dropout whose mask is a pure function of (seed, site): no hidden random state that a checkpoint could forget."""

import zlib

import tensorflow as tf

from nmt.special_tokens import BOS, PAD, UNK
from nmt.tensors import Tensor


def _uniform(shape: Tensor, seed: Tensor, site: str) -> Tensor:
    """Draw U[0, 1) for one named place in the model; equal on every device because the generator is named."""
    place = tf.random.fold_in(seed, zlib.crc32(site.encode()) & 0x7FFFFFFF)
    return tf.random.stateless_uniform(shape, seed=place, alg="philox")


def dropout(x: Tensor, rate: float, seed: Tensor | None, site: str) -> Tensor:
    """Zero a share `rate` of x and scale the rest by 1 / (1 - rate) (Srivastava et al. 2014).

    Args:
        x: any float tensor.
        rate: probability of dropping one element.
        seed: int32 [2], different for each update and replica; None outside training, where x is returned as it is.
        site: name of the place in the model, so that two places draw different masks.
    """
    if seed is None or rate == 0.0:
        return x
    keep = tf.cast(_uniform(tf.shape(x), seed, site) >= rate, x.dtype)
    return x * (keep * (1.0 / (1.0 - rate)))


def word_dropout(ids: Tensor, rate: float, seed: Tensor | None, site: str) -> Tensor:
    """Replace a share `rate` of the input tokens by the unknown token (Sennrich and Zhang 2019); labels are never touched.

    Args:
        ids: int32 tensor of token ids; padding and the begin-of-sentence token stay.
        rate, seed, site: as in `dropout`.
    """
    if seed is None or rate == 0.0:
        return ids
    dropped = (_uniform(tf.shape(ids), seed, site) < rate) & (ids != PAD) & (ids != BOS)
    return tf.where(dropped, tf.constant(UNK, ids.dtype), ids)
