"""Cross-request micro-batching: sentences that wait at the same time are translated together.

A request is a job of one or more sentences. While a batch is being translated, what arrives waits; then the next batch is formed from
the sentence whose turn it is and those of like length behind it. Turns go round the jobs, so that a book does not block a chat line
(start-time fair queueing, Goyal et al. 1996). A lone sentence never waits.
"""

import asyncio
import bisect
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from nmt.hypotheses import Hypothesis
from nmt.searching import Search
from nmt.translator import Source
from serve.cache import Key, SentenceCache
from serve.job import Answer, Busy, Closed, Job, NeverFits
from serve.speed import Speed

LOOKED_AT = 256  # sentences behind the first that may be taken into its batch for their length
_QUIET = 0.4  # of the longest wait: when nothing has come for so long, nothing more is expected
_LONGEST_WAIT = 0.5  # of the time until a deadline a job may have to wait before its turn: a longer wait helps nobody
_PROMISED = 0.9  # of that time may be spoken for by all that is before a job and itself: the speed is an estimate


@dataclass(frozen=True)
class BatchLimits:
    """What a batch and the queue hold at most."""

    sentences: int
    pieces: int  # source pieces of a batch, padding counted
    wait_seconds: float
    queue_pieces: int
    cache_bytes: int


class BatchObserver(Protocol):
    """Who is told what happens; see `serve.metrics`."""

    def batch_done(self, rows: int, pieces: int, padded: int, seconds: float, waits: Sequence[float]) -> None:
        """One batch was translated: its sentences, source pieces without and with padding, seconds, and how long each had waited."""

    def queue_changed(self, entries: int, pieces: int) -> None:
        """So much waits now."""

    def dropped(self, reason: str, count: int) -> None:
        """Sentences were taken out of the queue because nobody waits for them any more."""

    def cache_hit(self, count: int) -> None:
        """Sentences were answered from memory."""


@dataclass(eq=False)
class _Entry:
    turn: float
    number: int
    source: Source
    search: Search
    arrived: float
    jobs: list[Job]
    done: asyncio.Future[Answer] = field(repr=False)

    @property
    def order(self) -> tuple[float, int]:
        return self.turn, self.number

    @property
    def pieces(self) -> int:
        return len(self.source) + 1  # EOS


Translate = Callable[[Sequence[Source], Sequence[Search]], list[list[Hypothesis]]]
"""Translates one batch; all its searches agree in beam size and penalties. Called in a thread of the batcher's own."""


