"""The loop: resume, early stop, divergence, deadline, collapse."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nmt.checkpoint import Checkpoints
from nmt.config import Config
from nmt.data.batching import Batch
from nmt.data.prepare import prepare
from nmt.errors import DivergedError, InterruptedRun
from nmt.run_directory import RunDirectory
from nmt.special_tokens import EOS
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer


def trainer_of(config: Config, path: Path) -> Trainer:
    import io
    import time

    console = Console(file=io.StringIO(), width=200)
    return Trainer(config, prepare(config, path), RunDirectory(path), TrainingDisplay("training", console), time.monotonic())


def said(trainer: Trainer) -> str:
    return trainer.display.console.file.getvalue()  # type: ignore[attr-defined]


def metrics(path: Path, kind: str) -> list[dict]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


def signal_after(trainer: Trainer, stop: int) -> None:
    """Have SIGTERM come right after an update."""
    update = trainer._update

    def interrupted(batch: Batch) -> None:
        update(batch)
        if trainer.state.update == stop:
            signal.raise_signal(signal.SIGTERM)

    trainer._update = interrupted  # type: ignore[method-assign]


def final_arrays(path: Path) -> dict[str, np.ndarray]:
    loaded = Checkpoints(path / "checkpoints").load("last")
    assert loaded is not None
    return loaded[0]


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """Dropout and word dropout on, stopped twice: inside an epoch before a validation, and later across an epoch's border."""
    config = tiny_config(max_updates=24)
    whole = trainer_of(config, tmp_path / "whole")
    state = whole.train()
    assert state.epoch >= 1  # a border was crossed
    stops = iter([7, 16])
    path = tmp_path / "parts"
    for stop in stops:
        part = trainer_of(config, path)
        signal_after(part, stop)
        with pytest.raises(InterruptedRun) as stopped:
            part.train()
        assert stopped.value.exit_code == 143
    last = trainer_of(config, path)
    assert last.state.update == 16
    last.train()
    expected, found = final_arrays(tmp_path / "whole"), final_arrays(path)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    for before, after in zip(metrics(tmp_path / "whole", "valid"), metrics(path, "valid"), strict=True):
        assert {k: before[k] for k in ("update", "loss", "bleu")} == {k: after[k] for k in ("update", "loss", "bleu")}


def test_a_finished_run_does_nothing(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=5)
    trainer_of(config, tmp_path).train()
    before = (tmp_path / "metrics.jsonl").read_text()
    assert trainer_of(config, tmp_path).train().finished
    assert (tmp_path / "metrics.jsonl").read_text() == before


def test_more_updates_carry_a_finished_run_on(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    trainer_of(tiny_config(max_updates=5), tmp_path).train()
    assert trainer_of(tiny_config(max_updates=8), tmp_path).train().update == 8


def test_early_stop_keeps_the_best(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=200, validate_every=5, patience=2, learning_rate=1e-9, metric="loss", ema_decay=0.0)
    trainer = trainer_of(config, tmp_path)
    losses = iter([3.0, 4.0, 5.0])
    trainer.validator.loss = lambda: next(losses)  # type: ignore[method-assign]
    state = trainer.train()
    assert (state.update, state.best_update, state.finished) == (15, 5, True)
    assert "early stop" in said(trainer)
    best = Checkpoints(tmp_path / "checkpoints").load("best")
    assert best is not None
    assert best[1]["update"] == 5


def test_divergence_stops_with_the_batch_named(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=50, non_finite_limit=4)
    trainer = trainer_of(config, tmp_path)
    bias = trainer.model.output_bias
    update = trainer._update

    def poisoned(batch) -> None:
        if trainer.state.update == 12:
            bias.assign(np.full(bias.shape, np.nan))
        update(batch)

    trainer._update = poisoned  # type: ignore[method-assign]
    with pytest.raises(DivergedError, match=r"4 updates in a row were not finite.*batch \d+ of epoch") as stopped:
        trainer.train()
    assert stopped.value.exit_code == 3
    kept = Checkpoints(tmp_path / "checkpoints").load("last")
    assert kept is not None
    assert kept[1]["update"] == 10
    assert all(np.isfinite(array).all() for array in kept[0].values())
    assert len([event for event in metrics(tmp_path, "event") if event["event"] == "skipped"]) == 4


def test_a_deadline_becomes_updates_once(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=100_000, deadline_minutes=0.65, validate_every=1000, patience=0)
    trainer = trainer_of(config, tmp_path)
    state = trainer.train()
    assert state.finished
    assert 60 <= state.max_updates < 100_000
    assert 0.8 * state.max_updates <= state.update <= state.max_updates  # a machine that slows down ends the run a little earlier
    assert state.deadline_minutes == 0.65
    assert trainer.elapsed() < 0.65 * 60


def test_collapsed_outputs_are_noticed(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=2, validate_every=2, validate_bleu_lines=40, ema_decay=0.0)
    trainer = trainer_of(config, tmp_path)
    places = np.arange(trainer.model.output_bias.shape[0])
    trainer.model.output_bias.assign(np.where(places == places[-1], 25.0, np.where(places == EOS, 50.0, 0.0)))  # one piece, then the end
    trainer.train()
    assert "different outputs" in said(trainer)
    assert "usual causes" in said(trainer)
    assert any(event["event"] == "collapse" for event in metrics(tmp_path, "event"))


def test_the_start_up_line_names_device_and_kernel(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    trainer = trainer_of(tiny_config(max_updates=1), tmp_path)
    trainer.train()
    assert "lstm layers encoder.forward_0, encoder.backward_0, decoder.lstm_0: fused CPU path (no GPU is visible" in said(trainer)
    assert list((tmp_path / "tensorboard").glob("events.*"))


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_separate_vocabularies_of_either_kind_train(tiny_config: Callable[..., Config], tmp_path: Path, kind: str) -> None:
    config = tiny_config(max_updates=3, validate_every=3)
    tokenizer = config.tokenizer.model_copy(update={"joint": False, "kind": kind})
    trainer = trainer_of(config.model_copy(update={"tokenizer": tokenizer}), tmp_path)
    assert trainer.train().finished
    assert trainer.model.source_embedding is not trainer.model.target_embedding
    assert trainer.model.output_weights is trainer.model.target_embedding
    assert {path.name for path in tmp_path.glob("tokenizer.*")} == {"tokenizer.source.model", "tokenizer.target.model"}


def test_the_same_seed_gives_the_same_run(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    for name in ("one", "two"):
        trainer_of(tiny_config(max_updates=6), tmp_path / name).train()
    one, two = final_arrays(tmp_path / "one"), final_arrays(tmp_path / "two")
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
