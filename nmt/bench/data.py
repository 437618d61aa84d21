"""What is measured with: a config's prepared data, or lines of text."""

from pathlib import Path

from rich.console import Console

from nmt.config import Config, ParallelText
from nmt.data.manifest import settings_sha256
from nmt.data.parallel_text import read_lines, read_pairs
from nmt.data.prepare import Prepared, open_prepared
from nmt.errors import ConfigError, CorpusError, RunError
from nmt.recipes import prepare_shown
from nmt.run_directory import RunDirectory


def prepared_data(config: Config, run_dir: Path | None, folder: Path | None, console: Console) -> Prepared:
    """Open the prepared data of a run as it is, or prepare it in a folder.

    Args:
        config: whose data.
        run_dir: a run that was begun with this config; nothing is written there.
        folder: where to prepare it, if there is no such run.
        console: where a person looks meanwhile.

    Raises:
        ConfigError: of a criterion that fresh weights cannot be measured by.
        RunError: the run has no prepared data, or that of other settings.
        NmtError: as `nmt.data.prepare` does.
    """
    if config.training.criterion == "minimum_risk":
        raise ConfigError(
            "nmt bench train measures fresh weights, whose candidates tell nothing of a model's: --set training.criterion=likelihood"
        )
    if run_dir is None:
        assert folder is not None
        return prepare_shown(config, RunDirectory(folder), console)
    prepared = open_prepared(run_dir)
    if prepared.manifest["settings_sha256"] != settings_sha256(config):
        raise RunError(
            f"the data of run {run_dir} was prepared with other settings of data, tokenizer or training.seed than this config has; "
            "leave --run-dir out, or name that run's own config"
        )
    return prepared


def read_text(source: Path, reference: Path | None) -> tuple[list[str], list[str] | None]:
    """Read source lines, and the reference of each.

    Raises:
        CorpusError: files that are missing, damaged or of unequal length, or no sentence at all.
    """
    if reference is None:
        lines, references = list(read_lines(source)), None
    else:
        pairs = list(read_pairs(ParallelText(source=source, target=reference)))
        lines, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    if not any(line.strip() for line in lines):
        raise CorpusError(f"{source} has no sentence in it")
    return lines, references
