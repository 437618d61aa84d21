"""Blocks of pairs through checkers in several processes, in order. Few blocks are under way at a time, so that memory stays flat."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import NamedTuple

from nmt.audit.checker import Checked, Checker, Limits
from nmt.data.corpus import SentencePair

BLOCK_PAIRS = 4096
BLOCK_CHARACTERS = 2_000_000
"""A block ends early where lines are very long."""
_WORTH_PROCESSES = 4
"""With fewer blocks than this, the processes would take longer to start than the checks take."""


class Part(NamedTuple):
    """A block of pairs of one set."""

    place: int
    """Which set."""
    languages: tuple[str, str]
    pairs: list[SentencePair]


def parts(place: int, languages: tuple[str, str], pairs: Iterable[SentencePair]) -> Iterator[Part]:
    """Cut a set into blocks."""
    block: list[SentencePair] = []
    characters = 0
    for pair in pairs:
        block.append(pair)
        characters += len(pair.source) + len(pair.target)
        if len(block) == BLOCK_PAIRS or characters > BLOCK_CHARACTERS:
            yield Part(place, languages, block)
            block, characters = [], 0
    if block:
        yield Part(place, languages, block)


def checked(blocks: Iterator[Part], limits: Limits, processes: int) -> Iterator[tuple[Part, Checked]]:
    """Yield each block with what was found in it, in order."""
    first = list(islice(blocks, _WORTH_PROCESSES))
    if processes == 1 or len(first) < _WORTH_PROCESSES:
        checker = Checker(limits)
        for part in chain(first, blocks):
            yield part, checker.check(part.pairs, part.languages)
        return
    # Not fork: a bar that is being drawn has a thread, and a forked child of threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (limits,)) as pool:
        waiting: deque[tuple[Part, Future[Checked]]] = deque()
        try:
            for part in chain(first, blocks):
                waiting.append((part, pool.submit(_check, part.pairs, part.languages)))
                if len(waiting) > processes + 2:
                    done, result = waiting.popleft()
                    yield done, result.result()
            while waiting:
                done, result = waiting.popleft()
                yield done, result.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_checker: Checker | None = None


def _begin(limits: Limits) -> None:
    global _checker  # noqa: PLW0603 - of a process that does nothing else
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    _checker = Checker(limits)


def _check(pairs: list[SentencePair], languages: tuple[str, str]) -> Checked:
    assert _checker is not None
    return _checker.check(pairs, languages)
