"""The screen after a run: what it shows, and what it advises for curves of each kind."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import nmt.run_summary
from nmt.config import Config, ModelConfig
from nmt.inspect.metrics import RunMetrics, Series
from nmt.run_directory import RunDirectory
from nmt.run_summary import advice, show_summary


def config(**training: object) -> Config:
    data = {"source_language": "en", "target_language": "de", "train": {"source": "a", "target": "b"}}
    return Config.model_validate({"data": data, "model": {"dropout": 0.2}, "training": training})


def series(*values: float) -> Series:
    return Series([100 * (place + 1) for place in range(len(values))], [place + 1.0 for place in range(len(values))], list(values))


def metrics(train: float, valid: tuple[float, ...], bleu: tuple[float, ...] = ()) -> RunMetrics:
    return RunMetrics("run", series(3.0, train), series(*valid), series(*bleu))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (metrics(0.5, (2.0, 1.5, 1.8)), ["over-fitted: validation loss rose by 20% after update 200: --set model.dropout=0.3"]),
        (metrics(1.0, (2.0, 1.5, 1.4)), ["still improving when it ended: the same command with --set training.max_updates=600"]),
        (metrics(1.0, (2.0, 1.5, 1.495), (20.0, 30.0, 31.0)), ["still improving"]),
        (metrics(1.48, (2.0, 1.5, 1.495)), ["under-fitted: training loss is hardly below validation loss: more updates"]),
        (metrics(1.7, (2.0, 1.6)), ["still improving", "under-fitted"]),
        (metrics(1.0, (2.0, 1.5, 1.495), (20.0, 30.0, 30.1)), ["levelled off"]),
        (metrics(0.15, (0.1, 0.09, 0.095), (97.0, 98.6, 98.7)), ["levelled off"]),
        (metrics(0.05, (0.1, 0.09, 0.095), (97.0, 98.6, 98.5)), ["over-fitted"]),
        (metrics(1.0, (2.0,)), ["a single validation tells nothing"]),
    ],
)  # fmt: skip
def test_curves_of_each_kind_have_their_advice(found: RunMetrics, said: list[str]) -> None:
    lines = advice(found, config())
    assert len(lines) == len(said)
    for line, beginning in zip(lines, said, strict=True):
        assert line.startswith(beginning)


def test_a_deadline_is_what_a_run_with_one_is_given_more_of() -> None:
    assert "--set training.deadline_minutes=60 " in advice(metrics(1.0, (2.0, 1.5)), config(deadline_minutes=30))[0]


def test_a_model_that_has_levelled_off_may_be_made_deeper_once() -> None:
    levelled = metrics(1.0, (2.0, 1.5, 1.495), (20.0, 30.0, 30.1))
    [shallow] = advice(levelled, config())
    settings = [word.rstrip("),") for word in shallow.split() if word.startswith("model.")]
    changes = dict(setting.removeprefix("model.").split("=") for setting in settings)
    deep = config().model_copy(update={"model": ModelConfig.model_validate(changes)})
    assert (deep.model.encoder_layers, deep.model.decoder_layers, deep.model.residual) == (2, 2, True)
    assert advice(levelled, deep) == ["levelled off: more or cleaner text helps most now (nmt audit)"]


def run_with_figures(folder: Path) -> RunDirectory:
    lines = [
        {"kind": "train", "update": 50, "loss": 3.0, "seconds": 10.0},
        {"kind": "valid", "update": 100, "loss": 2.0, "bleu": 20.0, "seconds": 20.0},
        {"kind": "train", "update": 150, "loss": 1.2, "seconds": 30.0},
        {"kind": "valid", "update": 200, "loss": 1.5, "bleu": 31.5, "seconds": 40.0},
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return RunDirectory(folder)


def screen(run: RunDirectory) -> str:
    console = Console(file=io.StringIO(), width=200)
    show_summary(run, config(), run.path / "export/1", console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_screen_has_curves_best_figures_and_where_things_lie(tmp_path: Path) -> None:
    shown = screen(run_with_figures(tmp_path))
    assert "validation loss          █▁  1.500  best 1.500 at update 200" in shown
    assert "validation BLEU, greedy  ▁█  31.50  best 31.50 at update 200" in shown
    assert f"curves: {tmp_path / 'curves.png'}" in shown
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert f"model: {tmp_path / 'export/1'}" in shown
    assert "  - still improving" in shown


def test_without_matplotlib_the_screen_says_how_to_see_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmt.run_summary, "find_spec", lambda name: None)
    assert "pip install 'carousel-nmt[plots]'" in screen(run_with_figures(tmp_path))
    assert not (tmp_path / "curves.png").exists()


def test_a_picture_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "curves.png").mkdir()
    shown = screen(run_with_figures(tmp_path))
    assert "no picture: " in shown
    assert "what could be tried next" in shown
