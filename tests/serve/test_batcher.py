"""The batcher alone, over a function that is told when to go on: who is translated with whom, in which order, and who is not let in."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.hypotheses import Hypothesis
from nmt.searching import Search
from nmt.translator import Source
from serve.batcher import Batcher, BatchLimits
from serve.job import Busy, Closed, Job, NeverFits
from serve.speed import Speed

GREEDY = Search(1, 1.0)


class Told:
    """Remembers what a batcher tells."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.drops: dict[str, int] = {}
        self.hits = 0
        self.waiting = 0

    def batch_done(self, rows: int, pieces: int, padded: int, seconds: float, waits: Sequence[float]) -> None:
        assert rows == len(waits)
        assert 0 < pieces <= padded
        self.rows.append(rows)

    def queue_changed(self, entries: int, pieces: int) -> None:
        assert (entries == 0) == (pieces == 0)
        self.waiting = entries

    def dropped(self, reason: str, count: int) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + count

    def cache_hit(self, count: int) -> None:
        self.hits += count


class Engine:
    """Answers a source with its ids as text. While `held`, a batch does not end."""

    def __init__(self) -> None:
        self.batches: list[list[Source]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, sources: Sequence[Source], searches: Sequence[Search]) -> list[list[Hypothesis]]:
        self.batches.append(list(sources))
        assert self.go.wait(5)
        if any(99 in source for source in sources):
            raise RuntimeError("spoilt")
        return [[Hypothesis(" ".join(map(str, source)), 0.0)] for source in sources]


def soon(seconds: float = 5.0) -> Job:
    return Job(time.monotonic() + seconds)


def run(body: Callable[[Batcher, Engine, Told], Awaitable[None]], **limits: float) -> tuple[Engine, Told]:
    """Run a test's body over a fresh batcher."""
    engine, told = Engine(), Told()
    chosen = {"sentences": 4, "pieces": 100, "wait_seconds": 0.0, "queue_pieces": 1000, "cache_bytes": 0} | limits

    async def main() -> None:
        batcher = Batcher(engine, lambda beam: 64 // beam, BatchLimits(**chosen), told)  # type: ignore[arg-type]
        batcher.start()
        await body(batcher, engine, told)
        engine.go.set()
        await batcher.close()

    asyncio.run(asyncio.wait_for(main(), 20))
    return engine, told


async def texts(batcher: Batcher, sources: Sequence[Source], job: Job | None = None, search: Search = GREEDY) -> list[str]:
    return [answer.hypotheses[0].text for answer in await batcher.submit(sources, search, job or soon())]


async def hold(batcher: Batcher, engine: Engine) -> "asyncio.Task[list[str]]":
    """Have a first batch under way that does not end, so that what comes next waits."""
    engine.go.clear()
    task = asyncio.create_task(texts(batcher, [(1,)]))
    while not engine.batches:
        await asyncio.sleep(0.001)
    return task


def test_the_smallest_batch() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        assert await texts(batcher, [(5, 6)]) == ["5 6"]
        assert await texts(batcher, []) == []

    assert run(body)[1].rows == [1]


def test_what_waits_together_is_translated_together() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        others = [asyncio.create_task(texts(batcher, [(2, n)])) for n in range(3)]
        await asyncio.sleep(0.01)
        engine.go.set()
        assert await asyncio.gather(first, *others) == [["1"], ["2 0"], ["2 1"], ["2 2"]]

    assert run(body)[1].rows == [1, 3]


def test_a_batch_takes_the_first_and_those_of_its_length() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        short, long = [(7, n) for n in range(3)], [(8,) * 20 + (n,) for n in range(3)]
        others = [asyncio.create_task(texts(batcher, [source])) for pair in zip(short, long, strict=True) for source in pair]
        await asyncio.sleep(0.01)
        engine.go.set()
        await asyncio.gather(first, *others)

    engine, _ = run(body, sentences=3)
    assert [{len(source) for source in batch} for batch in engine.batches[1:]] == [{2}, {21}]


def test_padding_is_paid_for() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        other = asyncio.create_task(texts(batcher, [(n,) * 19 for n in range(10)]))
        await asyncio.sleep(0.01)
        engine.go.set()
        await asyncio.gather(first, other)

    engine, _ = run(body, sentences=64, pieces=100)
    assert [len(batch) for batch in engine.batches[1:]] == [5, 5]


def test_a_book_does_not_block_a_chat_line() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        book = asyncio.create_task(texts(batcher, [(2, n) for n in range(40)]))
        await asyncio.sleep(0.01)
        chat = asyncio.create_task(texts(batcher, [(3, 3)]))
        await asyncio.sleep(0.01)
        engine.go.set()
        await asyncio.gather(first, book, chat)

    engine, _ = run(body)
    assert any((3, 3) in batch for batch in engine.batches[1:3])


def test_searches_of_different_beams_never_share_a_batch() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        others = [asyncio.create_task(texts(batcher, [(2, n)], search=Search(1 + n % 2, 1.0))) for n in range(4)]
        await asyncio.sleep(0.01)
        engine.go.set()
        await asyncio.gather(first, *others)

    engine, _ = run(body)
    assert [sorted(batch) for batch in engine.batches[1:]] == [[(2, 0), (2, 2)], [(2, 1), (2, 3)]]


def test_the_same_sentence_asked_twice_at_once_is_translated_once() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        others = [asyncio.create_task(texts(batcher, [(2,), (3,)])) for _ in range(3)]
        await asyncio.sleep(0.01)
        engine.go.set()
        assert await asyncio.gather(*others) == [["2", "3"]] * 3
        await first

    engine, _ = run(body)
    assert sorted(engine.batches[1]) == [(2,), (3,)]


def test_memory_answers_what_was_asked_before_and_forgets_the_oldest() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        for source in [(1,), (1,), (2,), (3,), (4,), (4,), (1,)]:
            assert await texts(batcher, [source]) == [str(source[0])]

    engine, told = run(body, cache_bytes=1400)  # three entries of this size
    assert [batch[0][0] for batch in engine.batches] == [1, 2, 3, 4, 1]
    assert told.hits == 2


def test_a_client_that_has_gone_is_dropped_before_its_turn() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        gone = asyncio.create_task(texts(batcher, [(2,), (3,)]))
        shared = asyncio.create_task(texts(batcher, [(3,)]))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0.01)
        engine.go.set()
        assert await shared == ["3"]
        await first

    engine, told = run(body)
    assert engine.batches[1:] == [[(3,)]]
    assert told.drops == {"client_gone": 1}


