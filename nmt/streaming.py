"""Lines in windows: input is taken a piece at a time, so that memory stays flat and the first results come before the last line.

A window is as many lines as make good batches. From a pipe or a terminal it is also given when the writer falls silent: a person, or a
program that waits for its answer, is not kept waiting for a full window.
"""

import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator

from nmt.errors import CorpusError

WINDOW_LINES = 2048
WINDOW_CHARACTERS = 1 << 20
SILENCE_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0
_READ_BYTES = 1 << 16
_READ_AHEAD = 64  # reads, 4 MiB: the reader waits while the model works through what is there
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def windows(lines: Iterable[str], *, window_lines: int = WINDOW_LINES, window_characters: int = WINDOW_CHARACTERS) -> Iterator[list[str]]:
    """Group lines: a window is given as soon as it holds so many lines or characters, the last one with what is left."""
    window: list[str] = []
    characters = 0
    for line in lines:
        window.append(line)
        characters += len(line)
        if len(window) >= window_lines or characters >= window_characters:
            yield window
            window, characters = [], 0
    if window:
        yield window


def line_windows(
    descriptor: int,
    *,
    window_lines: int = WINDOW_LINES,
    silence_seconds: float = SILENCE_SECONDS,
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
    name: str = "standard input",
) -> Iterator[list[str]]:
    r"""Read UTF-8 lines from a file descriptor in windows.

    A line ends at `\n`, alone or after `\r`; other line separators of Unicode are ordinary text, or output lines would no longer match
    input lines. The last line needs no end. A byte order mark is dropped.

    Args:
        descriptor: An open file, pipe or terminal.
        window_lines: A window is given when it holds so many lines,
        silence_seconds: or when nothing came for so long (on a terminal at once, a line at a time),
        longest_wait_seconds: or when its first line has waited so long for a writer that never falls silent.
        name: What an error calls the input.

    Raises:
        CorpusError: a line that is not UTF-8, with its number; every line before it is given first.
    """
    if os.isatty(descriptor):
        silence_seconds = 0.0
    splitter = _LineSplitter(name)
    pending: list[str] = []
    characters = 0
    give_at = 0.0
    chunks = _read_ahead(descriptor)
    while True:
        try:
            patience = max(0.0, min(silence_seconds, give_at - time.monotonic())) if pending else None
            chunk = chunks.get(timeout=patience) if patience != 0.0 else chunks.get_nowait()
        except queue.Empty:
            yield pending
            pending, characters = [], 0
            continue
        if isinstance(chunk, OSError):
            raise CorpusError(f"cannot read {name}: {chunk.strerror}") from chunk
        for line in splitter.feed(chunk):
            if not pending:
                give_at = time.monotonic() + longest_wait_seconds
            pending.append(line)
            characters += len(line)
            if len(pending) >= window_lines or characters >= WINDOW_CHARACTERS:
                yield pending
                pending, characters = [], 0
        if not chunk or splitter.failure:
            break
    if pending:
        yield pending
    if splitter.failure:
        raise splitter.failure


class _LineSplitter:
    r"""Bytes to lines at `\n`. At the first line that is not UTF-8 it stops and holds the failure."""

    def __init__(self, name: str) -> None:
        self.failure: CorpusError | None = None
        self._name = name
        self._rest: list[bytes] = []  # a line may come in any number of reads; joined once
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Give the lines that `chunk` completes; an empty chunk is the end and completes the last."""
        *ended, rest = chunk.split(b"\n")
        if ended:
            ended[0] = b"".join([*self._rest, ended[0]])
            self._rest = []
        if rest:
            self._rest.append(rest)
        if not chunk and self._rest:
            ended = [b"".join(self._rest)]
        for line in ended:
            self._number += 1
            if self._number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)  # noqa: PLW2901
            try:
                yield line.removesuffix(b"\r").decode("utf-8")
            except UnicodeDecodeError as error:
                self.failure = CorpusError(
                    f"{self._name}, line {self._number}: not UTF-8 (byte 0x{line[error.start]:02x} at position {error.start + 1}); "
                    "convert it first, for example with iconv -t utf-8"
                )
                return


def _read_ahead(descriptor: int) -> queue.Queue[bytes | OSError]:
    """Read in a thread, which works for every kind of file on every system; the last item is empty, or the error that ended it."""
    chunks: queue.Queue[bytes | OSError] = queue.Queue(maxsize=_READ_AHEAD)

    def read() -> None:
        try:
            # Its own copy: a caller that stops early may close the descriptor, and the system give its number to another file.
            with os.fdopen(os.dup(descriptor), "rb", buffering=0) as stream:
                while chunk := stream.read(_READ_BYTES):
                    chunks.put(chunk)
            chunks.put(b"")
        except OSError as error:
            chunks.put(error)

    threading.Thread(target=read, name="nmt-read-ahead", daemon=True).start()
    return chunks
