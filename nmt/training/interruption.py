"""Ctrl-C and SIGTERM: finish the update, save, then end; a second signal ends at once."""

import signal
from types import FrameType
from typing import Any, Self


class Interruption:
    """While active, notes the first signal instead of dying of it."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        try:
            self._before = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        except ValueError:
            self._before = {}  # not the main thread (a notebook, a test runner): signals stay as they are
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        for each in self.SIGNALS:
            signal.signal(each, signal.SIG_DFL)
