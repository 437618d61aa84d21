"""The moving average in the place of the weights, for as long as something looks at the model."""

from collections.abc import Iterator
from contextlib import contextmanager

from nmt.training.optimizer import Adam


@contextmanager
def averaged_weights(optimizer: Adam) -> Iterator[None]:
    """The model with its moving average as weights, and its own weights again afterwards."""
    if not optimizer.average:
        yield
        return
    own = [variable.numpy() for variable in optimizer.variables_list]
    try:
        for variable, average in zip(optimizer.variables_list, optimizer.average, strict=True):
            variable.assign(average.numpy())
        yield
    finally:
        for variable, value in zip(optimizer.variables_list, own, strict=True):
            variable.assign(value)
