"""A run that comes apart: set back with half the rate, a few times, then stopped with an explanation; the same when it is interrupted."""

import math
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmt.config import Config
from nmt.errors import DivergedError, InterruptedRun
from nmt.training.recovery import exploded
from nmt.training.trainer import Trainer
from nmt.training.update import UpdateResult
from tests.training.test_trainer import final_arrays, metrics, said, trainer_of

QUICK = {"max_updates": 24, "validate_every": 8, "log_every": 4, "validate_bleu_lines": 0, "metric": "loss", "patience": 0}


def test_an_explosion_is_twice_the_best_and_worse_than_knowing_nothing() -> None:
    nothing = math.log(1000)
    assert exploded(nothing + 0.1, 3.0, 1000)
    assert not exploded(nothing - 0.1, 3.0, 1000)
    assert not exploded(nothing + 0.1, 3.6, 1000)


def script(trainer: Trainer, answer: Callable[[int, float, UpdateResult], UpdateResult], stop: int | None = None) -> None:
    """Let what an update says of itself be as `answer(update, rate, result)` has it; a signal comes at update `stop`."""
    own = trainer.updater.update

    def scripted(batch: Any, update: int, rate: float) -> UpdateResult:
        if update == stop:
            signal.raise_signal(signal.SIGTERM)
        return answer(int(update), float(rate), own(batch, update, rate))

    trainer.updater.update = scripted  # type: ignore[method-assign]


def lost_at_full_rate(update: int, rate: float, result: UpdateResult) -> UpdateResult:
    """From update 11 on the loss is ten times as high, unless the rate is halved."""
    bad = update >= 11 and rate > 0.006
    return result._replace(smoothed=result.smoothed * 10 if bad else result.smoothed)


def loud(tiny_config: Callable[..., Config], **more: object) -> Config:
    return tiny_config(**(QUICK | {"schedule": "constant", "warmup_updates": 0} | more))


def test_an_exploding_loss_goes_back_and_on_with_half_the_rate(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    trainer = trainer_of(loud(tiny_config), tmp_path)
    script(trainer, lost_at_full_rate)
    state = trainer.train()
    assert (state.update, state.rollbacks, state.rate_factor) == (24, 1, 0.5)
    (event,) = [event for event in metrics(tmp_path, "event") if event["event"] == "rollback"]
    assert (event["update"], event["undone"], event["rate_factor"]) == (8, 4, 0.5)
    assert event["reason"].startswith("the mean loss of 4 updates rose to ")
    expected = list(trainer.plan.epoch(event["epoch"]))[event["batch"] - 1]
    assert event["pairs"] == expected.tolist()
    lines = metrics(tmp_path, "train")
    assert [line["update"] for line in lines] == [4, 8, 12, 16, 20, 24]
    assert [line["learning_rate"] for line in lines] == [0.01] * 2 + [0.005] * 4
    assert "back to update 8 with 0.5 of the learning rate, rollback 1 of 2" in said(trainer)


def test_what_follows_is_what_half_the_rate_gives_from_the_checkpoint(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """The weights are those of a run that was carried on from update 8 with half the rate by hand."""
    trainer = trainer_of(loud(tiny_config), tmp_path / "rolled")
    script(trainer, lost_at_full_rate)
    trainer.train()
    trainer_of(loud(tiny_config, max_updates=8), tmp_path / "by_hand").train()
    trainer_of(loud(tiny_config, learning_rate=0.005), tmp_path / "by_hand").train()
    same_arrays(tmp_path / "rolled", tmp_path / "by_hand")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [6, 10, 11, 12, 14])
def test_interrupted_before_in_and_after_it_gives_the_same(stop: int, tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    whole = trainer_of(loud(tiny_config), tmp_path / "whole")
    script(whole, lost_at_full_rate)
    whole.train()
    part = trainer_of(loud(tiny_config), tmp_path / "parts")
    script(part, lost_at_full_rate, stop)
    with pytest.raises(InterruptedRun):
        part.train()
    rest = trainer_of(loud(tiny_config), tmp_path / "parts")
    script(rest, lost_at_full_rate)
    rest.train()
    same_arrays(tmp_path / "whole", tmp_path / "parts")
    assert len([event for event in metrics(tmp_path / "parts", "event") if event["event"] == "rollback"]) == 1


def test_after_its_rollbacks_it_stops_and_names_the_pairs(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """Not finite from update 11 on, whatever the rate."""
    trainer = trainer_of(loud(tiny_config, non_finite_limit=3, rollbacks=1), tmp_path)
    script(trainer, lambda update, rate, result: result._replace(finite=result.finite & (update < 11)))
    with pytest.raises(DivergedError, match=r"3 updates in a row were not finite, the last one on batch \d+ of epoch \d+ ") as stopped:
        trainer.train()
    (event,) = [event for event in metrics(tmp_path, "event") if event["event"] == "diverged"]
    assert f"(training pairs {', '.join(map(str, event['pairs'][:20]))}" in str(stopped.value)
    assert "rollbacks to lower rates did not help (1 of them)" in str(stopped.value)
    assert [event["event"] for event in metrics(tmp_path, "event")] == ["start", "rollback", "skipped", "skipped", "skipped", "diverged"]
    assert sorted({line["update"] for line in metrics(tmp_path, "train")}) == [4, 8, 12]


def test_without_a_checkpoint_it_stops_at_once(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    trainer = trainer_of(loud(tiny_config, non_finite_limit=2), tmp_path)
    script(trainer, lambda update, rate, result: result._replace(finite=result.finite & False))
    with pytest.raises(DivergedError, match="2 updates in a row were not finite"):
        trainer.train()
    assert trainer.state.rollbacks == 0


def same_arrays(one: Path, other: Path) -> None:
    expected, found = final_arrays(one), final_arrays(other)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
