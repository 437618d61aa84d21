"""A run's folder: where its files lie, and the lock that keeps two processes out of one run."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from nmt.atomic import write_text
from nmt.config import Config
from nmt.config_file import dump_config
from nmt.errors import RunError

RESUMABLE_CHANGES = (
    "data.root",
    "data.tfds_dir",
    "data.corpus",
    "data.train.",
    "data.mix.",
    "data.valid.",
    "data.test",
    "tokenizer.sample_sentences",
    "tokenizer.model",
    "tokenizer.source_model",
    "tokenizer.target_model",
    "training.accumulate",
    "training.max_updates",
    "training.deadline_minutes",
    "training.patience",
    "training.log_every",
    "training.rollbacks",
    "training.keep_last",
    "training.keep_best",
    "training.non_finite_limit",
    "training.distribution",
    "training.stall_seconds",
)
"""Settings, or beginnings of them, that may differ when a run is carried on: they do not change what an update computes (but for rounding
and the draws of dropout, which `accumulate` changes), or they are paths whose content the prepared data's own hashes watch over."""

_OF_A_MIXTURE = (".weight", ".tag", ".source_language", ".target_language")
"""What may not differ all the same: ends of settings below `data.mix.`."""


@dataclass(frozen=True)
class RunDirectory:
    """The paths of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The effective config."""
        return self.path / "config.yaml"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def begun(self) -> bool:
        """Whether it has weights that were trained on its data."""
        return (self.checkpoints / "index.json").is_file()

    @property
    def metrics(self) -> Path:
        """One JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        """Folder of event files."""
        return self.path / "tensorboard"

    @property
    def exports(self) -> Path:
        """Folder of published models, named 1, 2 …"""
        return self.path / "export"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; the kernel lets go of it when the process dies, however it dies.

        A run that a mistake ends before anything is made of it, such as a misspelt file name, leaves no folder behind.

        Raises:
            RunError: another process holds it.
        """
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise RunError(f"cannot write in run directory {self.path}: {error.strerror}; choose another with --run-dir") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                lock.seek(0)
                holder = lock.read().strip() or "another process"
                raise RunError(f"run directory {self.path} is in use by {holder}; wait for it or choose another with --run-dir") from error
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
            self._clear_remains()
            try:
                yield
            except BaseException:
                self._take_back(new)
                raise

    def _clear_remains(self) -> None:
        """Remove what a process that was killed has left half written; whoever holds the lock is the only one who writes here."""
        for folder in (self.path, self.checkpoints, self.exports):
            for remains in folder.glob(".tmp-*"):
                if remains.is_dir():
                    shutil.rmtree(remains, ignore_errors=True)
                else:
                    remains.unlink(missing_ok=True)

    def _take_back(self, new: list[Path]) -> None:
        """Remove the folders that were made for this run, the innermost first, if nothing lies in them but what this file writes."""
        if new and {path.name for path in self.path.iterdir()} <= {"lock", self.config.name}:
            for path in (self.path / "lock", self.config):
                path.unlink(missing_ok=True)
            for folder in new:
                with suppress(OSError):  # not empty: another run has come to lie beside this one
                    folder.rmdir()

    def adopt(self, config: Config) -> None:
        """Write the effective config, or check it against the one that this run began with.

        Raises:
            RunError: the run was begun with a setting that may not change on the way.
        """
        text = dump_config(config)
        if self.config.is_file():
            if self.config.read_text(encoding="utf-8") == text:
                return
            before = _flat(self._begun_with())
            now = _flat(config.model_dump(mode="json", exclude_none=True))
            changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key) and not _resumable(key))
            if changed:
                differences = "; ".join(f"{key} = {_said(before.get(key))}, now it is {_said(now.get(key))}" for key in changed)
                raise RunError(
                    f"run directory {self.path} was begun with {differences}; "
                    f"set {'it' if len(changed) == 1 else 'them'} back to carry that run on, or choose another with --run-dir"
                )
        write_text(self.config, text)

    def _begun_with(self) -> dict[str, object]:
        """The config that this run began with; settings that are younger than the run have their defaults, which change nothing."""
        written: dict[str, object] = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        try:
            return Config.model_validate(written).model_dump(mode="json", exclude_none=True)
        except ValidationError:  # of a version whose settings are no longer known: the difference is told by its key
            return written


def _said(value: object) -> str:
    """A setting as a person writes it with --set; what has no value is not set."""
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _resumable(key: str) -> bool:
    return key.startswith(RESUMABLE_CHANGES) and not (key.startswith("data.mix.") and key.endswith(_OF_A_MIXTURE))


def _flat(tree: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested mappings and lists of mappings as one mapping of dotted keys."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, list) and any(isinstance(member, dict) for member in value):
            value = {str(place): member for place, member in enumerate(value)}  # noqa: PLW2901
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
