"""Two real worker processes of `nmt train` on this machine: the numbers of two local replicas, and what happens when one of them is lost.

A run of its own length in updates ends in an export, which is tested elsewhere: most of these are ended by a signal.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nmt.checkpoint import Arrays, Checkpoints
from nmt.config import Config
from nmt.config_file import load_config, save_config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import open_prepared
from nmt.errors import LostWorkerError
from nmt.run_directory import RunDirectory
from nmt.training import cluster
from nmt.training.cluster import SHARED_SECONDS, Cluster, fingerprint
from nmt.training.distribution import make_distribution
from nmt.training.watchdog import Watchdog
from nmt.workers import Workers
from tests.training.test_trainer import trainer_of
from tests.training.test_update import REPLICAS

WITHIN_SECONDS = 90
"""In which the others must have ended when a worker is lost."""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Pair:
    """Two workers of one run."""

    def __init__(self, config: Path, run: Path, *overrides: str, runs: tuple[Path, Path] | None = None) -> None:
        self.run = run
        self.addresses = ",".join(f"127.0.0.1:{port}" for port in free_ports(2))
        settings = [part for override in overrides for part in ("--set", override)]
        command = [sys.executable, "-m", "nmt", "train", str(config), *settings]
        self.workers = [
            subprocess.Popen(
                [*command, "--run-dir", str(runs[index] if runs else run), "--workers", self.addresses, "--index", str(index)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for index in (0, 1)
        ]

    def wait_for(self, kind: str, update: int) -> None:
        """Until metrics.jsonl has such a line of this update or a later one."""
        deadline = time.monotonic() + 120
        while not any(line["update"] >= update for line in metrics(self.run, kind)):
            assert all(worker.poll() is None for worker in self.workers), self.ends()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def ends(self) -> list[tuple[int, str]]:
        """Exit code and standard error of each, once both have ended."""
        found = []
        for worker in self.workers:
            _, error = worker.communicate(timeout=180)
            found.append((worker.returncode, error))
        return found

    def kill(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.communicate()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    started: list[Pair] = []

    def start(*arguments: object, **keywords: object) -> Pair:
        started.append(Pair(*arguments, **keywords))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def config_file(tiny_config: Callable[..., Config], tmp_path: Path) -> Path:
    """Dropout and word dropout on; it never ends by itself."""
    config = tiny_config(
        max_updates=1_000_000, validate_every=6, log_every=1, schedule="constant", validate_bleu_lines=0, metric="loss", patience=0
    )
    save_config(config, tmp_path / "config.yaml")
    return tmp_path / "config.yaml"


def metrics(run: Path, kind: str) -> list[dict]:
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [line for line in map(json.loads, [line for line in lines if line.endswith("\n")]) if line["kind"] == kind]


def last_checkpoint(run: Path) -> tuple[Arrays, dict]:
    found = Checkpoints(run / "checkpoints").load("last")
    assert found is not None
    return found


def worker_of_three(monkeypatch: pytest.MonkeyPatch, silent: set[int]) -> Cluster:
    """Worker 0 as it sees two others, of which some do not answer; it talks to nobody."""
    monkeypatch.setattr(cluster, "is_well", lambda index, _seconds: index not in silent)
    return Cluster(Workers(("a:1", "b:1", "c:1"), 0), make_distribution("none"), Watchdog(60, print))


def test_a_worker_that_is_silent_twice_in_a_row_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = {2}
    worker = worker_of_three(monkeypatch, silent)
    assert worker.lost() is None
    silent.clear()
    assert worker.lost() is None  # it was only slow
    silent.add(2)
    assert worker.lost() is None
    assert (worker.lost() or "").startswith("lost worker 2 (c:1): ")


def test_what_tensorflow_says_of_a_lost_worker_becomes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = worker_of_three(monkeypatch, {1})
    with pytest.raises(LostWorkerError, match=r"lost worker 1 \(b:1\)") as lost, worker.guarded():
        raise tf.errors.InternalError(None, None, "connection reset")
    assert lost.value.exit_code == 3
    well = worker_of_three(monkeypatch, set())
    with pytest.raises(LostWorkerError, match="lost touch: aborted"), well.guarded():
        raise tf.errors.UnavailableError(None, None, "aborted\nand more")
    with pytest.raises(tf.errors.ResourceExhaustedError), well.guarded():  # of our own making, nobody was lost
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")


def test_workers_wait_for_one_another_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with pytest.raises(LostWorkerError, match=r"worker 1 \(b:1\), worker 2 \(c:1\) did not come"):
        worker_of_three(monkeypatch, {1, 2}).meet(said.append, seconds=0.2)
    assert said == ["worker 0 waits for worker 1 (b:1), worker 2 (c:1)"]
    worker = worker_of_three(monkeypatch, set())
    worker.meet(said.append)
    assert worker.watchdog.peers == worker.lost
    worker.part()
    assert worker.watchdog.peers is None


def test_settings_data_and_checkpoints_make_the_fingerprint_of_a_run(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    found = [fingerprint(tiny_config(), run), fingerprint(tiny_config(seed=2), run)]
    for path in (tmp_path / "data" / "manifest.json", tmp_path / "checkpoints" / "index.json"):
        path.parent.mkdir()
        path.write_text("{}")
        found.append(fingerprint(tiny_config(), run))
    assert len(set(found)) == 4
    assert all(0 < value < 2**53 for value in found)  # exact as a float


def assert_every_pair_was_seen_once(run: Path) -> None:
    """In the first epoch, by the sum of its target tokens."""
    train = open_prepared(run).train
    length = len(list(BatchPlan(train, 256, seed=1).epoch(0)))
    lines = metrics(run, "train")
    assert length < len(lines)
    assert sum(line["target_tokens"] for line in lines[:length]) == int(train.target_lengths.sum()) + len(train)  # EOS of each


def test_two_workers_equal_one_device_until_one_is_killed(pair: Callable[..., Pair], config_file: Path, tmp_path: Path) -> None:
    """SIGKILL: the other one ends with code 3 and says which was lost. Dropout off, because replicas draw different masks."""
    run, alone = tmp_path / "run", tmp_path / "alone"
    without = "model.dropout=0", "model.word_dropout=0"
    workers = pair(config_file, run, *without)
    workers.wait_for("valid", 18)
    workers.workers[1].send_signal(signal.SIGKILL)
    (code, said), _ = workers.ends()
    assert code == 3, said
    assert "worker 1 (127.0.0.1" in said.splitlines()[-1]
    assert "the same command on all workers carries on" in said.splitlines()[-1]
    arrays, state = last_checkpoint(run)
    trainer_of(load_config(config_file, [*without, f"training.max_updates={state['update']}"]), alone).train()
    expected, _ = last_checkpoint(alone)
    for name, array in expected.items():
        np.testing.assert_allclose(arrays[name], array, atol=2e-5, rtol=2e-3, err_msg=name)
    assert_every_pair_was_seen_once(run)


@pytest.mark.slow
def test_two_workers_are_two_replicas_through_a_kill_and_a_signal(pair: Callable[..., Pair], config_file: Path, tmp_path: Path) -> None:
    """Worker 1 is killed, and the same commands carry on; worker 1 gets SIGTERM, both end with 143, and all is saved.

    The weights are then those of an uninterrupted run on two local replicas, with the same masks; and no pair was left out or seen twice.
    """
    run, local = tmp_path / "run", tmp_path / "local"
    first = pair(config_file, run)
    first.wait_for("valid", 6)
    first.workers[1].send_signal(signal.SIGKILL)
    assert first.ends()[0][0] == 3
    second = pair(config_file, run)
    second.wait_for("train", 24)
    second.workers[1].send_signal(signal.SIGTERM)
    ends = second.ends()
    assert [code for code, _ in ends] == [143, 143], ends
    assert "resuming after update" in ends[0][1]
    assert all("stopped by a signal" in said.splitlines()[-1] for _, said in ends)
    arrays, state = last_checkpoint(run)
    assert state["update"] >= 24

    text = config_file.read_text().replace("max_updates: 1000000", f"max_updates: {state['update']}")
    (tmp_path / "local.yaml").write_text(text)
    call = [sys.executable, "-c", REPLICAS, "mirrored", str(tmp_path / "local.yaml"), str(local)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    expected, _ = last_checkpoint(local)
    for name, array in expected.items():
        np.testing.assert_allclose(arrays[name], array, atol=2e-5, rtol=2e-3, err_msg=name)
    for after, before in zip(metrics(run, "train"), metrics(local, "train"), strict=True):
        assert after["update"] == before["update"]
        assert after["loss"] == pytest.approx(before["loss"], rel=1e-4)
    assert_every_pair_was_seen_once(run)


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0, 1])
def test_a_worker_that_is_stopped_is_noticed(pair: Callable[..., Pair], config_file: Path, tmp_path: Path, lost: int) -> None:
    """SIGSTOP: it keeps its connections and says nothing. The same commands carry on, as after any loss."""
    run = tmp_path / "run"
    first = pair(config_file, run)
    first.wait_for("valid", 6)
    first.workers[lost].send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    other = first.workers[1 - lost]
    _, said = other.communicate(timeout=WITHIN_SECONDS)
    assert time.monotonic() - stopped < WITHIN_SECONDS
    assert other.returncode == 3, said
    assert f"lost worker {lost} (127.0.0.1" in said.splitlines()[-1]
    first.workers[lost].send_signal(signal.SIGCONT)  # it finds itself alone
    _, said = first.workers[lost].communicate(timeout=WITHIN_SECONDS)
    assert first.workers[lost].returncode == 3, said

    second = pair(config_file, run)
    second.wait_for("valid", 12)
    os.kill(second.workers[0].pid, signal.SIGINT)
    ends = second.ends()
    assert [code for code, _ in ends] == [130, 130], ends
    assert "resuming after update" in ends[0][1]


@pytest.mark.slow
def test_a_killed_chief_is_noticed(pair: Callable[..., Pair], config_file: Path, tmp_path: Path) -> None:
    pairs = pair(config_file, tmp_path / "run")
    pairs.wait_for("valid", 6)
    pairs.workers[0].kill()
    _, said = pairs.workers[1].communicate(timeout=WITHIN_SECONDS)
    assert pairs.workers[1].returncode == 3, said
    assert "worker 0 (127.0.0.1" in said.splitlines()[-1]


@pytest.mark.slow
def test_a_run_of_two_workers_ends_with_an_export_of_the_first(pair: Callable[..., Pair], config_file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ends = pair(config_file, run, "training.max_updates=8").ends()
    assert [code for code, _ in ends] == [0, 0], ends
    assert (run / "export" / "1" / "MODEL.json").is_file()
    assert "worker 0 has its model" in ends[1][1]
    again = pair(config_file, run, "training.max_updates=8").ends()
    assert [code for code, _ in again] == [0, 0], again
    assert not (run / "export" / "2").exists()


@pytest.mark.slow
def test_workers_need_one_run_directory(pair: Callable[..., Pair], config_file: Path, tmp_path: Path) -> None:
    """And say so, each of them."""
    began = time.monotonic()
    ends = pair(config_file, tmp_path / "run", runs=(tmp_path / "run", tmp_path / "other")).ends()
    assert time.monotonic() - began > SHARED_SECONDS
    assert [code for code, _ in ends] == [2, 2], ends
    assert all("worker 1" in said.splitlines()[-1] and "one run directory" in said.splitlines()[-1] for _, said in ends)
    assert not (tmp_path / "other").exists()