class Batcher:
    """The queue of one model and its worker. All methods belong to one event loop."""

    def __init__(self, translate: Translate, most_rows: Callable[[int], int], limits: BatchLimits, observer: BatchObserver) -> None:
        """Make a batcher that is not running yet.

        Args:
            translate: what to do with a batch.
            most_rows: the most sentences for a beam size, whatever `limits` say.
            limits: of batch, queue and memory.
            observer: who is told.
        """
        self.limits = limits
        self.speed = Speed()
        self._translate, self._most_rows, self._observer = translate, most_rows, observer
        self._queue: list[_Entry] = []  # in order
        self._by_key: dict[Key, _Entry] = {}  # waiting or being translated
        self._cache = SentenceCache(limits.cache_bytes)
        self._queued_pieces = self._running_pieces = self._running_rows = self._count = 0
        self._now = 0.0  # the turn that was served last
        self._running_since: float | None = None
        self._busy_since: float | None = None  # end of the last batch, if others waited then
        self._expected = 0  # sentences that would wait if all who were answered last asked again; a lone client is not waited for
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nmt-batch")
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to translate what is submitted."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Translate what is waiting, then stop; nothing more is taken."""
        self._closed = True
        self._arrived.set()
        if self._worker:
            await self._worker
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    @property
    def stuck_seconds(self) -> float:
        """How long the batch that is being translated has been so."""
        return time.monotonic() - self._running_since if self._running_since else 0.0

    def drain_seconds(self) -> float:
        """How long what is here now will take, by the speed of the last batches."""
        return self.speed.seconds(self._queued_pieces + self._running_pieces, len(self._queue) + self._running_rows)

    async def submit(self, sources: Sequence[Source], search: Search, job: Job) -> list[Answer]:
        """Translate id sequences, none of them empty.

        Raises:
            Busy: they would not be done by the job's deadline, because of what waits already.
            NeverFits: they would not even if nothing waited.
            TimeoutError: the deadline passed all the same.
            Closed: after `close`.
        """
        if self._closed:
            raise Closed
        known = {source: found for source in sources if (found := self._cache.get((source, search))) is not None}
        if known:
            self._observer.cache_hit(len(known))
        self._admit([source for source in sources if source not in known], search, job)
        waiting = {source: self._enqueue(source, search, job) for source in sources if source not in known}
        if waiting:
            self._changed()
            try:
                async with asyncio.timeout(max(0.0, job.deadline - time.monotonic())):
                    await asyncio.wait([entry.done for entry in waiting.values()])
            except BaseException:
                job.gone = True
                raise
        return [Answer(known[source], 0.0, 0.0, 0) if source in known else waiting[source].done.result() for source in sources]

    def check_queue(self, job: Job) -> None:
        """Refuse a job before anything is done for it, if what waits already is too much.

        Raises:
            Busy: it is.
        """
        waits, left = self.drain_seconds(), job.deadline - time.monotonic()
        if waits > _LONGEST_WAIT * left or self._queued_pieces >= self.limits.queue_pieces:
            raise Busy(max(1.0, waits - _LONGEST_WAIT * left / 2))

    def _admit(self, sources: Sequence[Source], search: Search, job: Job) -> None:
        new = {source for source in sources if (source, search) not in self._by_key}
        pieces = sum(len(source) + 1 for source in new)
        own, left = self.speed.seconds(pieces, len(new)), _PROMISED * (job.deadline - time.monotonic())
        if pieces > self.limits.queue_pieces or own > left:
            raise NeverFits
        waits = self.drain_seconds()
        if new and (self._queued_pieces + pieces > self.limits.queue_pieces or waits + own > left):
            raise Busy(max(1.0, waits + own - left / 2))

    def _enqueue(self, source: Source, search: Search, job: Job) -> _Entry:
        key = source, search
        entry = self._by_key.get(key)
        if entry is not None:  # somebody asked for the same and waits still
            entry.jobs.append(job)
            return entry
        job.turn = max(job.turn, self._now) + 1
        self._count += 1
        done = asyncio.get_running_loop().create_future()
        entry = _Entry(job.turn, self._count, source, search, time.monotonic(), [job], done)
        bisect.insort(self._queue, entry, key=lambda one: one.order)
        self._by_key[key] = entry
        self._queued_pieces += entry.pieces
        return entry

    def _changed(self) -> None:
        self._arrived.set()
        self._observer.queue_changed(len(self._queue), self._queued_pieces)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._queue and not self._closed:
                self._busy_since = None  # what follows is idleness, and no part of any batch's price
                self._arrived.clear()
                await self._arrived.wait()
            if not self._queue:
                return
            await self._wait_for_more()
            batch = self._next_batch()
            self._changed()
            if not batch:
                continue
            self._running_since = started = time.monotonic()
            self._running_pieces, self._running_rows = sum(entry.pieces for entry in batch), len(batch)
            try:
                sources, searches = [entry.source for entry in batch], [entry.search for entry in batch]
                found = await loop.run_in_executor(self._thread, self._translate, sources, searches)
            except Exception as error:  # whatever it is, it belongs to those who wait for it, and the worker goes on
                for entry in batch:
                    entry.done.set_exception(error)
                    entry.done.exception()  # it is told to whoever still waits; nobody may
            else:
                self._deliver(batch, found, started)
            for entry in batch:
                del self._by_key[entry.source, entry.search]
            self._running_since, self._running_pieces, self._running_rows = None, 0, 0
            self._expected = len(self._queue) + len(batch) if len(batch) > 1 else 0

    async def _wait_for_more(self) -> None:
        """Give those whose answers have just gone out a moment to ask again: the more there is to choose from, the more alike a batch is.

        Clients that ask one thing after another come back all at once, while the model would be taking whatever had waited before them.
        """
        until = time.monotonic() + self.limits.wait_seconds
        while len(self._queue) < self._expected and not self._closed:
            patience = min(until - time.monotonic(), self.limits.wait_seconds * _QUIET)
            if patience <= 0:
                return
            self._arrived.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _next_batch(self) -> list[_Entry]:
        """Take the first entry and those of nearest length among the next that share its search; drop what nobody waits for."""
        self._drop_abandoned()
        if not self._queue:
            return []
        first = self._queue[0]
        self._now = first.turn
        beam = first.search.beam_size
        alike = [entry for entry in self._queue[:LOOKED_AT] if entry.search.engine == first.search.engine]
        alike.sort(key=lambda entry: abs(entry.pieces - first.pieces))  # stable: among equals the one whose turn is earlier
        batch: list[_Entry] = []
        width = 0
        for entry in alike[: min(self.limits.sentences, self._most_rows(beam))]:
            if batch and max(width, entry.pieces) * (len(batch) + 1) > self.limits.pieces:
                break
            batch.append(entry)
            width = max(width, entry.pieces)
        self._remove(set(batch))
        return batch

    def _drop_abandoned(self) -> None:
        now = time.monotonic()
        abandoned: dict[str, list[_Entry]] = {"client_gone": [], "deadline": []}
        for entry in self._queue[:LOOKED_AT]:
            if all(job.gone or job.deadline <= now for job in entry.jobs):
                abandoned["client_gone" if all(job.gone for job in entry.jobs) else "deadline"].append(entry)
        for reason, entries in abandoned.items():
            if entries:
                self._observer.dropped(reason, len(entries))
                self._remove(set(entries))
                for entry in entries:
                    del self._by_key[entry.source, entry.search]
                    entry.done.set_exception(TimeoutError())
                    entry.done.exception()  # whoever still waits is told; nobody may

    def _remove(self, taken: set[_Entry]) -> None:
        self._queue = [entry for entry in self._queue[:LOOKED_AT] if entry not in taken] + self._queue[LOOKED_AT:]
        self._queued_pieces -= sum(entry.pieces for entry in taken)

    def _deliver(self, batch: list[_Entry], found: list[list[Hypothesis]], started: float) -> None:
        now = time.monotonic()
        seconds = now - started
        pieces = sum(entry.pieces for entry in batch)
        if not self.speed.pieces_per_second or len(batch) >= self.limits.sentences // 2:  # a small batch says little of how a queue drains
            # While there is a queue, what passes between two batches is part of the price of a batch.
            self.speed.measured(pieces, len(batch), now - (self._busy_since or started))
        self._busy_since = now if self._queue else None
        for entry, hypotheses in zip(batch, found, strict=True):
            entry.done.set_result(Answer(hypotheses, started - entry.arrived, seconds, len(batch)))
            self._cache.put((entry.source, entry.search), hypotheses)
        padded = max(entry.pieces for entry in batch) * len(batch)
        self._observer.batch_done(len(batch), pieces, padded, seconds, [started - entry.arrived for entry in batch])
