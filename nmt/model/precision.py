"""Mixed precision (Micikevicius et al. 2018): matrix products in 16 bits, everything between them in float32.

Weights, states, softmax, layer normalisation and loss never leave float32; a product rounds its two factors to the lower precision, which
is what the matrix units of GPUs and newer processors are fast at, and gives its result as float32 again. With float32 nothing is cast: the
graph is what it would be without this file.
"""

from typing import Any, Literal

import keras
import tensorflow as tf

from nmt.cpus import multiplies_bfloat16
from nmt.tensors import Tensor

Precision = Literal["float32", "bfloat16", "float16"]
"""Of the factors of products; float32 leaves them as they are."""


def choose_precision(setting: Precision | Literal["auto"]) -> Precision:
    """What `auto` is here: bfloat16 on a CPU that has instructions for it, where it was measured to pay; else float32."""
    if setting != "auto":
        return setting
    return "bfloat16" if multiplies_bfloat16() and not tf.config.list_physical_devices("GPU") else "float32"


def lowered(x: Tensor, precision: Precision) -> Tensor:
    """A factor as products want it; one that is lowered beforehand, outside a loop, is not cast again inside."""
    return x if precision == "float32" else tf.cast(x, precision)


def product(a: Tensor, b: Tensor, precision: Precision, *, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    """The matrix product a·b with its factors in a precision, as float32 (whatever they are if that is float32)."""
    found = tf.matmul(lowered(a, precision), lowered(b, precision), transpose_a=transpose_a, transpose_b=transpose_b)
    return found if precision == "float32" else tf.cast(found, tf.float32)


def policy(precision: Precision) -> str:
    """The name of Keras' dtype policy of a layer of its own whose weights stay float32."""
    return precision if precision == "float32" else f"mixed_{precision}"


class Dense(keras.layers.Dense):
    """`keras.layers.Dense` with its product in a precision; what it gives is float32."""

    def __init__(self, units: int, precision: Precision, **options: Any) -> None:
        super().__init__(units, dtype=policy(precision), **options)

    def call(self, inputs: Tensor) -> Tensor:
        """As the layer of Keras."""
        return tf.cast(super().call(inputs), self.variable_dtype)
