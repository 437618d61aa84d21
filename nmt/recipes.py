"""What a verb does, as one readable function: train = prepare -> train -> export."""

import resource
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from nmt.backend import choose_threads, load_backend
from nmt.config import Config
from nmt.config_file import load_config
from nmt.data.manifest import counts_by_text, input_paths
from nmt.data.prepare import DATA_FOLDER, Prepared, open_prepared, prepare
from nmt.data.word_vectors import check_word_vectors
from nmt.errors import ExportError, RunError
from nmt.model_directory import find_model_directory
from nmt.run_directory import RunDirectory
from nmt.shown import printer

if TYPE_CHECKING:
    from nmt.litert_graph import WeightType
    from nmt.training.state import RunState


def train(config: Config, run_path: Path, console: Console, threads: int | None = None) -> Path:
    """Train a model, or carry its run on, and export the best checkpoint; a finished run is left as it is.

    Args:
        config: what to train.
        run_path: the run directory.
        console: where a person looks.
        threads: CPU threads; default: all that this process may use.

    Returns:
        The MODEL_DIR.

    Raises:
        NmtError: as the rooms on the way do.
    """
    started = time.monotonic()
    choose_threads(threads)
    run = RunDirectory(run_path)
    with run.locked():
        run.adopt(config)
        if not run.begun:
            check_word_vectors(config.model)
        prepared = prepare_shown(config, run, console)
        already, state = _train(config, prepared, run, console, started)
        if already and any(run.exports.glob("[0-9]*")):
            model = find_model_directory(run.path).path
            printer(console)(f"this run is finished ({state.update} updates); its model is {model}")
            return model
        from nmt.export import export

        model = export(config, prepared, run, "best", None, console)
        printer(console)(f"took {(time.monotonic() - started) / 60:.1f} minutes, peak memory {peak_memory_gib():.1f} GiB")
        return model


def _train(config: Config, prepared: Prepared, run: RunDirectory, console: Console, started: float) -> tuple[bool, "RunState"]:
    """Train to the end; says first whether the run had ended before."""
    load_backend()  # only now, after every cheap mistake has been found
    from nmt.training.display import TrainingDisplay
    from nmt.training.trainer import Trainer

    with TrainingDisplay("training", console) as display:
        trainer = Trainer(config, prepared, run, display, started)
        return trainer.state.finished, trainer.train()


def export_run(run_path: Path, which: Literal["best", "last", "average"], to: Path | None, console: Console) -> Path:
    """Publish a checkpoint of a run, as one more version of its model.

    Raises:
        RunError: not a run directory, or one without checkpoints.
        ExportError: the export failed its verification.
    """
    run, config = _run_with_checkpoints(run_path)
    with run.locked():
        prepared = open_prepared(run.path)
        load_backend()
        from nmt.export import export

        return export(config, prepared, run, which, to, console)


def export_run_litert(
    run_path: Path, which: Literal["best", "last", "average"], weights: "WeightType", to: Path | None, console: Console
) -> Path:
    """Publish a checkpoint of a run as a small model that runs without TensorFlow.

    Args:
        run_path: the run directory.
        which: which checkpoint.
        weights: int8, float16 or float32.
        to: the folder that gets `<n>`; default: the run's own `litert`.
        console: where a person looks.

    Raises:
        RunError: not a run directory, or one without checkpoints.
        ExportError: ai-edge-litert is missing, there is no folder to write to, or the export failed its verification.
    """
    run, config = _run_with_checkpoints(run_path)
    if to is not None:
        _check_writable(to)
    from nmt.runtime.litert import litert_installed

    for setting, known in _LITERT_KNOWS.items():
        if (value := getattr(config.model, setting)) not in known:
            raise ExportError(
                f"--format litert knows models with {setting} {' or '.join(map(str, known))}, this run has {value}; "
                "export it without --format, as a SavedModel"
            )
    if not litert_installed():
        raise ExportError("--format litert needs ai-edge-litert, which is not installed: pip install 'carousel-nmt[litert]'")
    with run.locked():
        prepared = open_prepared(run.path)
        load_backend()
        from nmt.litert_export import export_litert

        return export_litert(config, prepared, run, which, weights, to, console)


_LITERT_KNOWS: dict[str, tuple[object, ...]] = {
    "cell": ("lstm",),
    "encoder": ("bidirectional",),
    "reverse_source": (False,),
    "decoder": ("whole_target",),
    "residual": (False,),
    "bridge": ("dense",),
    "attention": ("general", "scaled_dot"),
    "readout_embedding": (False,),
}
"""What the graphs of nmt/litert_graph.py are made for."""


def _run_with_checkpoints(path: Path) -> tuple[RunDirectory, Config]:
    run = RunDirectory(path)
    if not run.config.is_file() or not run.checkpoints.is_dir():
        raise RunError(f"{path} is not a run with checkpoints: expected config.yaml and checkpoints/ in it, as nmt train writes them")
    return run, load_config(run.config)


def _check_writable(to: Path) -> None:
    if blocking := [path for path in (to, *to.parents) if path.exists() and not path.is_dir()]:
        raise ExportError(f"cannot write to {to}: {blocking[0]} is not a folder; choose another with -o")


def export_run_strings(model: Path, to: Path | None, console: Console, *, target: str | None = None, source: str | None = None) -> Path:
    """Publish a model that is exported already as a SavedModel of strings, for the stock TensorFlow Serving.

    Args:
        model: a run, whose validation text then serves the verification, or any other MODEL.
        to: the folder that gets `<name>/<n>`; default: the run's own `strings`.
        console: where a person looks.
        target: language that it translates into, of a model of several directions; default: the main direction's.
        source: language that it translates from.

    Raises:
        ModelError: no model there, a damaged one, or one that has not learnt the direction.
        ExportError: tensorflow-text is missing, there is no folder to write to, or the export failed its verification.
    """
    directory = find_model_directory(model)
    run = RunDirectory(model.expanduser())
    if to is None and not run.exports.is_dir():
        raise ExportError(f"{model} is not a run directory: say with -o DIR which folder gets {directory.manifest.name}/<n>")
    to = to or run.path / "strings"
    _check_writable(to)
    if find_spec("tensorflow_text") is None:
        raise ExportError("--strings needs tensorflow-text, which is not installed: pip install 'carousel-nmt[strings]'")
    lines = open_prepared(run.path).valid_source if (run.path / DATA_FOLDER).is_dir() else list(directory.golden_lines())
    load_backend()
    from nmt.string_export import export_strings

    return export_strings(directory, to, lines, console, target=target, source=source)


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


def peak_memory_gib() -> float:
    """The most memory this process has held, in GiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
