"""Adam, gradient clipping and the moving average of the weights, one fused kernel a variable."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from nmt.config import TrainingConfig
from nmt.tensors import Tensor


class Adam(tf.Module):
    """Adam (Kingma and Ba 2015, algorithm 1) plus an exponential moving average of the weights (Polyak and Juditsky 1992).

    It holds no counter: the update number is an argument, so that nothing needs to be restored but the moments and the average.
    """

    def __init__(self, variables: Sequence[Any], config: TrainingConfig) -> None:
        super().__init__(name="adam")
        self.config = config
        self.variables_list = list(variables)
        self.first_moment = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.second_moment = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.average = [tf.Variable(v, trainable=False) for v in variables] if config.ema_decay else []

    def apply(self, strategy: Any, gradients: Sequence[Tensor], learning_rate: Tensor, update: Tensor) -> None:
        """Change every variable, in cross-replica context.

        Args:
            strategy: the tf.distribute strategy that owns the variables.
            gradients: one dense tensor for each variable, already summed over replicas, normalised and clipped.
            learning_rate: scalar float32.
            update: scalar float32, 1 for the first.
        """
        config = self.config
        powers = config.beta_1**update, config.beta_2**update
        # Early on the average follows closely: it would otherwise remember the random start for hundreds of updates.
        keep = tf.minimum(config.ema_decay, (1.0 + update) / (10.0 + update))
        averages = self.average or [None] * len(self.variables_list)
        slots = zip(self.variables_list, gradients, self.first_moment, self.second_moment, averages, strict=True)
        for variable, gradient, first, second, average in slots:

            def change(variable: Any, gradient: Tensor, first: Any, second: Any, average: Any = None) -> None:
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle,
                    m=first.handle,
                    v=second.handle,
                    beta1_power=powers[0],
                    beta2_power=powers[1],
                    lr=learning_rate,
                    beta1=config.beta_1,
                    beta2=config.beta_2,
                    epsilon=config.epsilon,
                    grad=gradient,
                )
                if average is not None:
                    # average -= (1 - keep) · (average - variable), as one kernel.
                    tf.raw_ops.ResourceApplyGradientDescent(var=average.handle, alpha=1.0 - keep, delta=average - variable)

            arguments = (gradient, first, second) if average is None else (gradient, first, second, average)
            strategy.extended.update(variable, change, args=arguments)

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """The variables as their moving average, where there is one, and as they are again afterwards."""
        if not self.average:
            yield
            return
        own = [variable.numpy() for variable in self.variables_list]
        try:
            for variable, average in zip(self.variables_list, self.average, strict=True):
                variable.assign(average.numpy())
            yield
        finally:
            for variable, value in zip(self.variables_list, own, strict=True):
                variable.assign(value)
