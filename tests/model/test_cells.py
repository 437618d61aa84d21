"""Each cell against numbers worked by hand, against Keras where Keras has it, and its gradient against TensorFlow's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nmt.model.cells import CELLS, layer_norm
from nmt.model.recurrence import recurrent_sequence
from nmt.model.recurrent import RecurrentLayer, describe_kernel


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def state_of(*parts: float) -> tuple[tf.Tensor, ...]:
    return tuple(tf.constant([[part]], tf.float64) for part in parts)


def one_unit(*numbers: float) -> tf.Tensor:
    return tf.constant([numbers], tf.float64)


def test_the_carousel_of_1997_keeps_what_it_has_and_squashes_as_the_paper_does() -> None:
    """With both gates closed (-∞) the cell state stays as it is; with all at 0: g = 0, and h is half of 2σ(c) - 1."""
    _, kept = CELLS["lstm1997"].step(one_unit(-1e3, 5.0, -1e3), one_unit(0, 0, 0), state_of(0.0, 1.5), ())
    assert float(kept[0, 0]) == 1.5
    h, c = CELLS["lstm1997"].step(one_unit(0, 0, 0), one_unit(0, 0, 0), state_of(0.0, 1.5), ())
    assert float(c[0, 0]) == pytest.approx(1.5)
    assert float(h[0, 0]) == pytest.approx(0.5 * (2 * sigmoid(np.array(1.5)) - 1))
    greatest = CELLS["lstm1997"].gates(one_unit(0, 1e3, 0), one_unit(0, 0, 0), state_of(0.0, 0.0), ())["g"]
    assert float(greatest[0, 0]) == 2.0


def test_a_gru_with_its_update_gate_open_keeps_its_state() -> None:
    (h,) = CELLS["gru"].step(one_unit(1e3, 0, 9.0), one_unit(0, 0, 0), state_of(0.25), (one_unit(0, 0, 0)[0],))
    assert float(h[0, 0]) == 0.25


def test_elmans_cell_is_one_tanh() -> None:
    (h,) = CELLS["rnn"].step(one_unit(0.3), one_unit(0.2), state_of(9.0), ())
    assert float(h[0, 0]) == pytest.approx(np.tanh(0.5))


def test_layer_norm_worked_by_hand() -> None:
    """1 and 3 have mean 2 and deviation 1: they become -1 and 1, times the gain."""
    np.testing.assert_allclose(layer_norm(tf.constant([[1.0, 3.0]]), tf.constant([2.0, 5.0])), [[-2.0, 5.0]], atol=1e-4)


def test_layer_normalised_lstm_against_numpy() -> None:
    rng = np.random.default_rng(0)
    layer = RecurrentLayer("layernorm_lstm", 3, kernel="fused", name="layer")
    x, h, c = (rng.normal(size=shape).astype("float32") for shape in ((2, 4), (2, 3), (2, 3)))
    layer.build((None, None, 4))
    layer.set_weights([rng.normal(size=weight.shape).astype("float32") for weight in layer.weights])
    W, U, b, input_gain, recurrent_gain, cell_gain, cell_bias = layer.get_weights()

    def norm(v: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return (v - v.mean(1, keepdims=True)) / np.sqrt(v.var(1, keepdims=True) + 1e-5) * gain

    i, f, g, o = np.split(norm(x @ W, input_gain) + norm(h @ U, recurrent_gain) + b, 4, axis=1)
    expected_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    expected_h = sigmoid(o) * np.tanh(norm(expected_c, cell_gain) + cell_bias)
    found_h, found_c = layer.step(tf.constant(x), (tf.constant(h), tf.constant(c)))
    np.testing.assert_allclose(found_c, expected_c, atol=1e-5)
    np.testing.assert_allclose(found_h, expected_h, atol=1e-5)


def filled(cell: str, kernel: str = "fused", dtype: str = "float64") -> RecurrentLayer:
    layer = RecurrentLayer(cell, 5, kernel=kernel, name="layer", dtype=dtype)  # type: ignore[arg-type]
    layer.build((None, None, 4))
    rng = np.random.default_rng(1)
    layer.set_weights([weight + 0.3 * rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize(("cell", "keras_layer"), [("gru", keras.layers.GRU), ("rnn", keras.layers.SimpleRNN)])
def test_outputs_and_gradients_are_those_of_keras(cell: str, keras_layer: type[keras.layers.Layer]) -> None:
    layer, rng = filled(cell), np.random.default_rng(2)
    x, h0 = tf.constant(rng.normal(size=(7, 3, 4))), tf.constant(rng.normal(size=(3, 5)))
    other = keras_layer(5, return_sequences=True, dtype="float64")
    other.build((None, None, 4))
    other.set_weights(layer.get_weights())
    weight = tf.constant(rng.normal(size=(7, 3, 5)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((x, h0))
        ours, (last,) = layer(x, tf.constant([7, 7, 7]), (h0,))
        theirs = tf.transpose(other(tf.transpose(x, [1, 0, 2]), initial_state=h0), [1, 0, 2])
        losses = [tf.reduce_sum(weight * h) for h in (ours, theirs)]
    np.testing.assert_allclose(ours, theirs, atol=1e-10)
    np.testing.assert_allclose(last, theirs[-1], atol=1e-10)
    found, expected = (
        tape.gradient(loss, [x, h0, *[variable.value for variable in owner.trainable_variables]])
        for loss, owner in zip(losses, (layer, other), strict=True)
    )
    for mine, other_one in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other_one, atol=1e-10)


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize("T", [1, 6])
def test_the_fused_gradient_is_that_of_step_after_step(cell: str, T: int) -> None:
    layer, rng = filled(cell), np.random.default_rng(3)
    x = tf.constant(rng.normal(size=(T, 3, 4)))
    start = tuple(tf.constant(rng.normal(size=(3, 5))) for _ in range(layer.sizes.parts))
    weight = tf.constant(rng.normal(size=(T, 3, 5)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((x, start))
        h, last = layer(x, tf.constant([T] * 3), start)
        whole = tf.reduce_sum(weight * h) + tf.reduce_sum(last[-1])
        state, outputs = start, []
        for t in range(T):
            state = layer.step(x[t], state)
            outputs.append(state[0])
        stepped = tf.reduce_sum(weight * tf.stack(outputs)) + tf.reduce_sum(state[-1])
    np.testing.assert_allclose(whole, stepped, rtol=1e-10)
    wanted = [x, *start, *[variable.value for variable in layer.trainable_variables]]
    for mine, other in zip(tape.gradient(whole, wanted), tape.gradient(stepped, wanted), strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(mine), tf.convert_to_tensor(other), atol=1e-9)


@pytest.mark.parametrize("cell", list(CELLS))
def test_padding_reaches_neither_state_nor_gradient(cell: str) -> None:
    layer = filled(cell, dtype="float32")
    x = tf.constant(np.random.default_rng(4).normal(size=(5, 2, 4)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        h, last = layer(x, tf.constant([5, 2]))
        loss = tf.add_n([tf.reduce_sum(part) for part in last])
    np.testing.assert_array_equal(last[0][1], h[1, 1])
    gradient = tape.gradient(loss, x).numpy()
    assert np.all(gradient[2:, 1] == 0)
    assert np.any(gradient[:2, 1] != 0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_both_kernels_agree_on_ragged_rows(cell: str) -> None:
    fused, plain = filled(cell, dtype="float32"), filled(cell, "keras", "float32")
    plain.set_weights(fused.get_weights())
    x, lengths = tf.constant(np.random.default_rng(5).normal(size=(6, 4, 4)), tf.float32), tf.constant([6, 1, 3, 5])
    (ours, our_state), (theirs, their_state) = fused(x, lengths), plain(x, lengths)
    inside = tf.sequence_mask(lengths, 6, tf.float32).numpy().T[:, :, None]
    np.testing.assert_allclose(ours * inside, theirs * inside, atol=1e-6)
    for mine, other in zip(our_state, their_state, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)


def test_what_cudnn_cannot_run_says_so() -> None:
    assert "cuDNN (a GPU" in describe_kernel("gru", "keras")
    for cell in ("rnn", "lstm1997", "layernorm_lstm"):
        assert f"cuDNN has no {cell}" in describe_kernel(cell, "keras")  # type: ignore[arg-type]


def test_a_recurrence_of_a_cell_that_only_adds_is_a_running_sum() -> None:
    """With U = 0 and h' = h + z, h is the sum of all z so far, and each z counts once in every later h."""
    z = tf.constant(np.arange(6.0).reshape(3, 1, 2))
    with tf.GradientTape() as tape:
        tape.watch(z)
        (h,) = recurrent_sequence(
            lambda z, r, state, _: (state[0] + z + 0 * r,), z, tf.zeros([2, 2], z.dtype), (), (tf.zeros([1, 2], z.dtype),)
        )
    np.testing.assert_array_equal(h, np.cumsum(z, axis=0))
    np.testing.assert_array_equal(tape.gradient(h, z)[:, 0, 0], [3.0, 2.0, 1.0])


def test_a_mask_of_the_state_is_in_outputs_and_gradients_of_any_cell() -> None:
    rng = np.random.default_rng(0)
    z, U, b, h0 = (tf.constant(rng.normal(size=shape)) for shape in ([4, 2, 9], [3, 9], [9], [2, 3]))
    mask, given = tf.constant([[0.0, 2.0, 1.0], [2.0, 0.0, 2.0]], tf.float64), [z, U, b, h0]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(given)
        (ours,) = recurrent_sequence(CELLS["gru"].step, z, U, (b,), (h0,), mask=mask)
        h, steps = h0, []
        for step in tf.unstack(z):
            (h,) = CELLS["gru"].step(step, tf.matmul(h * mask, U), (h,), (b,))
            steps.append(h)
        losses = [tf.reduce_sum(tf.sin(outputs)) for outputs in (ours, tf.stack(steps))]
    np.testing.assert_allclose(ours, tf.stack(steps), atol=1e-12)
    for found, expected in zip(*(tape.gradient(loss, given) for loss in losses), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
