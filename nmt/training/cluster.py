"""What the processes of a run must know alike: when to stop, which files they share, and whether all of them are still there."""

import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from nmt.config import Config, TrainingConfig
from nmt.data.manifest import MANIFEST_FILE
from nmt.data.prepare import DATA_FOLDER
from nmt.errors import LostWorkerError, RunError
from nmt.run_directory import RunDirectory
from nmt.training.distribution import Distribution, is_well, join_workers, make_distribution
from nmt.training.watchdog import Watchdog
from nmt.workers import Workers

MEET_SECONDS = 600.0
"""How long workers wait for one another at the start."""
SHARED_SECONDS = 90.0
"""How long a file of the chief may take to become visible to the others: network file systems remember for a minute what was not there."""
ANSWER_SECONDS = 10.0
"""A worker that does not answer for so long, twice in a row, is lost."""
GROUP_KEY, INSTANCE_KEY = 2_000_000, 1
"""Names of our own collective, out of the way of those that the strategy counts up from 1."""
MOST_VALUES = 4
"""A collective has one shape."""
AGAIN = "the same command on all workers carries on from the last checkpoint"


class Alone:
    """A run of one process: it decides by itself."""

    chief = True
    """Whether this process prepares, validates, and writes checkpoints, metrics and exports."""

    def __init__(self, distribution: Distribution, watchdog: Watchdog) -> None:
        self.distribution, self.watchdog = distribution, watchdog

    @classmethod
    def of(cls, config: TrainingConfig, report: Callable[[str], None]) -> "Alone":
        """On the devices of this machine; the watchdog reports and does no more."""
        return cls(make_distribution(config.distribution), Watchdog(config.stall_seconds, report))

    def agree(self, *values: int) -> tuple[int, ...]:
        """The largest of each value over all processes. Every process asks at the same place of the run, and waits there for the others."""
        return tuple(int(value) for value in values)

    def part(self) -> None:
        """From here on each process goes its own way: it may end while others still save."""


class Cluster(Alone):
    """A run of several workers, of which each calls everything here at the same place."""

    def __init__(self, workers: Workers, distribution: Distribution, watchdog: Watchdog) -> None:
        super().__init__(distribution, watchdog)
        self.workers, self.chief = workers, workers.chief
        self.others = [index for index in range(len(workers.addresses)) if index != workers.index]
        self._silent: set[int] = set()
        size = len(workers.addresses)

        @tf.function(input_signature=[tf.TensorSpec([MOST_VALUES], tf.float64)])
        def maximum(values: Any) -> Any:
            with tf.device("/CPU:0"):  # small numbers that must not wait for a GPU's queue
                return tf.raw_ops.CollectiveReduceV2(
                    input=values,
                    group_size=size,
                    group_key=GROUP_KEY,
                    instance_key=INSTANCE_KEY,
                    ordering_token=[],
                    merge_op="Max",
                    final_op="Id",
                    communication_hint="ring",
                )

        self._maximum = maximum

    def agree(self, *values: int) -> tuple[int, ...]:
        """See `Alone.agree`; at most `MOST_VALUES`, not negative, exact up to 2^53."""
        if not self.chief:
            self.watchdog.stage("waiting for worker 0", patient=True)  # it may validate meanwhile, and watches over itself
        padded = [float(value) for value in values] + [0.0] * (MOST_VALUES - len(values))
        return tuple(int(value) for value in self._maximum(tf.constant(padded, tf.float64)).numpy()[: len(values)])

    def part(self) -> None:
        """See `Alone.part`: a worker that is gone is no longer missed."""
        self.watchdog.peers = None

    def meet(self, report: Callable[[str], None], seconds: float = MEET_SECONDS) -> None:
        """Wait until all workers answer, and from then on watch over them.

        Raises:
            LostWorkerError: one did not come in time.
        """
        began, said = time.monotonic(), 0.0
        missing = self.others
        while missing := [index for index in missing if not is_well(index, 1.0)]:
            names = ", ".join(map(self.workers.name, missing))
            waited = time.monotonic() - began
            if waited > seconds:
                raise LostWorkerError(
                    f"{names} did not come within {seconds:.0f} s; start the same command, each with its own index, on all workers"
                )
            if waited >= said:
                report(f"worker {self.workers.index} waits for {names}")
                said = waited + 30.0
            time.sleep(0.5)
        self.watchdog.peers = self.lost

    def lost(self) -> str | None:
        """Ask the others whether they are well; a sentence about those that were silent twice in a row."""
        silent = {index for index in self.others if not is_well(index, ANSWER_SECONDS)}
        gone, self._silent = silent & self._silent, silent
        return self._lost(sorted(gone)) if gone else None

    def _lost(self, gone: list[int]) -> str:
        names = " and ".join(map(self.workers.name, gone))
        return f"lost {names}: it has died or was stopped, or the network is down; {AGAIN}"

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what TensorFlow says of a lost worker into one line.

        Raises:
            LostWorkerError: another worker was lost meanwhile.
        """
        try:
            yield
        except tf.errors.OpError as error:
            gone = [index for index in self.others if not is_well(index, 2.0)]
            if gone:
                raise LostWorkerError(self._lost(gone)) from error
            if isinstance(error, tf.errors.UnavailableError | tf.errors.AbortedError | tf.errors.CancelledError):
                raise LostWorkerError(f"the workers lost touch: {error.message.splitlines()[0]}; {AGAIN}") from error
            raise
        finally:
            self.part()
            self.watchdog.stop()

    def share(self, config: Config, run: RunDirectory) -> None:
        """Wait until the chief has prepared the data, and make sure that all workers see the chief's run directory and have its config.

        Raises:
            RunError: one does not.
        """
        with _ended_by_ctrl_c():
            (expected,) = self.agree(fingerprint(config, run) if self.chief else 0)
            deadline = time.monotonic() + SHARED_SECONDS
            while differs := fingerprint(config, run) != expected:
                if time.monotonic() > deadline:
                    break
                time.sleep(1.0)
            (stranger,) = self.agree(self.workers.index if differs else 0)
        if stranger:
            raise RunError(
                f"{self.workers.name(stranger)} has another config than worker 0, or does not find in {run.path} what worker 0 prepared "
                "there: all workers need the same command, and one run directory on a file system that they share"
            )


def fingerprint(config: Config, run: RunDirectory) -> int:
    """48 bits of everything that workers must have in common: settings, prepared data, checkpoints."""
    digest = hashlib.sha256()
    for section in (config.model, config.search, config.training):
        digest.update(section.model_dump_json().encode())
    for path in (run.path / DATA_FOLDER / MANIFEST_FILE, run.checkpoints / "index.json"):
        digest.update(path.read_bytes() if path.is_file() else b"none")
    return int.from_bytes(digest.digest()[:6])


@contextmanager
def joined(workers: Workers, config: TrainingConfig, report: Callable[[str], None]) -> Iterator[Cluster]:
    """Join the other workers for as long as the block runs.

    Raises:
        LostWorkerError: one did not come in time, or was lost.
        RunError: this worker's port cannot be had.
    """
    cluster = Cluster(workers, join_workers(workers), Watchdog(config.stall_seconds, report, fatal=True))
    cluster.meet(report)
    with cluster.guarded():
        cluster.watchdog.start()
        yield cluster


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Let the kernel end the process: Python hears of Ctrl-C only when TensorFlow comes back, and there is nothing to save yet."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
