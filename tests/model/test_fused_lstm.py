"""Our LSTM path against `keras.layers.LSTM`: outputs, gradients, lengths, weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nmt.model.fused_lstm import lstm_sequence, lstm_step
from nmt.model.recurrent import RecurrentLayer


def test_one_step_worked_by_hand() -> None:
    """With z = 0 every gate is one half and g is 0: c halves, h is half of tanh(c)."""
    h, c, _ = lstm_step(tf.zeros([1, 4]), tf.constant([[2.0]]))
    assert c.numpy() == pytest.approx(1.0)
    assert h.numpy() == pytest.approx(0.5 * np.tanh(1.0))


def inputs(T: int, B: int = 3, D: int = 4, H: int = 5, dtype: str = "float64") -> list[tf.Tensor]:
    rng = np.random.default_rng(T)
    shapes = ([T, B, D], [D, 4 * H], [H, 4 * H], [4 * H], [B, H], [B, H])
    return [tf.constant(rng.normal(size=shape) * 0.5, dtype) for shape in shapes]


def keras_layer(values: list[tf.Tensor]) -> keras.layers.LSTM:
    _, W, U, b, h0, _ = values
    layer = keras.layers.LSTM(h0.shape[1], return_sequences=True, return_state=True, dtype=W.dtype.name)
    layer.build((None, None, W.shape[0]))
    layer.set_weights([W.numpy(), U.numpy(), b.numpy()])
    return layer


@pytest.mark.parametrize("T", [1, 2, 7, 20])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
def test_outputs_and_gradients_are_those_of_keras(T: int, dtype: str, tolerance: float) -> None:
    values = inputs(T, dtype=dtype)
    x, W, U, b, h0, c0 = values
    layer = keras_layer(values)
    weight = tf.constant(np.random.default_rng(0).normal(size=(T, 3, 5)), dtype)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        ours, cells = lstm_sequence(*values)
        our_loss = tf.reduce_sum(weight * ours) + tf.reduce_sum(cells[-1])
        theirs, _, last_c = layer(tf.transpose(x, [1, 0, 2]), initial_state=[h0, c0])
        their_loss = tf.reduce_sum(weight * tf.transpose(theirs, [1, 0, 2])) + tf.reduce_sum(last_c)
    np.testing.assert_allclose(ours, tf.transpose(theirs, [1, 0, 2]), atol=tolerance)
    found = tape.gradient(our_loss, [x, W, U, b, h0, c0])
    cell = layer.cell
    expected = tape.gradient(their_loss, [x, cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value, h0, c0])
    for ours_gradient, theirs_gradient in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours_gradient, theirs_gradient, atol=tolerance, rtol=tolerance)


def test_a_mask_of_the_state_is_in_outputs_and_gradients() -> None:
    values = inputs(5)
    x, W, U, b, h0, c0 = values
    mask = tf.constant([[0.0, 2.0, 1.0, 0.0, 2.0], [1.0] * 5, [2.0, 0.0, 2.0, 0.0, 2.0]], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        ours, cells = lstm_sequence(*values, mask=mask)
        h, c, steps = h0, c0, []
        for step in tf.unstack(x):
            h, c, _ = lstm_step(tf.matmul(step, W) + b + tf.matmul(h * mask, U), c)
            steps.append(h)
        losses = [tf.reduce_sum(tf.sin(outputs)) + tf.reduce_sum(last) for outputs, last in ((ours, cells[-1]), (tf.stack(steps), c))]
    np.testing.assert_allclose(ours, tf.stack(steps), atol=1e-12)
    for found, expected in zip(*(tape.gradient(loss, values) for loss in losses), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_both_kernels_agree_on_ragged_rows_and_share_their_weights() -> None:
    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(6, 4, 3)), tf.float32)
    lengths = tf.constant([6, 1, 3, 5])
    fused, plain = (RecurrentLayer("lstm", 7, kernel=kernel, name=kernel) for kernel in ("fused", "keras"))
    fused(x, lengths)
    plain(x, lengths)
    plain.set_weights(fused.get_weights())
    (ours, our_state), (theirs, their_state) = fused(x, lengths), plain(x, lengths)
    inside = tf.sequence_mask(lengths, 6, tf.float32).numpy().T[:, :, None]
    np.testing.assert_allclose(ours * inside, theirs * inside, atol=1e-6)
    for mine, other in zip(our_state, their_state, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)


def test_padding_reaches_neither_state_nor_gradient() -> None:
    layer = RecurrentLayer("lstm", 4, kernel="fused", name="layer")
    x = tf.Variable(np.random.default_rng(2).normal(size=(5, 2, 3)).astype("float32"))
    lengths = tf.constant([5, 2])
    with tf.GradientTape() as tape:
        h, (last_h, last_c) = layer(x, lengths)
        loss = tf.reduce_sum(last_h) + tf.reduce_sum(last_c)
    np.testing.assert_array_equal(last_h[1], h[1, 1])
    gradient = tf.convert_to_tensor(tape.gradient(loss, x))
    assert np.all(gradient[2:, 1] == 0)
    assert np.any(gradient[:2, 1] != 0)


def test_step_by_step_equals_the_sequence() -> None:
    layer = RecurrentLayer("lstm", 4, kernel="fused", name="layer")
    x = tf.constant(np.random.default_rng(3).normal(size=(5, 2, 3)), tf.float32)
    whole, _ = layer(x, tf.constant([5, 5]))
    state = (tf.zeros([2, 4]), tf.zeros([2, 4]))
    for t in range(5):
        state = layer.step(x[t], state)
        np.testing.assert_allclose(state[0], whole[t], atol=1e-6)
