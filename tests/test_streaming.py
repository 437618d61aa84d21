"""Windows of lines: full ones, silent writers, damaged bytes; against real pipes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.errors import CorpusError
from nmt.streaming import line_windows, windows

FOREVER = 60.0


def piped(data: bytes, **options: float) -> list[list[str]]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(data)
    try:
        return list(line_windows(reading, **options))  # type: ignore[arg-type]
    finally:
        os.close(reading)


@given(st.lists(st.text(max_size=5), max_size=30), st.integers(1, 7), st.integers(1, 20))
def test_windows_keep_every_line_in_order(lines: list[str], size: int, characters: int) -> None:
    found = list(windows(lines, window_lines=size, window_characters=characters))
    assert [line for window in found for line in window] == lines
    assert all(0 < len(window) <= size for window in found)
    assert all(sum(map(len, window[:-1])) < characters for window in found)


def test_a_window_is_given_before_the_input_ends() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "line"

    assert next(windows(endless(), window_lines=3)) == ["line"] * 3


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"one", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\r\ntwo\r", ["one", "", "two"]),
        (b"\xef\xbb\xbfone\n", ["one"]),
        ("Käse\u2028\x0b\x85\n中".encode(), ["Käse\u2028\x0b\x85", "中"]),
    ],
)
def test_lines_end_at_line_feeds_only(data: bytes, lines: list[str]) -> None:
    assert [line for window in piped(data) for line in window] == lines


def test_full_windows() -> None:
    assert piped(b"1\n2\n3\n4\n5\n", window_lines=2, silence_seconds=FOREVER) == [["1", "2"], ["3", "4"], ["5"]]


def test_a_line_of_many_reads_is_one_line() -> None:
    reading, writing = os.pipe()
    line = "né" * 200_000

    def write() -> None:
        with os.fdopen(writing, "wb") as stream:
            stream.write(line.encode() + b"\nlast")

    threading.Thread(target=write).start()
    assert [text for window in line_windows(reading) for text in window] == [line, "last"]
    os.close(reading)


def test_a_line_that_is_not_utf8_is_named_after_the_lines_before_it() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"good\nalso good\nbad \xe4 line\nmore\n")
    os.close(writing)
    given = line_windows(reading, name="in.txt")
    assert next(given) == ["good", "also good"]
    with pytest.raises(CorpusError, match=r"in\.txt, line 3: not UTF-8 \(byte 0xe4 at position 5\)"):
        next(given)
    os.close(reading)


def test_a_descriptor_that_cannot_be_read_is_one_clear_line() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with pytest.raises(CorpusError, match="cannot read standard input"):
        next(line_windows(reading))


def test_a_writer_that_never_falls_silent_waits_only_so_long() -> None:
    reading, writing = os.pipe()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            os.write(writing, b"tick\n")
            time.sleep(0.01)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    found = line_windows(reading, silence_seconds=FOREVER, longest_wait_seconds=0.1)
    begin = time.monotonic()
    assert next(found)
    assert time.monotonic() - begin < 5
    stop.set()
    writer.join()
    assert [line for window in found for line in window if line != "tick"] == []
    os.close(reading)


ECHO = """
import sys
from nmt.streaming import line_windows
for window in line_windows(0):
    sys.stdout.write("".join(line.upper() + "\\n" for line in window))
    sys.stdout.flush()
"""


def test_a_slow_writer_gets_its_answer_before_it_closes() -> None:
    with subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        for line in (b"first\n", b"second\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line.upper()  # would hang if a window waited to be full
        process.stdin.write(b"no end")
        process.stdin.close()
        assert process.stdout.read() == b"NO END\n"
    assert process.returncode == 0


def test_a_terminal_is_answered_line_by_line() -> None:
    pty = pytest.importorskip("pty")
    keyboard, terminal = pty.openpty()
    found = line_windows(terminal, silence_seconds=FOREVER)
    for line in ("one", "two"):
        os.write(keyboard, line.encode() + b"\n")
        assert next(found) == [line]
    os.write(keyboard, b"\x04")  # end of file
    assert list(found) == []
    os.close(keyboard)
    os.close(terminal)
