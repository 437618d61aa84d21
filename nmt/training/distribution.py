"""The only file that names a tf.distribute strategy."""

from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from nmt.errors import ConfigError


@dataclass(frozen=True)
class Distribution:
    """Where replicas of the model live."""

    strategy: Any
    replicas: int
    description: str
    """For the start-up line."""


def make_distribution(name: Literal["auto", "none", "mirrored"]) -> Distribution:
    """Choose devices: all GPUs that are visible, else the CPU; GPU memory grows as needed.

    Raises:
        ConfigError: `mirrored` with fewer than two devices of one kind.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    kind = "GPU" if gpus else "CPU"
    if name == "mirrored" and len(devices) < 2:
        raise ConfigError(f"training.distribution mirrored needs at least two devices, found {len(devices)} {kind}; set it to auto or none")
    if name == "mirrored" or (name == "auto" and gpus and len(devices) > 1):
        return Distribution(tf.distribute.MirroredStrategy([d.name for d in devices]), len(devices), f"{len(devices)} {kind} replicas")
    return Distribution(tf.distribute.get_strategy(), 1, f"1 {kind}")
