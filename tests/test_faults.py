"""A run that is killed at twenty moments of its life, and what else a machine does to it: nothing is lost, doubled or damaged."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml

from nmt.checkpoint import Checkpoints
from nmt.config_file import load_config
from nmt.data.prepare import prepare
from nmt.errors import RunError
from nmt.run_directory import RunDirectory
from tests.conftest import RunNmt
from tests.digits import write_corpus

NMT = [sys.executable, "-m", "nmt"]
EVERY = 20
"""Updates between two validations."""


def write_config(folder: Path, **training: object) -> None:
    write_corpus(folder, "train", 600, 1)
    settings = {"batch_tokens": 512, "learning_rate": 0.01, "warmup_updates": 20, "validate_bleu_lines": 50, "ema_decay": 0.9}
    config = {
        "data": {"source_language": "num", "target_language": "en", "train": {"source": "train.source", "target": "train.target"}},
        "tokenizer": {"vocabulary_size": 320},
        "search": {"max_source_pieces": 5, "copy_untranslatable": False},
        "model": {"embedding_units": 64, "encoder_units": 64, "decoder_units": 128, "dropout": 0.2, "word_dropout": 0.1},
        "training": settings
        | {"max_updates": 4 * EVERY, "validate_every": EVERY, "log_every": EVERY // 2, "subword_sampling": 0.2}
        | training,
    }
    (folder / "digits.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


class Attempt:
    """One process of the run, watched through its files and its diagnostics."""

    def __init__(self, run: Path, number: int) -> None:
        self.run, self.diagnostics = run, run.parent / f"attempt-{number}.txt"
        self.remains = self.half_written()  # of those before; this one removes them
        with self.diagnostics.open("w") as stderr:
            command = [*NMT, "train", "digits.yaml", "--run-dir", run.name]
            self.process = subprocess.Popen(
                command,
                cwd=run.parent,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
                env=os.environ | {"COLUMNS": "200"},
            )

    def half_written(self) -> set[str]:
        """What has a temporary name now."""
        found = set()
        for folder in ("", "checkpoints", "export"):
            if (self.run / folder).is_dir():
                found |= {f"{folder}/{path.name}" for path in (self.run / folder).iterdir() if path.name.startswith(".tmp-")}
        return found

    def writes(self, beginning: str) -> bool:
        return any(name.startswith(beginning) for name in self.half_written() - self.remains)

    @property
    def said(self) -> str:
        return self.diagnostics.read_text()

    def trains(self) -> bool:
        """Whether the lines of metrics.jsonl are its own, or such as belong to the checkpoint that it began with."""
        return "device: " in self.said

    def last(self, kind: str) -> int:
        """The update of the newest line of a kind."""
        if not self.trains():
            return 0
        lines = (self.run / "metrics.jsonl").read_text().splitlines()
        return max((line["update"] for line in map(json.loads, lines) if line["kind"] == kind), default=0)

    @property
    def resumed(self) -> int:
        found = re.search(r"resuming after update (\d+)", self.said)
        return int(found[1]) if found else 0

    def carried_on(self) -> str:
        """What it did of the one before, in words."""
        if self.trains() and self.resumed:
            return f"carried on from update {self.resumed}"
        if not self.trains() and (self.run / "checkpoints/index.json").is_file():
            return "carried on with the export"
        return "carried on from the beginning"

    def phase(self) -> str:
        """Where it stands, or where it was killed."""
        if self.writes("export/"):
            return "export"
        if self.writes("checkpoints/"):
            return "checkpoint"
        if not (self.run / "data/manifest.json").is_file() or self.writes("/"):
            return "preparation"
        if not self.trains():
            return "start"
        update = self.last("train")
        if update <= self.resumed:
            return "first trace"
        return "validation" if update % EVERY == 0 and self.last("valid") < update else "updates"

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Moment(NamedTuple):
    """When to kill: so many seconds after something is seen."""

    aim: str
    due: Callable[[Attempt], bool]
    delay: float = 0.0


def line(update: int) -> Callable[[Attempt], bool]:
    return lambda attempt: attempt.last("train") >= update


def writing(beginning: str) -> Callable[[Attempt], bool]:
    return lambda attempt: attempt.writes(beginning)


def prepared(attempt: Attempt) -> bool:
    return (attempt.run / "data/manifest.json").is_file()


def trained(attempt: Attempt) -> bool:
    return attempt.trains()


MOMENTS = [
    Moment("preparation", writing("/.tmp-data")),
    Moment("preparation", writing("/.tmp-data"), 0.02),
    Moment("start", prepared),
    Moment("first trace", trained),
    Moment("first trace", trained, 0.5),
    Moment("updates", line(10)),
    Moment("updates", line(10), 0.05),
    Moment("validation", line(20)),
    Moment("checkpoint", writing("checkpoints/.tmp-update")),
    Moment("checkpoint", writing("checkpoints/.tmp-update"), 0.004),
    Moment("updates", line(30), 0.02),
    Moment("first trace", trained, 0.3),
    Moment("validation", line(40), 0.1),
    Moment("checkpoint", writing("checkpoints/.tmp-"), 0.008),
    Moment("updates", line(50)),
    Moment("validation", line(60), 0.2),
    Moment("checkpoint", writing("checkpoints/.tmp-update")),
    Moment("checkpoint", writing("checkpoints/.tmp-update"), 0.002),
    Moment("export", writing("export/.tmp-1")),
    Moment("export", writing("export/.tmp-1"), 0.5),
]


@pytest.mark.slow
def test_a_run_killed_at_twenty_moments_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    write_config(tmp_path)
    whole = Attempt(tmp_path / "whole", 0)
    assert whole.process.wait() == 0, whole.said
    run, log = tmp_path / "killed", []
    for number, moment in enumerate(MOMENTS, start=1):
        attempt = Attempt(run, number)
        while not moment.due(attempt):
            assert attempt.process.poll() is None, f"ended before {moment.aim}: {attempt.said}"
            time.sleep(0.0005)
        time.sleep(moment.delay)
        attempt.kill()
        phase, update = attempt.phase(), attempt.last("train")
        log.append(
            [
                f"kill {number}: aimed at {moment.aim}",
                f"fell in {phase}",
                f"last line of update {update}" if attempt.trains() else "no line yet",
                phase,
            ]
        )
        if number > 1:
            log[-2].insert(3, attempt.carried_on())
    last = Attempt(run, len(MOMENTS) + 1)
    assert last.process.wait() == 0, last.said
    log[-1].insert(3, last.carried_on())
    sys.stdout.write("\n" + "\n".join(" · ".join(entry[:-1]) for entry in log) + "\n")  # shown by pytest -s
    fell = Counter(entry[-1] for entry in log)
    assert {
        phase: fell[phase] for phase in ("preparation", "first trace", "updates", "validation", "checkpoint", "export") if fell[phase] < 2
    } == {}
    same_weights(tmp_path / "whole", run)
    for kind, updates in (("train", range(10, 81, 10)), ("valid", range(20, 81, 20))):
        expected, found = (of_kind(tmp_path / name, kind) for name in ("whole", "killed"))
        assert [one["update"] for one in found] == list(updates)
        assert found == expected
    assert not last.half_written()
    assert sorted(path.name for path in (run / "export").iterdir()) == ["1"]


def test_a_second_ctrl_c_ends_a_run_at_once(tmp_path: Path) -> None:
    """While the first update is traced, which takes seconds: the first signal waits for its end, the second does not."""
    write_config(tmp_path)
    attempt = Attempt(tmp_path / "run", 1)
    while not attempt.trains():
        assert attempt.process.poll() is None, attempt.said
        time.sleep(0.005)
    time.sleep(0.3)
    for _ in range(2):
        os.kill(attempt.process.pid, signal.SIGINT)
        time.sleep(0.3)
    assert attempt.process.wait(timeout=2) == -signal.SIGINT
    assert "stopped by a signal" not in attempt.said
    assert not (tmp_path / "run/checkpoints").exists()


FULL = """
import errno, os, sys
from nmt import cli
sync = os.fsync

