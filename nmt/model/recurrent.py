"""One recurrent layer of any cell, over whole sequences and step by step, with the kernel that suits the cell and the device."""

from typing import Any, Literal

import keras
import tensorflow as tf

from nmt.model.cell_sizes import CELL_SIZES, CellName
from nmt.model.cells import CELLS, Gates, Parameters, layer_norm
from nmt.model.fused_lstm import lstm_sequence
from nmt.model.precision import Precision, policy, product
from nmt.model.recurrence import State, masked, recurrent_sequence
from nmt.tensors import Tensor

Kernel = Literal["fused", "keras"]

_CUDNN_CELLS = {"lstm", "gru"}


def choose_kernel() -> Kernel:
    """Keras' layers when a GPU is visible, because they run cuDNN there; else our own paths."""
    return "keras" if tf.config.list_physical_devices("GPU") else "fused"


def describe_kernel(cell: CellName, kernel: Kernel) -> str:
    """Say in words what runs a cell and why, for the start-up line."""
    if kernel == "keras" and cell in _CUDNN_CELLS:
        return f"keras.layers.{cell.upper()} with cuDNN (a GPU is visible)"
    if kernel == "keras":
        return f"step loop of our own, on the GPU (cuDNN has no {cell})"
    if cell == "lstm":
        return "fused CPU path (no GPU is visible, and keras.layers.LSTM has only a step-by-step loop on a CPU)"
    return "fused CPU loop (no GPU is visible)" + ("" if cell in _CUDNN_CELLS else f"; cuDNN could not run {cell} on one")


