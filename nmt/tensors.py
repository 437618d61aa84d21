"""A name for TensorFlow's tensors, which ship no types a checker could use."""

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
