"""Work that a person can watch: plain lines, and a progress bar with ETA over anything that takes more than a moment."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn, track

from nmt.streaming import windows
from nmt.translator import Translator

Item = TypeVar("Item")
SHOWN_LINES = 256
"""Lines translated between two moves of the bar: few enough to look alive, enough to be sorted into good batches."""
_SPEED_SECONDS = 600.0  # long steps: the time that is left is told from the speed of the last ten minutes
_TOLD_EVERY = 60.0


def printer(console: Console) -> Callable[[str], None]:
    """A function that prints one plain line."""
    return lambda line: console.print(line, markup=False, soft_wrap=True)


def tracked(items: Collection[Item], description: str, console: Console) -> Iterable[Item]:
    """The items, under a progress bar where there is a terminal to see it."""
    return track(items, description=description, console=console, disable=not console.is_terminal, transient=True)


@contextmanager
def counted(description: str, total: int, console: Console) -> Iterator[Callable[[int], None]]:
    """Yield what is told how many more lines are done: it moves a bar with ETA, or writes a line each minute where there is no terminal.

    Its first call may tell of lines that an earlier process did: they say nothing of the speed.
    """
    if not console.is_terminal:
        yield _Told(description, total, console)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, speed_estimate_period=_SPEED_SECONDS) as progress:
        task = progress.add_task(description, total=total)
        yield lambda lines: progress.advance(task, lines)


class _Told:
    """A line each minute, for whoever looks into a log."""

    def __init__(self, description: str, total: int, console: Console) -> None:
        self._description, self._total, self._say = description, total, printer(console)
        self._begun: float | None = None
        self._done = self._before = 0
        self._told = time.monotonic()

    def __call__(self, lines: int) -> None:
        now = time.monotonic()
        if self._begun is None:
            self._begun, self._before = now, lines
        self._done += lines
        if now - self._told < _TOLD_EVERY or self._done == self._before:
            return
        left = (now - self._begun) / (self._done - self._before) * (self._total - self._done)
        self._say(f"{self._description} {self._done:,}/{self._total:,} lines · ETA {left / 60:.0f} min")
        self._told = now


def translate_shown(translator: Translator, lines: Sequence[str], console: Console) -> list[str]:
    """Translate lines under a progress bar."""
    outputs: list[str] = []
    for window in tracked(list(windows(lines, window_lines=SHOWN_LINES)), "translating", console):
        outputs += translator.translate(window)
    return outputs
