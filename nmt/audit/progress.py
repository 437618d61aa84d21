"""What a person sees while text is read: a bar for each pass, by bytes where the text lies in files, with the time that is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Advance = Callable[[int], None]


class Passes:
    """Bars, one for each pass over the text; without a terminal there is nothing to see."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console

    @contextmanager
    def bar(self, description: str, total: int) -> Iterator[Advance]:
        """Show a bar while something is done; it is moved by what the bar gives. A total of 0 is unknown."""
        if self._console is None or not self._console.is_terminal:
            yield lambda count: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as shown:
            task = shown.add_task(description, total=total or None)
            yield lambda count: shown.advance(task, count)
