"""Work that a person can watch: plain lines, and a progress bar with ETA over anything that takes more than a moment."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from nmt.streaming import windows
from nmt.translator import Translator

Item = TypeVar("Item")
SHOWN_LINES = 256
"""Lines translated between two moves of the bar: few enough to look alive, enough to be sorted into good batches."""


def printer(console: Console) -> Callable[[str], None]:
    """A function that prints one plain line."""
    return lambda line: console.print(line, markup=False, soft_wrap=True)


def tracked(items: Collection[Item], description: str, console: Console) -> Iterable[Item]:
    """The items, under a progress bar where there is a terminal to see it."""
    return track(items, description=description, console=console, disable=not console.is_terminal, transient=True)


def translate_shown(translator: Translator, lines: Sequence[str], console: Console) -> list[str]:
    """Translate lines under a progress bar."""
    outputs: list[str] = []
    for window in tracked(list(windows(lines, window_lines=SHOWN_LINES)), "translating", console):
        outputs += translator.translate(window)
    return outputs
