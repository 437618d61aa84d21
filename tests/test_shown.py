"""Work that a person can watch."""

import io

import pytest
from rich.console import Console

from nmt import shown


def test_without_a_terminal_a_line_each_minute_says_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 30.0, 70.0, 80.0, 140.0])
    monkeypatch.setattr(shown.time, "monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), width=200)
    with shown.counted("distilling", 9000, console) as moved:
        moved(2000)  # of an earlier process
        for _ in range(4):
            moved(500)
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "distilling 3,000/9,000 lines · ETA 7 min",
        "distilling 4,000/9,000 lines · ETA 6 min",
    ]


def test_on_a_terminal_a_bar_counts_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    with shown.counted("distilling", 90, console) as moved:
        moved(90)
    assert "90/90" in console.file.getvalue()  # type: ignore[attr-defined]
