"""A bar on standard error while something is measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

Tick = Callable[[], None]
"""Called after each unit of work."""


@contextmanager
def bar(description: str, total: int, console: Console) -> Iterator[Tick]:
    """Show a bar with an ETA where there is a terminal, drawn twice a second so that it takes no time from what is measured."""
    with Progress(console=console, transient=True, refresh_per_second=2, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)
