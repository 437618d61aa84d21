"""A shuffle of 0 … n - 1 that is computed, not stored: any slice of it costs memory for that slice alone."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 4


def permuted(positions: NDArray[np.int64], n: int, seed: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the images of `positions` under a pseudo-random permutation of 0 … n - 1.

    A balanced Feistel network (Luby and Rackoff 1988) permutes the smallest power of four not below n; images beyond n are sent through it
    again until they fall inside ("cycle walking", Black and Rogaway 2002), which keeps the map one to one.

    Args:
        positions: int64 values in 0 … n - 1.
        n: how many values are permuted, at least 1.
        seed: chooses the permutation.
    """
    half = max(1, (max(n - 1, 1).bit_length() + 1) // 2)
    keys = np.random.default_rng(seed).integers(1, 2**62, size=ROUNDS, dtype=np.uint64) | np.uint64(1)
    values = positions.astype(np.uint64)
    outside = np.ones(len(values), dtype=bool)
    while outside.any():
        values[outside] = _network(values[outside], keys, half)
        outside = values >= n
    return values.astype(np.int64)


def _network(values: NDArray[np.uint64], keys: NDArray[np.uint64], half: int) -> NDArray[np.uint64]:
    bits, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = values >> bits, values & mask
    for key in keys:
        mixed = (right + (key >> np.uint64(32))) * key  # wraps modulo 2**64, which is the mixing
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        left, right = right, left ^ ((mixed >> np.uint64(32)) & mask)
    return (left << bits) | right
