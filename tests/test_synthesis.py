"""Lines through a model into parallel text: what is kept, what is left out, and that a killed job is carried on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nmt import synthesis
from nmt.data.parallel_text import SentencePair
from nmt.errors import CorpusError, RunError
from nmt.hypotheses import Hypothesis
from nmt.synthesis import EMPTY, LOOPING, REPEATED, Made, Wanted, synthesize
from nmt.synthesis_folder import growing_folder

WANTED = Wanted(beam_size=5, max_pieces=6, max_length_ratio=3.0)
JOB = {"model": "scripted", "n_best": 1}
FILES = "text", ("text.en", "text.de")


def said(text: str, pieces: int | None = None, cut: bool = False) -> Hypothesis:
    return Hypothesis(text, -1.0, None, len(text.split()) if pieces is None else pieces, cut)


class Scripted:
    """A translator that says of each line what it was told to, else the line in capitals; words are its pieces."""

    prefix: tuple[int, ...] = ()
    target_language = "de"

    def __init__(self, answers: dict[str, list[Hypothesis]] | None = None, before: Callable[[], None] = lambda: None) -> None:
        self.answers, self.before = answers or {}, before
        self.asked: list[str] = []

    def into(self, target: str, *, source: str, tag: str | None) -> "Scripted":
        assert (source, target) == ("en", "de")
        return self

    def encode(self, lines: Sequence[str]) -> Any:
        return SimpleNamespace(ids=[[(7,) * len(line.split())] for line in lines])

    def hypotheses(self, lines: Sequence[str], *, n_best: int, beam_size: int) -> list[list[Hypothesis]]:
        self.before()
        self.asked += lines
        return [self.answers.get(line, [said(line.upper())])[:n_best] for line in lines]


def pairs(*lines: str) -> list[SentencePair]:
    return [SentencePair(line, f"gold of {line}", number) for number, line in enumerate(lines, start=1)]


def written(translator: Scripted, text: list[SentencePair], place: Path, wanted: Wanted = WANTED, *, back: bool = False) -> Made:
    with growing_folder(place / "out", JOB) as folder:
        return synthesize(translator, text, FILES, folder, wanted, lambda _: None, back=back)  # type: ignore[arg-type]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def rows(place: Path) -> list[tuple[str, str]]:
    return list(zip(lines_of(place / "out/text.en"), lines_of(place / "out/text.de"), strict=True))


def test_the_smallest_synthetic_text(tmp_path: Path) -> None:
    made = written(Scripted(), pairs("a dog", "a cat"), tmp_path)
    assert rows(tmp_path) == [("a dog", "A DOG"), ("a cat", "A CAT")]
    assert (made.read, made.lines, made.kept, made.dropped) == (2, 2, 2, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_back_translation_has_the_line_as_target(tmp_path: Path) -> None:
    written(Scripted(), pairs("ein Hund"), tmp_path, back=True)
    assert rows(tmp_path) == [("EIN HUND", "ein Hund")]


def test_the_n_best_stand_side_by_side_the_better_one_first_and_each_once(tmp_path: Path) -> None:
    beam = [said("eins"), said("zwei"), said("eins"), said("drei"), said("vier")]
    made = written(Scripted({"one": beam}), pairs("one", "two"), tmp_path, Wanted(5, 6, 3.0, n_best=3))
    assert rows(tmp_path) == [("one", "eins"), ("one", "zwei"), ("one", "drei"), ("two", "TWO")]
    assert (made.kept, made.lines, made.dropped) == (4, 2, {REPEATED: 1})


def test_what_nobody_should_learn_from_is_left_out_and_the_next_of_the_beam_takes_its_place(tmp_path: Path) -> None:
    answers = {
        "a a": [said(" "), said("gut gut")],
        "b b": [said("ein ein", cut=True), said("ganz gut")],
        "c c": [said("kaputt \ufffd"), said("heil")],
        "d d": [said("zu lang", pieces=7), said("zu viel", pieces=7)],
        "e": [said("im Verhältnis zu lang", pieces=4)],
    }
    made = written(Scripted(answers), pairs(*answers), tmp_path)
    assert rows(tmp_path) == [("a a", "gut gut"), ("b b", "ganz gut"), ("c c", "heil")]
    assert made.dropped == {EMPTY: 1, LOOPING: 1, "broken_characters": 1, "too_long": 2, "length_ratio": 1}
    assert made.first_lines["too_long"] == [4, 4]


def test_lines_that_are_no_text_or_too_long_are_not_asked_about(tmp_path: Path) -> None:
    translator = Scripted()
    text = [*pairs("one two", " ", "nul \0 here", "1 2 3 4 5 6 7"), SentencePair("fuzzy", "unit", 5, "fuzzy")]
    made = written(translator, text, tmp_path)
    assert translator.asked == ["one two"]
    assert made.dropped == {"blank_line": 1, "nul_character": 1, "too_long": 1, "fuzzy": 1}


def test_each_side_is_one_line_whatever_came(tmp_path: Path) -> None:
    text = [SentencePair("a\rb", "gold", 1)]
    written(Scripted({"a b": [said(" A\n B ")]}), text, tmp_path)
    assert rows(tmp_path) == [("a b", "A B")]


def test_the_closest_of_the_beam_is_the_one_most_like_the_true_translation(tmp_path: Path) -> None:
    beam = [said("eine Katze schläft hier"), said("der Hund läuft"), said("ein Hund läuft schnell")]
    text = [SentencePair("a dog runs", "ein Hund läuft schnell", 1)]
    made = written(Scripted({"a dog runs": beam}), text, tmp_path, Wanted(5, 6, 3.0, n_best=2, closest=True))
    assert rows(tmp_path) == [("a dog runs", "ein Hund läuft schnell"), ("a dog runs", "der Hund läuft")]
    assert made.same == 1


def test_text_of_which_nothing_is_good_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nothing is left of text: 0 pairs of 0 of 1 lines; left out: 1 empty"):
        written(Scripted({"a": [said("")]}), pairs("a"), tmp_path)
    assert not (tmp_path / "out").exists()


class Stopped(Exception):
    pass


def stopping(after: int) -> Callable[[], None]:
    left = [after]

    def stop() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped

    return stop


@pytest.mark.parametrize("after", range(4))
def test_a_stopped_job_is_carried_on_to_the_very_same_files(after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "WINDOW_LINES", 3)
    text = pairs(*(f"line {number}" for number in range(11)), "")
    whole = written(Scripted(), text, tmp_path)
    expected = rows(tmp_path)
    (tmp_path / "out").rename(tmp_path / "expected")
    with pytest.raises(Stopped):
        written(Scripted(before=stopping(after)), text, tmp_path)
    place = tmp_path / "out.unfinished"
    assert not (tmp_path / "out").exists()
    assert place.exists() == (after > 0)  # nothing was made: nothing is left behind
    if after:
        with (place / "text/text.de").open("a") as file:
            file.write("half of a wind")  # written, and not yet told in progress.json
    translator = Scripted()
    made = written(translator, text, tmp_path)
    assert rows(tmp_path) == expected
    assert made == whole
    assert len(translator.asked) == 11 - 3 * after
    assert not place.exists()


def test_what_is_unfinished_belongs_to_one_job_and_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "WINDOW_LINES", 1)
    with pytest.raises(Stopped):
        written(Scripted(before=stopping(1)), pairs("a", "b"), tmp_path)
    with (
        pytest.raises(RunError, match=r"out\.unfinished was begun with another n_best: .* -o"),
        growing_folder(tmp_path / "out", JOB | {"n_best": 2}),
    ):
        pass
    with growing_folder(tmp_path / "out", JOB), pytest.raises(RunError, match="written by another process"):  # noqa: SIM117
        with growing_folder(tmp_path / "out", JOB):
            pass
    with pytest.raises(CorpusError, match="out is there already"), growing_folder(tmp_path / "out", JOB):
        pass


def test_files_that_are_not_what_the_progress_says_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "WINDOW_LINES", 1)
    with pytest.raises(Stopped):
        written(Scripted(before=stopping(1)), pairs("a", "b"), tmp_path)
    (tmp_path / "out.unfinished/text/text.en").write_text("")
    with pytest.raises(RunError, match=r"text\.en is not what .*progress\.json says"):
        written(Scripted(), pairs("a", "b"), tmp_path)


KILLED = """if True:
    import sys, time
    from pathlib import Path
    from nmt import synthesis
    from tests.test_synthesis import Scripted, pairs, written
    synthesis.WINDOW_LINES = 10
    written(Scripted(before=lambda: time.sleep(0.02)), pairs(*map(str, range(5000))), Path(sys.argv[1]))
"""


def test_a_killed_process_leaves_nothing_that_looks_finished_and_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "out.unfinished"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parent.parent) as process:
        deadline = time.monotonic() + 60
        while not (place / "progress.json").is_file() and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["out.unfinished"]
    read = json.loads((place / "progress.json").read_text())["texts"]["text"]["facts"]["read"]
    assert 10 <= read < 5000
    translator = Scripted()
    assert written(translator, pairs(*map(str, range(5000))), tmp_path).kept == 5000
    assert rows(tmp_path) == [(str(number), str(number)) for number in range(5000)]
    assert translator.asked == list(map(str, range(read, 5000)))  # not one line twice
