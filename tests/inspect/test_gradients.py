"""The vanishing gradient against numbers that can be worked out, and the task that shows it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nmt.inspect.gradient_curves import draw_gradients, gradient_lines
from nmt.inspect.gradients import CellStudy, lags, reach, study
from nmt.inspect.lag_task import BATCH, CLASSES, LagLearner, LagSettings, sequences
from nmt.model.cell_sizes import CellName
from nmt.model.cells import CELLS


def settings(**changes: object) -> LagSettings:
    values: dict[str, object] = {"units": 4, "updates": 3, "initial": "uniform", "forget_bias": None, "seed": 1}
    return LagSettings(**(values | changes))  # type: ignore[arg-type]


def recurrent_weights(learner: LagLearner) -> tf.Variable:
    return next(variable for variable in learner.layer.trainable_variables if variable.name == "recurrent_kernel")


def test_a_plain_network_forgets_by_the_product_of_its_jacobians() -> None:
    """With U = 1/2 · identity and no input, h stays 0, tanh' is 1, and each step back halves the gradient."""
    learner = LagLearner("rnn", settings())
    recurrent_weights(learner).assign(0.5 * np.eye(4, dtype=np.float32))
    learner.layer.trainable_variables[0].assign(tf.zeros_like(learner.layer.trainable_variables[0]))
    np.testing.assert_allclose(reach(learner, 8).relative, 0.5 ** np.arange(8), rtol=1e-5)


def test_the_carousel_of_1997_hands_errors_on_as_they_are() -> None:
    """Without recurrent weights ∂c(t)/∂c(t−1) is 1 and nothing else passes; a forget gate would take its share at every step."""
    found = {}
    for cell in ("lstm1997", "lstm"):
        learner = LagLearner(cell, settings())  # type: ignore[arg-type]
        recurrent_weights(learner).assign(tf.zeros([4, recurrent_weights(learner).shape[1]]))
        found[cell] = reach(learner, 20).relative_c
    assert found["lstm1997"] is not None
    assert found["lstm"] is not None
    np.testing.assert_allclose(found["lstm1997"], 1.0, rtol=1e-5)
    assert found["lstm"][-1] < 0.1


def test_a_large_forget_bias_brings_the_carousel_back() -> None:
    last = [reach(LagLearner("lstm", settings(forget_bias=bias)), 30).relative_c for bias in (0.0, 5.0)]
    assert last[0] is not None
    assert last[1] is not None
    assert last[0][-1] < 1e-6 < 0.5 < last[1][-1]


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradients_are_those_of_back_propagation_through_the_layer(cell: CellName) -> None:
    """By the first step's input part, the sum over the batch is what the layer's own backward pass gives."""
    learner = LagLearner(cell, settings(forget_bias=2.0))
    x, classes = map(tf.constant, sequences(np.random.default_rng(0), 6))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        stepped = tf.reduce_sum(learner.loss(learner.states(x)[-1][0], classes)[0])
        whole = tf.reduce_sum(learner.loss(learner.layer(x, tf.fill([BATCH], 6))[0][-1], classes)[0])
    np.testing.assert_allclose(tape.gradient(stepped, x), tape.gradient(whole, x), atol=1e-5)


def test_only_the_first_symbol_tells_the_class() -> None:
    x, classes = sequences(np.random.default_rng(3), 9)
    assert x.shape == (9, BATCH, 12)
    assert (x[0].argmax(axis=1) == classes).all()
    assert (x[1:].argmax(axis=2) >= CLASSES).all()


def test_a_short_lag_is_learnt_and_the_same_seed_learns_it_alike() -> None:
    outcomes = [LagLearner("lstm1997", settings(units=16, updates=200)).learn(4) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] is not None
    assert outcomes[0][1] == 1.0


def test_a_study_has_every_cell_and_lag_in_its_lines(tmp_path: Path) -> None:
    jobs: list[tuple[CellName, int]] = []
    found = study(("rnn", "gru"), 4, settings(), lambda todo: (jobs.append(job) or job for job in todo))  # type: ignore[func-returns-value]
    assert jobs == [(cell, steps) for cell in ("rnn", "gru") for steps in (2, 4)]
    lines = gradient_lines(found, CLASSES)
    assert lines[1].endswith("  4 steps")
    assert [line.split()[0] for line in lines[2:4]] == ["rnn", "gru"]
    assert draw_gradients(found, tmp_path / "gradients.png", title="a title").stat().st_size > 1000


def test_lags_are_told_once_each() -> None:
    assert lags(100) == [12, 25, 50, 100]
    assert lags(4) == [2, 4]


def test_what_was_never_learnt_is_told_by_its_share() -> None:
    flat = reach(LagLearner("gru", settings()), 4)
    lines = gradient_lines([CellStudy("gru", flat, flat, {4: (None, 0.3), 8: (17, 1.0)})], CLASSES)
    assert lines[2].split() == ["gru", "30%", "right", "17"]
