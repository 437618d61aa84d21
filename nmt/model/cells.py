"""The recurrent cells, one step of each as the paper prints it: from input part z, recurrent product r and state to the next state.

z = W x (+ b) and r = U h are [N, G·H], G blocks of H units (`cell_sizes`) in the order that each function names; a state is (h,) or (h, c),
each [N, H].
`gates` give the activations of a step by name, `advance` makes the next state of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nmt.model.cell_sizes import CellName
from nmt.model.recurrence import State
from nmt.tensors import Tensor

Gates = dict[str, Tensor]
Parameters = tuple[Tensor, ...]

_EPSILON = 1e-5


class Cell(NamedTuple):
    """One kind of cell."""

    gates: Callable[[Tensor, Tensor, State, Parameters], Gates]
    """(z, r, state, parameters) -> activations by name, each [N, H]."""
    advance: Callable[[Gates, State, Parameters], State]
    """(activations, state, parameters) -> the next state."""
    source: str
    """Where it comes from."""

    def step(self, z: Tensor, r: Tensor, state: State, parameters: Parameters) -> State:
        """One step."""
        return self.advance(self.gates(z, r, state, parameters), state, parameters)


def _lstm_gates(z: Tensor, r: Tensor, _state: State, _parameters: Parameters) -> Gates:
    i, f, g, o = tf.split(z + r, 4, axis=-1)
    return {"i": tf.sigmoid(i), "f": tf.sigmoid(f), "g": tf.tanh(g), "o": tf.sigmoid(o)}


def _lstm_advance(gates: Gates, state: State, _parameters: Parameters) -> State:
    c = gates["f"] * state[1] + gates["i"] * gates["g"]
    return gates["o"] * tf.tanh(c), c


def _lstm1997_gates(z: Tensor, r: Tensor, _state: State, _parameters: Parameters) -> Gates:
    """Input gate, squashed input g in [-2, 2], output gate. What is once in the cell stays there."""
    i, g, o = tf.split(z + r, 3, axis=-1)
    return {"i": tf.sigmoid(i), "g": 4.0 * tf.sigmoid(g) - 2.0, "o": tf.sigmoid(o)}


def _lstm1997_advance(gates: Gates, state: State, _parameters: Parameters) -> State:
    """The constant error carousel: ∂c(t) / ∂c(t - 1) = 1. h squashes the cell state into [-1, 1]."""
    c = state[1] + gates["i"] * gates["g"]
    return gates["o"] * (2.0 * tf.sigmoid(c) - 1.0), c


def _gru_gates(z: Tensor, r: Tensor, _state: State, parameters: Parameters) -> Gates:
    """Update gate z, reset gate r, candidate g; the reset gate acts on the recurrent product, as cuDNN has it."""
    (recurrent_bias,) = parameters
    z_z, z_r, z_g = tf.split(z, 3, axis=-1)
    r_z, r_r, r_g = tf.split(r + recurrent_bias, 3, axis=-1)
    reset = tf.sigmoid(z_r + r_r)
    return {"z": tf.sigmoid(z_z + r_z), "r": reset, "g": tf.tanh(z_g + reset * r_g)}


def _gru_advance(gates: Gates, state: State, _parameters: Parameters) -> State:
    return (gates["z"] * state[0] + (1.0 - gates["z"]) * gates["g"],)


def _rnn_gates(z: Tensor, r: Tensor, _state: State, _parameters: Parameters) -> Gates:
    return {"h": tf.tanh(z + r)}


def _rnn_advance(gates: Gates, _state: State, _parameters: Parameters) -> State:
    return (gates["h"],)


def layer_norm(x: Tensor, gain: Tensor) -> Tensor:
    """Ba et al. (2016), equation 4, without its bias: rows of mean 0 and variance 1, times a gain."""
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    return centred * tf.math.rsqrt(tf.reduce_mean(centred * centred, axis=-1, keepdims=True) + _EPSILON) * gain


def _layernorm_lstm_gates(z: Tensor, r: Tensor, state: State, parameters: Parameters) -> Gates:
    """Equation 20: LN(W x) + LN(U h) + b. z is normalised already, for all steps at once."""
    recurrent_gain, bias, _, _ = parameters
    return _lstm_gates(z, layer_norm(r, recurrent_gain) + bias, state, ())


def _layernorm_lstm_advance(gates: Gates, state: State, parameters: Parameters) -> State:
    """Equations 21 and 22: h = o · tanh(LN(c))."""
    _, _, cell_gain, cell_bias = parameters
    c = gates["f"] * state[1] + gates["i"] * gates["g"]
    return gates["o"] * tf.tanh(layer_norm(c, cell_gain) + cell_bias), c


CELLS: dict[CellName, Cell] = {
    "lstm": Cell(_lstm_gates, _lstm_advance, "Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000"),
    "gru": Cell(_gru_gates, _gru_advance, "Cho et al. 2014"),
    "rnn": Cell(_rnn_gates, _rnn_advance, "Elman 1990"),
    "lstm1997": Cell(_lstm1997_gates, _lstm1997_advance, "Hochreiter and Schmidhuber 1997, without a forget gate"),
    "layernorm_lstm": Cell(_layernorm_lstm_gates, _layernorm_lstm_advance, "Ba et al. 2016, equations 20 to 22"),
}
