"""The LSTM recurrence for CPUs: everything that does not depend on the previous step is done for all steps at once.

Forward, x·W of every step is one matrix product before the loop. Backward, the factors of every gate derivative are computed before the
loop and dW, dU, db and dx are one product each after it, so that the loop itself holds one product with U and a few element-wise lines.

Hochreiter and Schmidhuber (1997) for the cell, Gers et al. (2000) for the forget gate; gate order i, f, g, o as in `keras.layers.LSTM`.
"""

from collections.abc import Callable

import tensorflow as tf

from nmt.model.precision import Precision, lowered, product
from nmt.model.recurrence import masked
from nmt.tensors import Tensor


def lstm_step(z: Tensor, c: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Return (h, c, gates) of one step from pre-activations z [B, 4H] and the previous cell state c [B, H]."""
    z_i, z_f, z_g, z_o = tf.split(z, 4, axis=1)
    i, f, g, o = tf.sigmoid(z_i), tf.sigmoid(z_f), tf.tanh(z_g), tf.sigmoid(z_o)
    c = f * c + i * g
    return o * tf.tanh(c), c, (i, f, g, o)


def lstm_sequence(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    h0: Tensor,
    c0: Tensor,
    precision: Precision = "float32",
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Run an LSTM over time-major input, with its own gradient.

    Args:
        x: [T, B, D] inputs; padding may follow each row's own length and is computed like any step.
        kernel: W [D, 4H]; recurrent_kernel: U [H, 4H]; bias: b [4H]; gates in the order i, f, g, o.
        h0, c0: [B, H] initial state.
        precision: of the factors of products.
        mask: [B, H] that every h is multiplied by before its product with U.

    Returns:
        h [T, B, H] and c [T, B, H] of every step.
    """

    @tf.custom_gradient
    def run(*tensors: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., tuple[Tensor, ...]]]:
        x, W, U, b, h0, c0 = tensors
        h, c, gates = _forward(x, W, U, b, h0, c0, precision, mask)

        def gradient(dh: Tensor, dc: Tensor) -> tuple[Tensor, ...]:
            return _backward(tensors, (h, c, *gates), dh, dc, precision, mask)

        return (h, c), gradient

    return run(x, kernel, recurrent_kernel, bias, h0, c0)


def _all_steps(x: Tensor, kernel: Tensor, bias: Tensor, precision: Precision) -> Tensor:
    """x·W + b for every step as one product: [T, B, D] -> [T, B, 4H]."""
    steps, batch, width = tf.unstack(tf.shape(x))
    z = product(tf.reshape(x, [steps * batch, width]), kernel, precision) + bias
    return tf.reshape(z, [steps, batch, kernel.shape[1]])


def _forward(
    x: Tensor, W: Tensor, U: Tensor, b: Tensor, h0: Tensor, c0: Tensor, precision: Precision, mask: Tensor | None
) -> tuple[Tensor, Tensor, list[Tensor]]:
    steps, units = tf.shape(x)[0], U.shape[0]
    z, U = _all_steps(x, W, b, precision), lowered(U, precision)
    histories = [tf.TensorArray(x.dtype, size=steps, element_shape=[None, units]) for _ in range(6)]

    def body(t: Tensor, h: Tensor, c: Tensor, *arrays: Tensor) -> tuple[Tensor, ...]:
        h, c, gates = lstm_step(z[t] + product(masked(h, mask), U, precision), c)
        return t + 1, h, c, *(array.write(t, value) for array, value in zip(arrays, (h, c, *gates), strict=True))

    _, _, _, *histories = tf.while_loop(lambda t, *_: t < steps, body, (0, h0, c0, *histories), maximum_iterations=steps)
    h, c, *gates = (array.stack() for array in histories)
    return h, c, gates


def _backward(
    inputs: tuple[Tensor, ...], forward: tuple[Tensor, ...], dh: Tensor, dc: Tensor, precision: Precision, mask: Tensor | None
) -> tuple[Tensor, ...]:
    """Back-propagation through time: gradients of (x, W, U, b, h0, c0) from dh and dc [T, B, H], the gradients of every step's output."""
    x, W, U, _, h0, c0 = inputs
    h, c, i, f, g, o = forward
    steps, units = tf.shape(x)[0], U.shape[0]
    c_before = tf.concat([c0[tf.newaxis], c[:-1]], axis=0)
    h_before = tf.concat([h0[tf.newaxis], h[:-1]], axis=0)
    tanh_c = tf.tanh(c)
    # dz = [dc, dc, dc, dh] * slopes, with the derivative of each gate's activation taken for all steps at once.
    slopes = tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * (1 - g * g), tanh_c * o * (1 - o)], axis=2)
    cell_slope = o * (1 - tanh_c * tanh_c)
    U_transposed = lowered(tf.transpose(U), precision)

    def body(t: Tensor, dh_next: Tensor, dc_next: Tensor, array: Tensor) -> tuple[Tensor, ...]:
        dh_t = dh[t] + dh_next
        dc_t = dc[t] + dc_next + dh_t * cell_slope[t]
        dz_t = tf.concat([dc_t, dc_t, dc_t, dh_t], axis=1) * slopes[t]
        return t - 1, masked(product(dz_t, U_transposed, precision), mask), dc_t * f[t], array.write(t, dz_t)

    array = tf.TensorArray(x.dtype, size=steps, element_shape=[None, 4 * units])
    zeros = tf.zeros_like(h0)
    _, dh0, dc0, array = tf.while_loop(lambda t, *_: t >= 0, body, (steps - 1, zeros, zeros, array), maximum_iterations=steps)

    dz = tf.reshape(array.stack(), [-1, 4 * units])  # [T·B, 4H]
    dx = tf.reshape(product(dz, W, precision, transpose_b=True), tf.shape(x))
    dW = product(tf.reshape(x, [-1, x.shape[2]]), dz, precision, transpose_a=True)
    dU = product(tf.reshape(masked(h_before, mask), [-1, units]), dz, precision, transpose_a=True)
    return dx, dW, dU, tf.reduce_sum(dz, axis=0), dh0, dc0
