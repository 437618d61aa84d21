"""The thread that says where a run hangs."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nmt.config import Config
from nmt.training import watchdog
from nmt.training.watchdog import Watchdog
from tests.training.test_trainer import said, trainer_of


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_SECONDS", 0.02)


def test_a_stage_that_lasts_is_reported_once_with_its_name() -> None:
    said: list[str] = []
    dog = Watchdog(0.1, said.append)
    with dog.watching():
        dog.stage("update 7")
        time.sleep(0.5)
    (line,) = said
    assert "hangs in update 7" in line


def test_stages_that_move_are_not_reported() -> None:
    said: list[str] = []
    dog = Watchdog(0.3, said.append)
    with dog.watching():
        for update in range(20):
            dog.stage(f"update {update}")
            time.sleep(0.02)
        dog.stage("tracing", long=True)
        time.sleep(0.5)
        dog.stage("waiting", patient=True)
        time.sleep(0.5)
    assert not said


def test_time_in_which_the_process_was_stopped_is_no_stages_own() -> None:
    """The thread itself does not run then: here it is held up by a peer that does not answer."""
    said: list[str] = []
    dog = Watchdog(0.4, said.append)
    dog.peers = lambda: time.sleep(1.0)
    watchdog.PEERS_EVERY_SECONDS = 0.05
    try:
        with dog.watching():
            dog.stage("update 1")
            time.sleep(1.3)
    finally:
        watchdog.PEERS_EVERY_SECONDS = 5.0
    assert not said


FATAL = """
import time
from nmt.training import watchdog
watchdog.LOOK_EVERY_SECONDS = 0.02
watchdog.PEERS_EVERY_SECONDS = 0.05
dog = watchdog.Watchdog(0.1, print, fatal=True)
{setting}
dog.start()
dog.stage("update 7")
time.sleep(20)
"""


@pytest.mark.parametrize(
    ("setting", "reason"),
    [("", "nmt: the run hangs in update 7"), ("dog.limit_seconds, dog.peers = 60, lambda: 'lost worker 1'", "nmt: lost worker 1")],
)
def test_one_of_several_workers_ends_with_code_3(setting: str, reason: str) -> None:
    call = [sys.executable, "-c", FATAL.format(setting=setting)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(reason)
    assert len(done.stderr.splitlines()) == 1


def test_a_run_says_where_it_hangs(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """And goes on: of one process, a report is all."""
    trainer = trainer_of(tiny_config(max_updates=2, validate_every=2, validate_bleu_lines=0, metric="loss", stall_seconds=0.2), tmp_path)
    loss = trainer.validator.loss

    def slow() -> float:
        time.sleep(1.5)
        return loss()

    trainer.validator.loss = slow  # type: ignore[method-assign]
    assert trainer.train().finished
    assert "warning: the run hangs in the validation after update 2: nothing has moved for" in said(trainer)
