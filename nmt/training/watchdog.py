"""A thread that notices when a run no longer moves, and says in which stage it hangs."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_EVERY_SECONDS = 1.0
PEERS_EVERY_SECONDS = 5.0
LONG_STAGES = 3
"""A stage that is long by nature, such as the first trace, may last this many times longer than the others."""
LOST = 3
"""Exit code of a process that ends itself, as of every run that lost a worker."""


class Watchdog:
    """Fed by the loop with the stage it is in; a thread of its own looks at the clock, because a loop that hangs cannot.

    Alone it reports. In a run of several workers it ends the process: the others wait for this one, so nothing is to be gained by staying.
    """

    def __init__(self, limit_seconds: float, report: Callable[[str], None], *, fatal: bool = False) -> None:
        """Make one that does not look yet.

        Args:
            limit_seconds: how long one stage may last.
            report: gets one line, in another thread than the loop's.
            fatal: end the process when a stage lasts longer.
        """
        self.limit_seconds, self.report, self.fatal = limit_seconds, report, fatal
        self.peers: Callable[[], str | None] | None = None
        """Says which other worker is lost, None if all are well; asked every few seconds."""
        self._stage: tuple[str, float, float] | None = None
        self._reported: float | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def stage(self, name: str, *, long: bool = False, patient: bool = False) -> None:
        """Say what is being done from now on.

        Args:
            name: as the report puts it: "the run hangs in NAME".
            long: it may last longer than others.
            patient: it may last for ever, because someone else does the work.
        """
        limit = float("inf") if patient else self.limit_seconds * (LONG_STAGES if long else 1)
        self._stage = (name, time.monotonic(), limit)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look while the block runs."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Begin to look; a second call changes nothing."""
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Look no more. It does not wait for a look that is under way: that one finds out."""
        self._ended.set()
        self._thread, self._stage = None, None

    def _look(self) -> None:
        ended, before, asked = self._ended, time.monotonic(), time.monotonic()
        while not ended.wait(LOOK_EVERY_SECONDS):
            now = time.monotonic()
            if now - before > 10 * LOOK_EVERY_SECONDS and (stage := self._stage) is not None:
                # The process itself was stopped, or this thread waited for another worker's answer: this time is no stage's.
                self._stage = (stage[0], stage[1] + now - before, stage[2])
            before = now
            self._check_stage(now)
            if (ask := self.peers) is not None and now - asked >= PEERS_EVERY_SECONDS:
                lost = ask()
                asked = time.monotonic()
                if lost is not None and self.peers is not None and not ended.is_set():
                    self._end(lost)

    def _check_stage(self, now: float) -> None:
        stage = self._stage  # once: the loop may change it meanwhile
        if stage is None or self._reported == stage[1]:
            return
        name, since, limit = stage
        if now - since > limit:
            self._reported = since
            stalled = f"the run hangs in {name}: nothing has moved for {now - since:.0f} s (training.stall_seconds)"
            if self.fatal:
                self._end(f"{stalled}; the same command on all workers carries on from the last checkpoint")
            else:
                self.report(f"warning: {stalled}")

    def _end(self, reason: str) -> None:
        """End the process from this thread: the loop's own may wait for ever inside TensorFlow, where no exception reaches it."""
        print(f"nmt: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - the process's last line
        os._exit(LOST)