def test_a_deadline_that_passes_in_the_queue() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        with pytest.raises(TimeoutError):
            await batcher.submit([(2,)], GREEDY, soon(0.05))
        engine.go.set()
        await first
        assert await texts(batcher, [(4,)]) == ["4"]

    engine, told = run(body)
    assert engine.batches == [[(1,)], [(4,)]]
    assert told.waiting == 0


def test_a_full_queue_says_when_to_come_again() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        batcher.speed = Speed(1000.0, 100.0)
        waiting = asyncio.create_task(texts(batcher, [(2,) * 8]))
        await asyncio.sleep(0.01)
        with pytest.raises(Busy) as refusal:
            await batcher.submit([(3,) * 8], GREEDY, soon())
        assert refusal.value.retry_after >= 1
        with pytest.raises(NeverFits):
            await batcher.submit([(3,) * 30], GREEDY, soon())
        engine.go.set()
        await asyncio.gather(first, waiting)

    run(body, queue_pieces=12)


def test_what_would_be_too_late_is_refused_at_once() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        batcher.speed = Speed(10.0, 10.0)
        waiting = asyncio.create_task(texts(batcher, [(2,) * 9], soon(5)))  # what is there now takes 1.2 s
        await asyncio.sleep(0.01)
        batcher.check_queue(soon(5))
        with pytest.raises(Busy):
            batcher.check_queue(soon(2))  # more than half of its time would be waiting
        with pytest.raises(Busy):
            await batcher.submit([(3,) * 9], GREEDY, soon(2))
        with pytest.raises(NeverFits):
            await batcher.submit([(3,) * 99], GREEDY, soon(5))
        engine.go.set()
        await asyncio.gather(first, waiting)

    run(body)


def test_a_queue_is_as_long_as_its_pieces_or_its_sentences_say() -> None:
    speed = Speed()
    assert speed.seconds(100, 10) == 0.0
    speed.measured(100, 10, 2.0)
    assert (speed.seconds(100, 1), speed.seconds(10, 10)) == (2.0, 2.0)
    for _ in range(100):
        speed.measured(100, 10, 1.0)
    assert speed.seconds(100, 10) == pytest.approx(1.0, rel=0.01)


def test_idleness_is_no_part_of_a_batch_s_price() -> None:
    """The last that waited goes before its turn; the pause until somebody asks again says nothing of the model's speed."""

    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        gone = asyncio.create_task(texts(batcher, [(2,)]))
        await asyncio.sleep(0.01)
        gone.cancel()
        engine.go.set()
        await first
        while batcher._busy_since is not None:
            await asyncio.sleep(0.001)
        assert await texts(batcher, [(4,)]) == ["4"]

    run(body)


def test_a_batch_that_fails_fails_its_own_and_no_other() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        with pytest.raises(RuntimeError, match="spoilt"):
            await batcher.submit([(99,)], GREEDY, soon())
        assert await texts(batcher, [(2,)]) == ["2"]
        assert batcher.stuck_seconds == 0

    run(body)


def test_closing_translates_what_waits_and_takes_no_more() -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        first = await hold(batcher, engine)
        waiting = asyncio.create_task(texts(batcher, [(2,)]))
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0.01)
        with pytest.raises(Closed):
            await batcher.submit([(3,)], GREEDY, soon())
        engine.go.set()
        assert await asyncio.gather(first, waiting) == [["1"], ["2"]]
        await closing

    run(body)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12).map(tuple), max_size=6), max_size=8), st.integers(1, 5))
def test_every_job_gets_its_own_answers_in_order(jobs: list[list[Source]], sentences: int) -> None:
    async def body(batcher: Batcher, engine: Engine, told: Told) -> None:
        found = await asyncio.gather(*(texts(batcher, sources) for sources in jobs))
        assert found == [[" ".join(map(str, source)) for source in sources] for sources in jobs]

    engine, told = run(body, sentences=sentences, pieces=30)
    assert max(told.rows, default=0) <= sentences
    assert all(max(len(source) + 1 for source in batch) * len(batch) <= 30 or len(batch) == 1 for batch in engine.batches)
