"""The line mode of `nmt translate`: windows of lines in, one line out for each, in order and at once."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from nmt.atomic import replacing_file
from nmt.data.parallel_text import read_lines
from nmt.errors import CorpusError
from nmt.hypotheses import Hypothesis
from nmt.streaming import line_windows, windows
from nmt.translator import Translator


@dataclass(frozen=True)
class OutputFormat:
    """How each line's translation is written."""

    beam_size: int | None = None
    n_best: int = 1
    scores: bool = False
    json_lines: bool = False
    paragraphs: bool = False


def input_windows(texts: list[str], path: Path | None) -> Iterable[list[str]]:
    """The lines to translate: given as arguments, read from a file (`.gz` too), or read from standard input as they come.

    Raises:
        CorpusError: there is no such file; whatever else is wrong with it shows while it is read.
    """
    if texts:
        return [texts]
    if path is None:
        return line_windows(sys.stdin.fileno())
    if not path.exists() or path.is_dir():
        raise CorpusError(f"cannot read {path}: it {'is a folder' if path.is_dir() else 'does not exist'}")
    return windows(read_lines(path))


@contextmanager
def opened_output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    if path.is_dir() or not path.parent.is_dir():
        raise CorpusError(f"cannot write {path}: it is a folder" if path.is_dir() else f"cannot write {path}: no folder {path.parent}")
    if path.exists() and not path.is_file():  # /dev/stdout, a named pipe: nothing that one may replace
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        return
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def translate_lines(translator: Translator, source: Iterable[list[str]], output: TextIO, form: OutputFormat) -> int:
    """Translate window by window and flush each; returns how many lines were read."""
    count = 0
    for window in source:
        if form.paragraphs:
            text = translator.translate_paragraphs("\n".join(window), beam_size=form.beam_size)
            output.write(text + "\n")
        else:
            found = translator.hypotheses(window, n_best=form.n_best, beam_size=form.beam_size)
            for number, (line, hypotheses) in enumerate(zip(window, found, strict=True), start=count + 1):
                output.write(_written(number, line, hypotheses, form))
        output.flush()
        count += len(window)
    return count


def _written(number: int, line: str, hypotheses: list[Hypothesis], form: OutputFormat) -> str:
    best = hypotheses[0]
    if form.json_lines:
        entry: dict[str, Any] = {"source": line, "translation": best.text, "score": best.score}
        if form.n_best > 1:
            entry["hypotheses"] = [{"text": one.text, "score": one.score} for one in hypotheses]
        return json.dumps(entry, ensure_ascii=False) + "\n"
    if form.n_best > 1:
        return "".join(f"{number}\t{one.score:.4f}\t{one.text}\n" for one in hypotheses)
    return f"{best.score:.4f}\t{best.text}\n" if form.scores else f"{best.text}\n"