class RecurrentLayer(keras.layers.Layer):
    """A layer of one of the cells of `nmt.model.cells`.

    Where Keras has the cell too (lstm, gru, rnn), the weights are those of an inner Keras layer, so that they interchange with it whatever
    the kernel.
    """

    def __init__(
        self, cell: CellName, units: int, *, kernel: Kernel, name: str, dtype: str = "float32", precision: Precision = "float32"
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.precision: Precision = precision
        self.cell_name: CellName = cell
        self.cell, self.sizes = CELLS[cell], CELL_SIZES[cell]
        self.units = units
        self.kernel_name: Kernel = kernel
        options: dict[str, Any] = {"return_sequences": True, "return_state": True, "name": cell}
        options["dtype"] = dtype if precision == "float32" else policy(precision)
        self.layer: Any = None
        if cell == "lstm":
            self.layer = keras.layers.LSTM(units, **options)
        elif cell == "gru":
            self.layer = keras.layers.GRU(units, reset_after=True, **options)
        elif cell == "rnn":
            self.layer = keras.layers.SimpleRNN(units, **options)

    def build(self, input_shape: Any) -> None:
        """Create W [D, G·H], U [H, G·H] and the cell's vectors: orthogonal U, and a forget bias of 1 where there is a forget gate."""
        if self.layer is not None:
            self.layer.build((None, None, input_shape[-1]))
            self.built = True
            return
        width = self.sizes.blocks * self.units
        self.input_kernel = self.add_weight(shape=(input_shape[-1], width), initializer="glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, width), initializer="orthogonal", name="recurrent_kernel")
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")
        if self.cell_name == "layernorm_lstm":
            forget = tf.concat([tf.zeros([self.units]), tf.ones([self.units]), tf.zeros([2 * self.units])], axis=0)
            self.bias.assign(tf.cast(forget, self.bias.dtype))
            self.input_gain, self.recurrent_gain, self.cell_gain = (
                self.add_weight(shape=(size,), initializer="ones", name=f"{part}_gain")
                for part, size in (("input", width), ("recurrent", width), ("cell", self.units))
            )
            self.cell_bias = self.add_weight(shape=(self.units,), initializer="zeros", name="cell_bias")
        self.built = True

    @property
    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """W, U and b, as Keras' layer keeps them where it has the cell."""
        of = self if self.layer is None else self.layer.cell
        kernel = self.input_kernel if self.layer is None else of.kernel
        return tuple(tf.convert_to_tensor(weight) for weight in (kernel, of.recurrent_kernel, of.bias))

    @property
    def parameters(self) -> Parameters:
        """What the cell needs besides z and r."""
        if self.cell_name == "gru":
            return (self._weights[2][1],)
        if self.cell_name == "layernorm_lstm":
            vectors = (self.recurrent_gain, self.bias, self.cell_gain, self.cell_bias)
            return tuple(tf.convert_to_tensor(vector) for vector in vectors)
        return ()

    @property
    def projected_units(self) -> int:
        """G·H, the width of `project`."""
        return self.sizes.blocks * self.units

    def zero_state(self, rows: Tensor) -> State:
        """A state of zeros, each part [rows, H]."""
        return tuple(tf.zeros([rows, self.units], self.compute_dtype) for _ in range(self.sizes.parts))

    def call(
        self, x: Tensor, lengths: Tensor, initial_state: State | None = None, state_mask: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Run over right-padded sequences.

        Args:
            x: [T, B, D], time first.
            lengths: [B] int32 from 1 to T. Steps past a row's length are computed but reach neither its state nor any gradient.
            initial_state: the cell's parts, each [B, H]; zeros by default.
            state_mask: [B, H] that h is multiplied by before its product with U, while training with recurrent dropout.

        Returns:
            h [T, B, H] and the state after each row's last real step.
        """
        state = self.zero_state(tf.shape(x)[1]) if initial_state is None else initial_state
        if self.kernel_name == "keras" and self.cell_name in _CUDNN_CELLS and state_mask is None:
            inside = tf.sequence_mask(lengths, tf.shape(x)[0])
            h, *last_parts = self.layer(tf.transpose(x, [1, 0, 2]), mask=inside, initial_state=list(state))
            return tf.cast(tf.transpose(h, [1, 0, 2]), x.dtype), tuple(tf.cast(part, x.dtype) for part in last_parts)
        if self.cell_name == "lstm":
            h0, c0 = state
            states: State = lstm_sequence(x, *self._weights, h0, c0, self.precision, state_mask)
        else:
            steps, batch, width = tf.unstack(tf.shape(x))
            z = self.settle(self.project(tf.reshape(x, [steps * batch, width])))
            z = tf.reshape(z, [steps, batch, self.projected_units])
            states = recurrent_sequence(self.cell.step, z, self._weights[1], self.parameters, state, self.precision, state_mask)
        last = tf.stack([lengths - 1, tf.range(tf.shape(x)[1])], axis=1)  # [B, 2]: (step, row)
        return states[0], tuple(tf.gather_nd(part, last) for part in states)

    def project(self, x: Tensor) -> Tensor:
        """The part of a step that depends on the input alone: x·W (+ b), [N, D] -> [N, G·H]. Sums of such parts are what `settle` wants."""
        kernel, _, bias = self._weights
        projected = product(x, kernel, self.precision)
        if self.cell_name == "layernorm_lstm":
            return projected
        return tf.nn.bias_add(projected, bias[0] if self.cell_name == "gru" else bias)

    def settle(self, projected: Tensor) -> Tensor:
        """What is done to a whole input part before the cell sees it: layer normalisation where the cell has one; [·, G·H] -> z."""
        return layer_norm(projected, tf.convert_to_tensor(self.input_gain)) if self.cell_name == "layernorm_lstm" else projected

    def gates(self, projected: Tensor, state: State, mask: Tensor | None = None) -> Gates:
        """The activations of one step by name, each [N, H], from `project` [N, G·H], a state, and the mask of `call`."""
        return self.cell.gates(
            self.settle(projected), product(masked(state[0], mask), self._weights[1], self.precision), state, self.parameters
        )

    def step_from(self, projected: Tensor, state: State, mask: Tensor | None = None) -> State:
        """One step: `project` [N, G·H] and the state, each part [N, H] -> the next state."""
        return self.cell.advance(self.gates(projected, state, mask), state, self.parameters)

    def step(self, x: Tensor, state: State, mask: Tensor | None = None) -> State:
        """One step: x [N, D] and the state -> the next state."""
        return self.step_from(self.project(x), state, mask)
