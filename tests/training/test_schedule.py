"""Learning-rate schedules at their corners."""

import math

import pytest

from nmt.config import TrainingConfig
from nmt.training.schedule import learning_rate


def rates(schedule: str, updates: list[int], warmup: int = 10) -> list[float]:
    config = TrainingConfig(schedule=schedule, learning_rate=1.0, warmup_updates=warmup)  # type: ignore[arg-type]
    return [learning_rate(update, config, max_updates=110) for update in updates]


@pytest.mark.parametrize("schedule", ["cosine", "inverse_sqrt", "constant"])
def test_warm_up_is_linear(schedule: str) -> None:
    assert rates(schedule, [1, 5, 10]) == pytest.approx([0.1, 0.5, 1.0])


def test_cosine_is_half_way_down_in_the_middle_and_ends_at_zero() -> None:
    assert rates("cosine", [60, 110]) == pytest.approx([0.5, 0.0], abs=1e-12)


def test_inverse_square_root() -> None:
    assert rates("inverse_sqrt", [40]) == pytest.approx([0.5])
    assert rates("inverse_sqrt", [1, 4], warmup=0) == pytest.approx([1.0, 0.5])


def test_constant_without_warm_up() -> None:
    assert rates("constant", [1, 99], warmup=0) == [1.0, 1.0]
    assert math.isfinite(rates("cosine", [200])[0])
