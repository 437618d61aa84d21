"""Dynamic loss scaling (Micikevicius et al. 2018, section 3.2): float16 has no room for small gradients, so all are made larger.

The loss is multiplied by a scale before its gradient is taken. An update whose gradient overflows is skipped and halves the scale; many
good ones in a row double it.
"""

from typing import Any

import tensorflow as tf

from nmt.tensors import Tensor

FIRST, LEAST, GREATEST = 2.0**15, 1.0, 2.0**24
GOOD_UPDATES = 2000
"""So many updates without an overflow double the scale."""


class LossScale(tf.Module):
    """The scale and how many good updates it has seen: two variables, saved with every checkpoint."""

    def __init__(self, good_updates: int = GOOD_UPDATES) -> None:
        super().__init__(name="loss_scale")
        self.good_updates = good_updates
        self.scale = tf.Variable(FIRST, trainable=False)
        self.good = tf.Variable(0, trainable=False)

    def follow(self, finite: Tensor) -> None:
        """Change the scale by what an update was, in cross-replica context."""
        scale, good = tf.convert_to_tensor(self.scale), tf.convert_to_tensor(self.good) + 1
        grows = good >= self.good_updates
        grown = tf.where(grows, tf.minimum(2.0 * scale, GREATEST), scale)
        self.scale.assign(tf.where(finite, grown, tf.maximum(0.5 * scale, LEAST)))
        self.good.assign(tf.where(finite & ~grows, good, 0))

    @property
    def slots(self) -> dict[str, Any]:
        """Both variables by name, for a checkpoint."""
        return {"loss_scale/scale": self.scale, "loss_scale/good": self.good}
