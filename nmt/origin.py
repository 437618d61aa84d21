"""Where a fine-tuned run begins: another run or an export, and what the two must share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt.config import Config
from nmt.config_file import changed_config, load_config
from nmt.errors import ConfigError
from nmt.model_directory import SAVED_MODEL_FILE, find_model_directory
from nmt.run_directory import RunDirectory
from nmt.tokenizer import TokenizerPair

MAY_DIFFER = {"dropout", "word_dropout", "pretrained_source", "pretrained_target"}
"""Settings of the section `model` that change no weight's shape or meaning."""


@dataclass(frozen=True)
class Origin:
    """A run with checkpoints, or a model that was exported."""

    path: Path
    """RUN_DIR or MODEL_DIR."""
    config: Config
    is_run: bool

    @property
    def tokenizers(self) -> TokenizerPair:
        """Those that its weights were trained with."""
        return TokenizerPair.load(self.path)


def find_origin(path: Path) -> Origin:
    """Resolve what `training.init_from` names: a run, whose checkpoints are then read, or else a MODEL.

    Raises:
        ModelError: neither, or a model that is damaged.
        ConfigError: a model whose weights cannot be trained on.
    """
    run = RunDirectory(path)
    if run.begun and run.config.is_file():
        return Origin(path, load_config(run.config), is_run=True)
    directory = find_model_directory(path)
    wanted = directory.path / SAVED_MODEL_FILE, directory.path / run.config.name
    if missing := [file.name for file in wanted if not file.is_file()]:
        reason = "LiteRT has rounded weights" if directory.is_litert else f"it has no {missing[0]}"
        raise ConfigError(
            f"training.init_from: {directory.path} cannot be trained on, {reason}; name the run that it came from, or its SavedModel export"
        )
    directory.verify_files()
    return Origin(directory.path, load_config(wanted[1]), is_run=False)


def with_origin(config: Config, run: RunDirectory | None = None) -> Config:
    """Return the config in which what it leaves unsaid of the model is as the origin has it; a config without an origin as it is.

    A run that is there already has been told this once: its own config says it again, and the origin may be gone.

    Raises:
        ModelError: there is no such origin.
        ConfigError: a setting that the origin's weights do not fit.
    """
    origin_path = config.training.init_from
    if origin_path is None:
        return config
    begun = run is not None and run.config.is_file()
    theirs = load_config(run.config) if run is not None and begun else find_origin(origin_path).config
    model = theirs.model.model_dump(exclude=set() if begun else {"pretrained_source", "pretrained_target"})
    changes: dict[str, Any] = {"model": model | config.model.model_dump(exclude_unset=True)}
    if "joint" not in config.tokenizer.model_fields_set:
        changes["tokenizer"] = config.tokenizer.model_dump() | {"joint": theirs.tokenizer.joint}
    ours = changed_config(config, changes, f"a run that begins with {origin_path}")
    if not begun and (differing := _differences(ours, theirs)):
        raise ConfigError(
            f"training.init_from: the weights of {origin_path} do not fit this config: {'; '.join(differing)}; leave "
            f"{'it' if len(differing) == 1 else 'them'} out, and the run is as its origin"
        )
    return ours


def _differences(ours: Config, theirs: Config) -> list[str]:
    sections = (
        ("model", ours.model.model_dump(exclude=MAY_DIFFER), theirs.model.model_dump(exclude=MAY_DIFFER)),
        ("tokenizer", {"joint": ours.tokenizer.joint}, {"joint": theirs.tokenizer.joint}),
    )
    return [
        f"{section}.{key} is {value}, there it is {there[key]}"
        for section, here, there in sections
        for key, value in here.items()
        if value != there[key]
    ]
