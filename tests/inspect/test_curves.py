"""Learning curves read back from metrics.jsonl."""

import json
from pathlib import Path

import pytest

from nmt.errors import RunError
from nmt.inspect.curves import curve_lines, draw_curves
from nmt.inspect.metrics import read_metrics
from tests.inspect.conftest import FIGURES


def write_run(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def figures(**changes: object) -> list[str]:
    return [json.dumps(line | changes if line["kind"] == "valid" else line) for line in FIGURES]


def test_the_best_figures_stand_beside_their_updates(tmp_path: Path) -> None:
    runs = read_metrics([write_run(tmp_path / "one", figures())])
    rows = [line.split() for line in curve_lines(runs)]
    assert rows[1] == ["one", "4", "4.0", "1.000", "1.500", "2", "40.00", "4", "▁█", "▁█"]


def test_runs_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / name, figures()) for name in ("lstm/first", "gru/first")]
    assert [run.name for run in read_metrics(paths)] == ["lstm/first", "gru/first"]
    assert [run.name for run in read_metrics([paths[0], paths[0]])] == ["first", "first"]


def test_a_run_without_bleu_or_validation_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    no_bleu = write_run(tmp_path / "no_bleu", figures(bleu=None))
    no_valid = write_run(tmp_path / "no_valid", [line for line in figures() if '"valid"' not in line])
    runs = read_metrics([no_bleu, no_valid])
    rows = [line.split() for line in curve_lines(runs)]
    assert rows[1][4:8] == ["1.500", "2", "-", "-"]
    assert rows[2][4:8] == ["-", "-", "-", "-"]
    paths = [draw_curves(runs, tmp_path / name) for name in ("a.png", "b.png")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_line_that_is_being_written_is_passed_over_and_a_damaged_one_named(tmp_path: Path) -> None:
    lines = figures()
    assert read_metrics([write_run(tmp_path / "going_on", [*lines, '{"kind": "tra'])])[0].bleu.values == [20.0, 40.0]
    with pytest.raises(RunError, match=r"metrics\.jsonl, line 2 is no JSON object"):
        read_metrics([write_run(tmp_path / "damaged", [lines[0], "{", *lines[1:]])])


def test_a_run_that_has_just_begun_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no figures yet"):
        read_metrics([write_run(tmp_path / "new", figures()[:1])])
