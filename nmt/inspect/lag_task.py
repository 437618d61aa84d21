"""A task with a time lag, and one recurrent layer that learns it, or does not.

The first symbol of a sequence must be named after the last one (Hochreiter and Schmidhuber 1997, experiment 2; the latch problem of Bengio
et al. 1994). Every symbol between is drawn at random and means nothing, so nothing short-cuts the lag. Chance is right once in `CLASSES`.
"""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.model.cell_sizes import CellName
from nmt.model.recurrence import State
from nmt.model.recurrent import RecurrentLayer
from nmt.tensors import Tensor

CLASSES, DISTRACTORS = 4, 8
"""Symbols to remember, and symbols to overlook."""
BATCH = 32
LEARNING_RATE = 0.01
CLIP_NORM = 1.0
SOLVED_BATCHES = 10
"""So many batches in a row without an error, each of new sequences, and the task counts as learnt."""
RANGE_1997 = 0.2
"""Initial weights were uniform in [-0.2, 0.2] there."""

Initial = Literal["uniform", "orthogonal"]


@dataclass(frozen=True)
class LagSettings:
    """What is the same for every cell."""

    units: int
    updates: int
    """At most."""
    initial: Initial
    """Recurrent weights: uniform as in 1997, or orthogonal as the project's layers begin."""
    forget_bias: float | None
    """First bias of the gate that keeps the state (f of an LSTM, z of a GRU); None: 1 and 0, as the project's layers begin."""
    seed: int


def sequences(draw: np.random.Generator, steps: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """A batch of the task: symbols as one-hot vectors [steps, BATCH, symbols], and the class of each sequence [BATCH]."""
    classes = draw.integers(0, CLASSES, size=BATCH)
    symbols = draw.integers(CLASSES, CLASSES + DISTRACTORS, size=(steps, BATCH))
    symbols[0] = classes
    return np.eye(CLASSES + DISTRACTORS, dtype=np.float32)[symbols], classes.astype(np.int32)


class LagLearner:
    """A recurrent layer of one cell, and a linear layer that reads its last h."""

    def __init__(self, cell: CellName, settings: LagSettings) -> None:
        self.settings = settings
        keras.utils.set_random_seed(settings.seed)
        self.layer = RecurrentLayer(cell, settings.units, kernel="fused", name=cell)
        self.readout = keras.layers.Dense(CLASSES, name="readout")
        self.layer.build((None, None, CLASSES + DISTRACTORS))
        self.readout.build((None, settings.units))
        weights = {variable.name: variable for variable in self.layer.trainable_variables}
        if settings.initial == "uniform":
            recurrent = weights["recurrent_kernel"]
            draw = np.random.default_rng(settings.seed)
            recurrent.assign(draw.uniform(-RANGE_1997, RANGE_1997, recurrent.shape).astype(np.float32))
        if settings.forget_bias is not None and cell in _KEEPING:
            bias = weights["bias"].numpy()
            block = _KEEPING[cell]
            bias.reshape(-1)[block * settings.units : (block + 1) * settings.units] = settings.forget_bias  # of a GRU: its input bias
            weights["bias"].assign(bias)
        self.variables: list[Any] = [*self.layer.trainable_variables, *self.readout.trainable_variables]

    def loss(self, h: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of each sequence [B] from the last h [B, H], and whether each is right [B]."""
        logits = self.readout(h)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
        return losses, tf.argmax(logits, axis=1, output_type=tf.int32) == classes

    def learn(self, steps: int) -> tuple[int | None, float]:
        """Train on sequences of a length.

        Returns:
            The update after which the task was learnt, or None; and the share of right answers in the last `SOLVED_BATCHES` batches.
        """
        optimizer = keras.optimizers.Adam(LEARNING_RATE, global_clipnorm=CLIP_NORM)
        optimizer.build(self.variables)
        lengths = tf.fill([BATCH], steps)

        @tf.function
        def update(x: Tensor, classes: Tensor) -> Tensor:
            with tf.GradientTape() as tape:
                h, _ = self.layer(x, lengths)
                losses, right = self.loss(h[-1], classes)
                loss = tf.reduce_mean(losses)
            optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables, strict=True))
            return tf.reduce_mean(tf.cast(right, tf.float32))

        draw = np.random.default_rng([self.settings.seed, steps])
        # Traced once, by name: of many tf.functions of one origin TensorFlow would warn that they are traced again and again.
        update = update.get_concrete_function(*map(tf.constant, sequences(np.random.default_rng(0), steps)))
        shares: list[float] = []
        for number in range(1, self.settings.updates + 1):
            shares.append(float(update(*map(tf.constant, sequences(draw, steps)))))
            if len(shares) >= SOLVED_BATCHES and min(shares[-SOLVED_BATCHES:]) == 1.0:
                return number, 1.0
        return None, float(np.mean(shares[-SOLVED_BATCHES:]))

    def states(self, x: Tensor) -> list[State]:
        """The state after every step of [T, B, symbols], one step at a time, so that each can be differentiated by."""
        state = self.layer.zero_state(x.shape[1])
        found = []
        for step in tf.unstack(x):
            state = self.layer.step(step, state)
            found.append(state)
        return found


_KEEPING = {"lstm": 1, "layernorm_lstm": 1, "gru": 0}
"""Which block of H units of the bias belongs to the gate that keeps the state; the 1997 cell always keeps it, the plain one has no gate."""
