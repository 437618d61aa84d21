"""`nmt inspect gradients`: how much of an error at the end reaches the steps before it, and whether a cell learns from that."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.inspect.lag_task import LagLearner, LagSettings, sequences
from nmt.model.cell_sizes import CellName

Float64 = NDArray[np.float64]
Jobs = Callable[[Sequence[tuple[CellName, int]]], Iterable[tuple[CellName, int]]]
"""Goes through the jobs while a bar is shown."""


@dataclass(frozen=True)
class Reach:
    """Gradients of one cell on one batch, [T] each, the last step first: place k is T − t = k."""

    h: Float64
    """Mean over the batch of |∂ loss(T) / ∂ h(t)|."""
    c: Float64 | None
    """The same for the cell state, where there is one."""

    @property
    def relative(self) -> Float64:
        """`h` divided by its value at t = T."""
        return _to_first(self.h)

    @property
    def relative_c(self) -> Float64 | None:
        """`c` divided by its value at t = T."""
        return None if self.c is None else _to_first(self.c)


@dataclass(frozen=True)
class CellStudy:
    """What was found of one cell."""

    cell: CellName
    fresh: Reach
    trained: Reach
    """After training at the longest lag."""
    learnt: dict[int, tuple[int | None, float]]
    """For each number of steps the update after which the task was learnt (None: never), and the last share of right answers."""


def _to_first(sizes: Float64) -> Float64:
    return sizes / max(float(sizes[0]), float(np.finfo(np.float32).tiny))  # a task that is known to the last bit has no gradient at all


def reach(learner: LagLearner, steps: int) -> Reach:
    """Differentiate the loss after the last step by the state after every step."""
    x, classes = sequences(np.random.default_rng(learner.settings.seed), steps)
    with tf.GradientTape() as tape:
        states = learner.states(tf.constant(x))
        losses, _ = learner.loss(states[-1][0], tf.constant(classes))
        loss = tf.reduce_sum(losses)
    parts = list(zip(*states, strict=True))  # h of every step, c of every step
    gradients = tape.gradient(loss, parts)
    sizes = [np.array([float(tf.reduce_mean(tf.norm(gradient, axis=1))) for gradient in reversed(part)]) for part in gradients]
    return Reach(sizes[0], sizes[1] if len(sizes) > 1 else None)


def lags(steps: int) -> list[int]:
    """The lengths at which learning is tried: an eighth, a quarter, a half and the whole."""
    return sorted({max(2, steps // part) for part in (8, 4, 2, 1)})


def study(cells: Sequence[CellName], steps: int, settings: LagSettings, shown: Jobs) -> list[CellStudy]:
    """Measure the reach of gradients with fresh weights and after training, and train every cell at several lags.

    Args:
        cells: by name.
        steps: T, the longest sequence.
        settings: the same for all.
        shown: shows how far it is.
    """
    jobs = [(cell, length) for cell in cells for length in lags(steps)]
    fresh: dict[CellName, Reach] = {}
    trained: dict[CellName, Reach] = {}
    learnt: dict[CellName, dict[int, tuple[int | None, float]]] = {cell: {} for cell in cells}
    for cell, length in shown(jobs):
        with tf.device("/CPU:0"):  # so small that a GPU would only wait, and the same figures on every machine
            learner = LagLearner(cell, settings)
            if length == steps:
                fresh[cell] = reach(learner, steps)
            learnt[cell][length] = learner.learn(length)
            if length == steps:
                trained[cell] = reach(learner, steps)
    return [CellStudy(cell, fresh[cell], trained[cell], learnt[cell]) for cell in cells]
