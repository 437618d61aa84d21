"""A run as it lies on disk, opened without TensorFlow: a mistake in a path is told within a second."""

from dataclasses import dataclass
from pathlib import Path

from nmt.checkpoint import Arrays, load_weights
from nmt.config import Config
from nmt.config_file import load_config
from nmt.data.prepare import Prepared, open_prepared
from nmt.errors import RunError
from nmt.model_directory import MANIFEST_FILE
from nmt.run_directory import RunDirectory

PICTURES_FOLDER = "inspect"


@dataclass(frozen=True)
class TrainedRun:
    """What a run has learnt so far."""

    path: Path
    config: Config
    prepared: Prepared
    weights: Arrays
    """Of the best checkpoint, by variable path."""
    update: int
    """At which that checkpoint was written."""
    warnings: list[str]
    """Damaged checkpoints that were passed over, one line each."""


def is_run(path: Path) -> bool:
    """Whether a folder is a run: it has a config, and is not an export, which has one, too."""
    return RunDirectory(path).config.is_file() and not (path / MANIFEST_FILE).is_file()


def open_run(path: Path) -> TrainedRun:
    """Open a run and the weights of its best checkpoint.

    Raises:
        RunError: not a run, or one without a whole checkpoint or without prepared data.
        ConfigError: its config cannot be read.
    """
    run = RunDirectory(path)
    if not is_run(path):
        problem = "is not a run" if path.exists() else "does not exist"
        raise RunError(
            f"{path} {problem}: to look inside a model takes its run directory with config.yaml, data/ and checkpoints/, as nmt train "
            "writes it; an export has only what translating needs"
        )
    config = load_config(run.config)
    weights, state, warnings = load_weights(run.checkpoints, "best")
    return TrainedRun(path, config, open_prepared(path), weights, int(state["update"]), warnings)


def pictures_folder(chosen: Path | None, path: Path | None = None) -> Path:
    """Where pictures go: what `-o` says, else the folder `inspect` of the run that they show, else `./inspect`."""
    if chosen is not None:
        return chosen
    return path / PICTURES_FOLDER if path is not None and is_run(path) else Path(PICTURES_FOLDER)
