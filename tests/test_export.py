"""An export is published only when it decodes as the live model does."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nmt import export as export_room
from nmt.atomic import next_version
from nmt.config import Config
from nmt.data.prepare import prepare
from nmt.errors import ExportError
from nmt.export import export, verify
from nmt.run_directory import RunDirectory
from nmt.runtime.interface import Hypotheses
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer

QUIET = Console(file=io.StringIO())


class Echo:
    """A runtime that gives the source back, but for one piece of one sentence if told to spoil it."""

    def __init__(self, spoilt: int | None = None) -> None:
        self.spoilt, self.seen = spoilt, 0

    def translate_ids(self, ids: np.ndarray, lengths: np.ndarray, **_: object) -> Hypotheses:
        found = ids[:, None, :].copy()
        if self.spoilt is not None and self.seen <= self.spoilt < self.seen + len(ids):
            found[self.spoilt - self.seen, 0, 0] += 1
        self.seen += len(ids)
        scores = np.zeros((len(ids), 1), np.float32)
        return Hypotheses(found, lengths[:, None], scores, np.zeros((*found.shape, ids.shape[1]), np.float32))


def test_equal_hypotheses_pass(tiny_config: Callable[..., Config]) -> None:
    assert verify(Echo(), Echo(), [[5, 6], [7]] * 60, tiny_config(), QUIET) == 120


def test_one_differing_piece_is_named(tiny_config: Callable[..., Config]) -> None:
    with pytest.raises(ExportError, match="line 78"):
        verify(Echo(), Echo(spoilt=77), [[5, 6], [7]] * 60, tiny_config(), QUIET)


def test_what_fails_its_verification_is_not_published(
    tiny_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(max_updates=1, validate_bleu_lines=0, metric="loss")
    run = RunDirectory(tmp_path)
    prepared = prepare(config, tmp_path)
    Trainer(config, prepared, run, TrainingDisplay("training", QUIET), time.monotonic()).train()
    monkeypatch.setattr(export_room, "SavedModelRuntime", lambda _folder: Echo())
    with pytest.raises(ExportError, match="nothing was published"):
        export(config, prepared, run, "best", None, QUIET)
    assert list(run.exports.iterdir()) == []
    monkeypatch.undo()
    assert export(config, prepared, run, "last", None, QUIET) == run.exports / "1"


def test_versions_count_up(tmp_path: Path) -> None:
    assert next_version(tmp_path) == 1
    for name in ("2", "10", ".tmp-11-x", "notes"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path) == 11
