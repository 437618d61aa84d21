"""What `nmt export` does, as one readable function for each form: a SavedModel, an ensemble, a LiteRT file, a SavedModel of strings."""

from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from nmt.backend import load_backend
from nmt.config import Config
from nmt.config_file import load_config
from nmt.data.prepare import DATA_FOLDER, open_prepared
from nmt.errors import ExportError, RunError
from nmt.model_directory import find_model_directory
from nmt.run_directory import RunDirectory

if TYPE_CHECKING:
    from nmt.litert_graph import WeightType


def export_run(run_path: Path, which: str, to: Path | None, console: Console) -> Path:
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


def export_runs(run_paths: Sequence[Path], which: str, to: Path | None, console: Console) -> Path:
    """Publish several runs as one model, the mean of their probabilities.

    Args:
        run_paths: run directories; the first one's search, limits and validation text are the model's.
        which: which checkpoint of each.
        to: the folder that gets `<n>`.
        console: where a person looks.

    Raises:
        RunError: not a run directory, or one without checkpoints.
        ExportError: no folder to write to, a run twice, runs that do not fit each other, or an export that failed its verification.
    """
    if to is None:
        raise ExportError(f"an ensemble of {len(run_paths)} runs belongs to none of them: say with -o DIR where it goes")
    _check_writable(to)
    if len({path.resolve() for path in run_paths}) < len(run_paths):
        raise ExportError("a run is named twice: an ensemble is of different runs")
    opened = [_run_with_checkpoints(path) for path in run_paths]
    with ExitStack() as locks:
        for run, _ in opened:
            locks.enter_context(run.locked())
        prepared = [open_prepared(run.path) for run, _ in opened]
        load_backend()
        from nmt.ensemble_export import Member, export_ensemble

        members = [Member(run, config, data) for (run, config), data in zip(opened, prepared, strict=True)]
        return export_ensemble(members, which, to, console)


def export_run_litert(run_path: Path, which: str, weights: "WeightType", to: Path | None, console: Console) -> Path:
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
