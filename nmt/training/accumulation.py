"""Gradient accumulation: the sums of several micro-batches, one after the other, so that only one of them needs memory at a time."""

from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from nmt.data.batching import Batch
from nmt.tensors import Tensor

Rows = TypeVar("Rows")
"""A batch, and whatever else each of its rows has: any nest of tensors."""

Sums = tuple[list[Tensor], tuple[Tensor, ...]]
"""A gradient for each variable, and the sums of the loss; nothing is divided yet."""


def every_nth(batch: Rows, first: Tensor | int, step: int) -> Rows:
    """The rows first, first + step, first + 2 · step … of a batch; neighbouring rows are of like length, so that the shares are, too."""
    rows: Rows = tf.nest.map_structure(lambda part: tf.gather(part, tf.range(first, tf.shape(part)[0], step)), batch)
    return rows


def accumulated(sums_of: Callable[[Batch, Tensor], Sums], batch: Batch, seed: Tensor, micro_batches: int, variables: list[Tensor]) -> Sums:
    """Add up the sums of the micro-batches of a batch: the gradient of a sum is the sum of gradients, whatever each part holds.

    Args:
        sums_of: (micro-batch, seed) -> gradients and three loss sums.
        batch: at least one row for each micro-batch; filler rows count for nothing.
        seed: int32 [2] of the whole batch. Each micro-batch has its own, made of it; a single one has it as it is.
        micro_batches: how many.
        variables: what the gradients are by, for their shapes.
    """
    if micro_batches == 1:
        return sums_of(batch, seed)
    nothing: Sums = [tf.zeros(variable.shape, variable.dtype) for variable in variables], (tf.zeros([]), tf.zeros([]), tf.zeros([]))

    def body(number: Tensor, sums: Sums) -> tuple[Tensor, Sums]:
        found = sums_of(every_nth(batch, number, micro_batches), tf.random.fold_in(seed, number))
        return number + 1, tf.nest.map_structure(tf.add, sums, found)

    # One at a time: the activations of two would take the memory that this is for.
    start = (tf.constant(0), nothing)
    _, sums = tf.while_loop(lambda number, _: number < micro_batches, body, start, parallel_iterations=1, maximum_iterations=micro_batches)
    return sums
