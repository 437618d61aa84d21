"""One LSTM layer with the weights of `keras.layers.LSTM` and two kernels: Keras' own (cuDNN on a GPU) and our fused path for CPUs."""

from typing import Any, Literal

import keras
import tensorflow as tf

from nmt.model.fused_lstm import lstm_sequence, lstm_step
from nmt.tensors import Tensor

LstmKernel = Literal["fused", "keras"]
State = tuple[Tensor, Tensor]


def choose_kernel() -> LstmKernel:
    """Keras' layer when a GPU is visible, because it runs cuDNN there; else our own path."""
    return "keras" if tf.config.list_physical_devices("GPU") else "fused"


def describe_kernel(kernel: LstmKernel) -> str:
    """Say in words which kernel runs and why, for the start-up line."""
    if kernel == "keras":
        return "keras.layers.LSTM with cuDNN (a GPU is visible)"
    return "fused CPU path (no GPU is visible, and keras.layers.LSTM has only a step-by-step loop on a CPU)"


class LSTM(keras.layers.Layer):
    """LSTM over whole sequences and step by step (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    The weights are those of an inner `keras.layers.LSTM`, so they interchange with it whatever the kernel.
    """

    def __init__(self, units: int, *, kernel: LstmKernel, name: str, dtype: str = "float32") -> None:
        super().__init__(name=name, dtype=dtype)
        self.units = units
        self.kernel_name = kernel
        self.layer = keras.layers.LSTM(units, return_sequences=True, return_state=True, name="lstm", dtype=dtype)

    def build(self, input_shape: Any) -> None:
        """Create W [D, 4H], U [H, 4H] and b [4H]: orthogonal U, forget bias 1."""
        self.layer.build((None, None, input_shape[-1]))
        self.built = True

    @property
    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        cell = self.layer.cell
        return tuple(tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias))

    def call(self, x: Tensor, lengths: Tensor, initial_state: State | None = None) -> tuple[Tensor, State]:
        """Run over right-padded sequences.

        Args:
            x: [T, B, D], time first.
            lengths: [B] int32 from 1 to T. Steps past a row's length are computed but reach neither its state nor any gradient.
            initial_state: (h, c), each [B, H]; zeros by default.

        Returns:
            h [T, B, H] and the state (h, c) after each row's last real step.
        """
        if initial_state is None:
            zeros = tf.zeros([tf.shape(x)[1], self.units], x.dtype)
            initial_state = (zeros, zeros)
        if self.kernel_name == "keras":
            mask = tf.sequence_mask(lengths, tf.shape(x)[0])
            h, last_h, last_c = self.layer(tf.transpose(x, [1, 0, 2]), mask=mask, initial_state=list(initial_state))
            return tf.transpose(h, [1, 0, 2]), (last_h, last_c)
        h, c = lstm_sequence(x, *self._weights, *initial_state)
        last = tf.stack([lengths - 1, tf.range(tf.shape(x)[1])], axis=1)  # [B, 2]: (step, row)
        return h, (tf.gather_nd(h, last), tf.gather_nd(c, last))

    def input_gates(self, x: Tensor) -> Tensor:
        """The part of a step that does not depend on the state: x·W + b, [N, D] -> [N, 4H]."""
        kernel, _, bias = self._weights
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)

    def step_from_gates(self, gates: Tensor, state: State) -> State:
        """One step: `input_gates` [N, 4H] and (h, c), each [N, H] -> the next (h, c)."""
        _, recurrent_kernel, _ = self._weights
        h, c = state
        h, c, _ = lstm_step(gates + tf.matmul(h, recurrent_kernel), c)
        return h, c

    def step(self, x: Tensor, state: State) -> State:
        """One step: x [N, D] and (h, c), each [N, H] -> the next (h, c)."""
        return self.step_from_gates(self.input_gates(x), state)
