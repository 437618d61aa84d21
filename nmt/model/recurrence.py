"""A recurrence for CPUs whatever its cell: like `fused_lstm`, with the cell's own lines differentiated instead of written out.

A cell is a function of (input part z, recurrent product r = h·U, state, parameters) that works row by row. So x·W of every step is one
product before the loop, dU is one product after it, and the loop holds h·U, or its transpose, and the cell's element-wise lines.
"""

from collections.abc import Callable

import tensorflow as tf

from nmt.model.precision import Precision, lowered, product
from nmt.tensors import Tensor

State = tuple[Tensor, ...]
"""Parts of a layer's state, each [N, H]; the first is h, the layer's output."""

CellFunction = Callable[[Tensor, Tensor, State, tuple[Tensor, ...]], State]
"""(z [N, G·H], r [N, G·H], state, parameters) -> the next state."""


def recurrent_sequence(
    cell: CellFunction,
    z: Tensor,
    recurrent_kernel: Tensor,
    parameters: tuple[Tensor, ...],
    state: State,
    precision: Precision = "float32",
    mask: Tensor | None = None,
) -> State:
    """Run a cell over time-major input, with its own gradient (back-propagation through time, Werbos 1990).

    Args:
        cell: one step.
        z: [T, B, G·H] input part of every step.
        recurrent_kernel: U [H, G·H].
        parameters: further weights of the cell: vectors, whose gradients are summed up step by step.
        state: the initial state, each part [B, H].
        precision: of the factors of products with U.
        mask: [B, H] that every h is multiplied by before its product with U.

    Returns:
        Every part of the state after every step, each [T, B, H].
    """
    count, parts = len(parameters), len(state)

    @tf.custom_gradient
    def run(*tensors: Tensor) -> tuple[State, Callable[..., list[Tensor]]]:
        z, U, parameters, first = tensors[0], tensors[1], tensors[2 : 2 + count], tensors[2 + count :]
        states, r = _forward(cell, z, U, parameters, first, precision, mask)

        def gradient(*upstream: Tensor) -> list[Tensor]:
            return _backward(cell, (z, U, parameters, first), (states, r), upstream, precision, mask)

        return states, gradient

    found = run(z, recurrent_kernel, *parameters, *state)
    return tuple(found) if parts > 1 else ((found,) if tf.is_tensor(found) else tuple(found))


def masked(h: Tensor, mask: Tensor | None) -> Tensor:
    """What a step is told of h [B, H], or the gradient of that: all of it where there is no mask."""
    return h if mask is None else h * mask


def _forward(
    cell: CellFunction, z: Tensor, U: Tensor, parameters: State, first: State, precision: Precision, mask: Tensor | None
) -> tuple[State, Tensor]:
    steps, width, units = tf.shape(z)[0], U.shape[1], U.shape[0]
    shapes = [[None, units]] * len(first) + [[None, width]]
    U = lowered(U, precision)
    arrays = [tf.TensorArray(z.dtype, size=steps, element_shape=shape) for shape in shapes]

    def body(t: Tensor, state: State, arrays: list[Tensor]) -> tuple[Tensor, State, list[Tensor]]:
        r = product(masked(state[0], mask), U, precision)
        state = cell(z[t], r, state, parameters)
        return t + 1, state, [array.write(t, value) for array, value in zip(arrays, (*state, r), strict=True)]

    _, _, arrays = tf.while_loop(lambda t, *_: t < steps, body, (0, first, arrays), maximum_iterations=steps)
    *states, r = (array.stack() for array in arrays)
    return tuple(states), r


def _backward(
    cell: CellFunction,
    inputs: tuple[Tensor, Tensor, State, State],
    forward: tuple[State, Tensor],
    upstream: State,
    precision: Precision,
    mask: Tensor | None,
) -> list[Tensor]:
    """Gradients of (z, U, parameters, initial state) from those of every step's state, each [T, B, H]."""
    z, U, parameters, first = inputs
    states, r = forward
    steps, width = tf.shape(z)[0], U.shape[1]
    before = tuple(tf.concat([start[tf.newaxis], part[:-1]], axis=0) for start, part in zip(first, states, strict=True))
    U_transposed = lowered(tf.transpose(U), precision)
    arrays = [tf.TensorArray(z.dtype, size=steps, element_shape=[None, width]) for _ in range(2)]

    def body(t: Tensor, d_next: State, d_parameters: State, dz: Tensor, dr: Tensor) -> tuple[Tensor, State, State, Tensor, Tensor]:
        z_t, r_t, state = z[t], r[t], tuple(part[t] for part in before)
        d_state = tuple(above[t] + later for above, later in zip(upstream, d_next, strict=True))
        with tf.GradientTape() as tape:
            tape.watch((z_t, r_t, state, parameters))
            after = cell(z_t, r_t, state, parameters)
        dz_t, dr_t, (dh, *d_others), d_now = tape.gradient(
            after, (z_t, r_t, state, parameters), output_gradients=d_state, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        d_before = (dh + masked(product(dr_t, U_transposed, precision), mask), *d_others)
        summed = tuple(total + now for total, now in zip(d_parameters, d_now, strict=True))
        return t - 1, d_before, summed, dz.write(t, dz_t), dr.write(t, dr_t)

    nothing = tuple(tf.zeros_like(part) for part in first), tuple(tf.zeros_like(parameter) for parameter in parameters)
    _, d_first, d_parameters, dz, dr = tf.while_loop(lambda t, *_: t >= 0, body, (steps - 1, *nothing, *arrays), maximum_iterations=steps)
    flat_h, flat_dr = (tf.reshape(tensor, [-1, tensor.shape[-1]]) for tensor in (masked(before[0], mask), dr.stack()))
    return [dz.stack(), product(flat_h, flat_dr, precision, transpose_a=True), *d_parameters, *d_first]