def full(descriptor):
    if "update-00000040" in os.readlink(f"/proc/self/fd/{descriptor}"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sync(descriptor)

os.fsync = full
sys.argv = ["nmt", "train", "digits.yaml", "--run-dir", "run"]
cli.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which file it is")
def test_a_full_disk_is_one_line_and_the_checkpoint_before_stays_whole(tmp_path: Path) -> None:
    write_config(tmp_path, validate_bleu_lines=0, metric="loss")
    done = subprocess.run([sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == "nmt: run/checkpoints/update-00000040.npz: No space left on device; make room and run it again"
    assert "Traceback" not in done.stderr
    checkpoints = Checkpoints(tmp_path / "run/checkpoints")
    found = checkpoints.load("last")
    assert found is not None
    assert (found[1]["update"], checkpoints.warnings) == (20, [])
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["index.json", "update-00000020.npz"]


def test_data_that_vanished_is_named_when_a_run_is_carried_on(tmp_path: Path, run_nmt: RunNmt) -> None:
    write_config(tmp_path)
    run = RunDirectory(tmp_path / "run")
    config = load_config(tmp_path / "digits.yaml")
    with run.locked():
        run.adopt(config)
        prepare(config, run.path)
    Checkpoints(run.checkpoints).save(20, {"weights/a": np.zeros(1)}, {"update": 20}, best=True)
    before = contents(run.path)
    (tmp_path / "train.source").rename(tmp_path / "elsewhere.source")
    found = run_nmt("train", "digits.yaml", "--run-dir", "run", cwd=tmp_path)
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)
    assert "train.source" in found.stderr
    assert "No such file" in found.stderr
    assert contents(run.path) == before


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES])
def test_a_run_directory_that_cannot_be_written_is_named(error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path / "run")
    with run.locked():
        (run.path / "config.yaml").write_text("data: {}\n")
    before = contents(run.path)

    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with (
            pytest.raises(RunError, match=f"cannot write in run directory {run.path}: {os.strerror(error)}; choose another") as told,
            run.locked(),
        ):
            pass
    assert told.value.exit_code == 2
    assert contents(run.path) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"}


def same_weights(one: Path, other: Path) -> None:
    expected, found = (Checkpoints(path / "checkpoints").load("last") for path in (one, other))
    assert expected is not None
    assert found is not None
    assert expected[0].keys() == found[0].keys()
    for name, array in expected[0].items():
        np.testing.assert_array_equal(array, found[0][name], err_msg=name)


def of_kind(run: Path, kind: str) -> list[dict[str, object]]:
    """The lines of a kind without what a clock says."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    clock = {"seconds", "target_tokens_per_second"}
    return [{key: value for key, value in one.items() if key not in clock} for one in lines if one["kind"] == kind]
