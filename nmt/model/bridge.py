"""The bridge: what the decoder begins with, made of the encoder's last states."""

import keras
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.cell_sizes import CELL_SIZES
from nmt.model.precision import Dense, Precision
from nmt.model.recurrence import State


class Bridge(keras.layers.Layer):
    """Last states of the encoder's layers -> the first state of each decoder layer.

    dense: h through a tanh layer and c through a linear one, from the top of the encoder (after Bahdanau et al. 2015, appendix A.2.2);
    copy: the state of the encoder's layer of the same height (Sutskever et al. 2014); zero: nothing.
    """

    def __init__(self, config: ModelConfig, precision: Precision = "float32", name: str = "bridge") -> None:
        super().__init__(name=name)
        self.kind, self.layers, self.units = config.bridge, config.decoder_layers, config.decoder_units
        self.built = True  # it has no weights of its own: its dense layers make theirs
        self.dense = [
            [
                Dense(self.units, precision, activation="linear" if part else "tanh", name=f"bridge_{'c' if part else 'h'}_{depth}")
                for part in range(CELL_SIZES[config.cell].parts)
            ]
            for depth in range(self.layers if self.kind == "dense" else 0)
        ]

    def first_states(self, states: tuple[State, ...]) -> tuple[State, ...]:
        """Make the decoder's first states: for each layer its parts, each [B, H]."""
        if self.kind == "copy":
            return states
        if self.kind == "zero":
            rows = tf.shape(states[0][0])[0]
            return tuple(tuple(tf.zeros([rows, self.units]) for _ in states[-1]) for _ in range(self.layers))
        return tuple(tuple(layer(part) for layer, part in zip(row, states[-1], strict=True)) for row in self.dense)
