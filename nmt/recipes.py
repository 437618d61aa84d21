"""What a verb does, as one readable function: train = prepare -> train -> export."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from nmt.backend import choose_threads, load_backend
from nmt.config import Config, TrainingConfig
from nmt.data.manifest import counts_by_text, input_paths
from nmt.data.prepare import Prepared, open_prepared, prepare
from nmt.data.word_vectors import check_word_vectors
from nmt.errors import ConfigError
from nmt.evaluation import bleu_tokenizer
from nmt.model_directory import find_model_directory
from nmt.origin import with_origin
from nmt.peak_memory import peak_memory_gib
from nmt.run_directory import RunDirectory
from nmt.shown import printer
from nmt.workers import Workers, in_slurm_step, workers_of_tf_config

if TYPE_CHECKING:
    from nmt.training.cluster import Cluster
    from nmt.training.state import RunState


def train(config: Config, run_path: Path, console: Console, *, workers: Workers | None = None, threads: int | None = None) -> Path | None:
    """Train a model, or carry its run on, and export the best checkpoint; a finished run is left as it is.

    Args:
        config: what to train.
        run_path: the run directory.
        console: where a person looks.
        workers: of a run of several processes, as the command line names them; otherwise they are looked for where the config says.
        threads: CPU threads; default: all that this process may use.

    Returns:
        The MODEL_DIR; None from a worker that is not the first, because the first exports.

    Raises:
        NmtError: as the rooms on the way do.
    """
    started = time.monotonic()
    choose_threads(threads)
    workers = find_workers(config.training, workers)
    _check_criterion(config, workers)
    chief = workers is None or workers.chief
    run = RunDirectory(run_path)
    with run.locked() if chief else nullcontext():
        config = with_origin(config, run)
        if chief:
            run.adopt(config)
            if not run.begun:
                check_word_vectors(config.model)
                _check_freeze(config)
        with _joined(workers, config.training, console) as cluster:
            if chief:
                prepared = prepare_shown(config, run, console)
            if cluster is not None:
                cluster.share(config, run)
            if not chief:
                prepared = open_prepared(run.path)
            already, state = _train(config, prepared, run, console if chief else Console(quiet=True), started, cluster)
        if not chief:
            printer(console)(f"the run is finished ({state.update} updates); worker 0 has its model")
            return None
        if already and any(run.exports.glob("[0-9]*")):
            model = find_model_directory(run.path).path
            printer(console)(f"this run is finished ({state.update} updates); its model is {model}")
            return model
        from nmt.export import export

        model = export(config, prepared, run, "best", None, console)
        from nmt.run_summary import show_summary

        show_summary(run, config, model, console)
        printer(console)(f"took {(time.monotonic() - started) / 60:.1f} minutes, peak memory {peak_memory_gib():.1f} GiB")
        return model


def find_workers(training: TrainingConfig, given: Workers | None) -> Workers | None:
    """The workers that take part in a run, None if this process trains alone.

    Raises:
        ConfigError: several are named where the config wants one process, or none where it wants several.
    """
    if training.distribution in {"none", "mirrored"}:
        if given is not None:
            raise ConfigError(
                f"--workers is for several processes, but training.distribution is {training.distribution}; set it to auto, or leave "
                "--workers out"
            )
        return None
    found = given or workers_of_tf_config(os.environ)
    if found is None and training.distribution == "multi_worker":
        if not in_slurm_step(os.environ):
            raise ConfigError(
                "training.distribution multi_worker, but nothing says who the workers are: give --workers host:port,host:port --index i, "
                "set TF_CONFIG, or start with Slurm's srun"
            )
        load_backend()
        from nmt.training.slurm import workers_of_slurm

        found = workers_of_slurm()
    return found if found is not None and len(found.addresses) > 1 else None


@contextmanager
def _joined(workers: Workers | None, training: TrainingConfig, console: Console) -> Iterator["Cluster | None"]:
    """The cluster of several workers; it must be joined before TensorFlow does anything else, so before data is prepared."""
    if workers is None:
        yield None
        return
    load_backend()
    from nmt.training.cluster import joined

    with joined(workers, training, printer(console)) as cluster:
        if not workers.chief:
            printer(console)(
                f"worker {workers.index} of {len(workers.addresses)}: worker 0 prepares the data, reports and writes everything"
            )
        yield cluster


def _check_criterion(config: Config, workers: Workers | None) -> None:
    if config.training.criterion != "minimum_risk":
        return
    if workers is not None:
        raise ConfigError(
            f"training.criterion minimum_risk searches and scores in one process, with all GPUs of its machine, and here are "
            f"{len(workers.addresses)} workers: leave them out, or set training.criterion: likelihood"
        )
    targets = list(dict.fromkeys(target for _, target in config.data.directions))
    if len(set(map(bleu_tokenizer, targets))) > 1:
        raise ConfigError(
            f"training.criterion minimum_risk compares by one kind of BLEU, and the targets of data.mix ({', '.join(targets)}) are counted "
            "in different ways: keep directions into languages of one script"
        )


def _check_freeze(config: Config) -> None:
    if config.training.freeze:
        load_backend()  # the names of weights are the model's own
        from nmt.training.freezing import check_freeze

        check_freeze(config)


def _train(
    config: Config, prepared: Prepared, run: RunDirectory, console: Console, started: float, cluster: "Cluster | None"
) -> tuple[bool, "RunState"]:
    """Train to the end; says first whether the run had ended before."""
    load_backend()  # only now, after every cheap mistake has been found
    from nmt.training.display import TrainingDisplay
    from nmt.training.trainer import Trainer

    with TrainingDisplay("training", console) as display:
        trainer = Trainer(config, prepared, run, display, started, cluster)
        return trainer.state.finished, trainer.train()


def prepare_shown(config: Config, run: RunDirectory, console: Console) -> Prepared:
    """Prepare the data under a moving line, then say what was kept and dropped."""
    input_paths(config)  # a set of tensorflow-datasets that is not there yet is brought now, under bars of its own
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("preparing data")

        def show(what: str, count: int) -> None:
            progress.update(task, description=f"{what}: {count:,} pairs")

        prepared = prepare(config, run.path, show, begun=run.begun)
    if hold_out := prepared.manifest["hold_out"]:
        printer(console)(hold_out["statement"])
    for split, counts in counts_by_text(prepared.manifest).items():
        reasons = [
            f"{fact['count']} {reason} (line {', '.join(map(str, fact['first_lines'][:3]))}{' …' if fact['count'] > 3 else ''})"
            for reason, fact in counts["dropped"].items()
        ]
        dropped = f"; dropped {', '.join(reasons)}" if reasons else ""
        printer(console)(f"{split}: {counts['kept']:,} of {counts['read']:,} pairs kept{dropped}")
    return prepared
