"""What a person sees while a run trains: a progress bar with ETA on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PLAIN_LINE_SECONDS = 30.0


class TrainingDisplay:
    """Writes to stderr only."""

    def __init__(self, label: str, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.label = label
        self._figures = ""
        self._last_plain = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task(label, total=None, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def message(self, text: str) -> None:
        """Print one line above the bar."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def reading(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """A second bar while a large file is read before the first update; what it yields wants the bytes read, and all of them."""
        task = self._progress.add_task(f"reading {name} (MiB)", total=None, figures="")
        try:
            yield lambda done, total: self._progress.update(task, completed=done >> 20, total=total >> 20)
        finally:
            self._progress.remove_task(task)

    def update(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)

    def figures(self, done: int, total: int, figures: str, seconds_left: float) -> None:
        """Show the latest figures: beside the bar, or now and then as a line."""
        self._progress.update(self._task, completed=done, total=total, figures=figures)
        if not self.console.is_terminal and time.monotonic() - self._last_plain >= PLAIN_LINE_SECONDS:
            self._last_plain = time.monotonic()
            minutes, seconds = divmod(int(seconds_left), 60)
            self.message(f"{self.label} {done}/{total} · {figures} · ETA {minutes}:{seconds:02d}")
