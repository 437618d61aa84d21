"""The figures of a run, read back from metrics.jsonl."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt.errors import RunError
from nmt.run_directory import RunDirectory


@dataclass(frozen=True)
class Series:
    """One figure of a run over time."""

    updates: list[int]
    minutes: list[float]
    values: list[float]

    def best(self, *, highest: bool) -> int | None:
        """The place of the best value; None if there is none."""
        if not self.values:
            return None
        return self.values.index((max if highest else min)(self.values))


@dataclass(frozen=True)
class RunMetrics:
    """The learning curves of one run."""

    name: str
    train_loss: Series
    """Nats per target token, under dropout and without label smoothing, over the updates since the line before."""
    valid_loss: Series
    """Nats per target token."""
    bleu: Series
    """Greedy, on validation text; empty in a run that measures none."""


def read_metrics(paths: Iterable[Path]) -> list[RunMetrics]:
    """Read the metrics of runs, each called by its path without what all have in common.

    Raises:
        RunError: not a run, no figure in it yet, or a line that is none.
    """
    chosen = list(paths)
    return [_read(path, name) for path, name in zip(chosen, _names(chosen), strict=True)]


def _read(path: Path, name: str) -> RunMetrics:
    file = RunDirectory(path).metrics
    if not file.is_file():
        problem = "has no metrics.jsonl" if path.is_dir() else "is not a folder" if path.exists() else "does not exist"
        raise RunError(f"no run at {path}: it {problem}; expected a run directory, as nmt train writes it")
    lines = [line for line in _lines(file) if line.get("kind") in {"train", "valid"}]
    if not lines:
        raise RunError(f"{file} has no figures yet: the run has not come to its first training line (training.log_every)")
    train, valid = ([line for line in lines if line["kind"] == kind] for kind in ("train", "valid"))
    return RunMetrics(name, _series(train, "loss"), _series(valid, "loss"), _series(valid, "bleu"))


def _lines(file: Path) -> list[dict[str, Any]]:
    texts = file.read_text(encoding="utf-8", errors="replace").splitlines()
    found = []
    for number, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if isinstance(line, dict):
            found.append(line)
        elif number < len(texts):  # the last line of a run that is going on may be half-written
            raise RunError(f"{file}, line {number} is no JSON object: the file is damaged; remove that line to see the others")
    return found


def _series(lines: list[dict[str, Any]], key: str) -> Series:
    having = [line for line in lines if isinstance(line.get(key), int | float)]
    return Series(
        [int(line["update"]) for line in having],
        [float(line.get("seconds", 0.0)) / 60 for line in having],
        [float(line[key]) for line in having],
    )


def _names(paths: list[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    parts = [path.expanduser().resolve().parts for path in paths]
    for kept in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-kept:]) for part in parts]
        if len(set(names)) == len(set(parts)):
            return names
    return [str(path) for path in paths]
