"""The verbs that show what happens inside: inspect attention, gates, gradients, curves, tokenizer."""

from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

import typer

from nmt.cli_options import HELP, From, Model, To, stderr

if TYPE_CHECKING:
    from nmt.inspect.run import TrainedRun
    from nmt.model.cell_sizes import CellName

Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="folder for pictures; default: RUN/inspect, without a run ./inspect"),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="a run directory: it has the weights as they were trained")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="one sentence")]
Target = Annotated[
    str | None, typer.Argument(metavar="[TARGET]", help="its translation, to force the decoder through; default: the model's own")
]


def add_inspect_verbs(app: typer.Typer) -> None:
    """Give the command line `nmt inspect`, with its verbs."""
    inspect = typer.Typer(help="See what happens inside: pictures (PNG) and lines.", rich_markup_mode=None, context_settings=HELP)
    app.add_typer(inspect, name="inspect")
    inspect.callback()(_inspect)
    for verb in (attention, gates, gradients, curves, tokenizer):
        inspect.command(verb.__name__)(verb)


def _inspect() -> None:
    """See what happens inside: pictures (PNG) and lines."""


def attention(
    model: Model,
    source: Source,
    target: Target = None,
    target_language: To = None,
    source_language: From = None,
    output: Output = None,
) -> None:
    """Show where the decoder looks while it says each piece. A given TARGET needs the run of the model."""
    from nmt.inspect.drawing import check_drawing
    from nmt.inspect.run import open_run, pictures_folder

    folder = pictures_folder(output, Path(model))
    check_drawing(folder)
    if target is None:
        from nmt.inspect.sentence import own_translation
        from nmt.loading import load_translator

        hypothesis, alignment = own_translation(load_translator(model, target=target_language, source=source_language), source)
        said = hypothesis.text
    else:
        run = _told(open_run(Path(model)))
        from nmt.backend import load_backend

        load_backend()
        from nmt.inspect.forced import LiveModel

        live, said = LiveModel(run, target_language, source_language), target
        alignment = live.force(live.pair(source, target))
    from nmt.inspect.attention import attention_map, check_alignment, draw_attention

    check_alignment(alignment)
    _print([said, *attention_map(alignment, get_terminal_size().columns)])
    print(draw_attention(alignment, folder / "attention.png", title=f"{source}\n{said}"))


def gates(
    run: Run,
    source: Source,
    target: Target = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="NAME", help="such as decoder.lstm_0 or encoder.forward_0; may be repeated; default: every layer"),
    ] = None,
    target_language: To = None,
    source_language: From = None,
    output: Output = None,
) -> None:
    """Show every gate and the state of every unit of the recurrent layers, step by step over a sentence."""
    from nmt.inspect.drawing import check_drawing
    from nmt.inspect.run import open_run, pictures_folder

    folder = pictures_folder(output, run)
    check_drawing(folder)
    opened = _told(open_run(run))
    from nmt.backend import load_backend

    load_backend()
    from nmt.inspect.forced import LiveModel
    from nmt.inspect.gate_maps import draw_gates, gate_lines
    from nmt.inspect.gates import layer_activity

    live = LiveModel(opened, target_language, source_language)
    pair = live.pair(source, target)
    activities = [layer_activity(live, pair, name) for name in layer or live.model.recurrent_layers()]
    for activity in activities:
        title = f"{activity.layer} ({activity.cell}, {len(activity.values['h'])} units), step by step as it reads"
        _print([title, *gate_lines(activity), ""])
    for activity in activities:
        title = f"{activity.layer}: what each of {len(activity.values['h'])} units does while the layer reads this sentence"
        print(draw_gates(activity, folder / f"gates.{activity.layer}.png", title=title))


def gradients(
    cells: Annotated[
        str, typer.Option(metavar="NAME,…", help="cells to compare: rnn, lstm1997, lstm, gru, layernorm_lstm")
    ] = "rnn,lstm1997,lstm,gru",
    steps: Annotated[int, typer.Option(min=4, max=1000, help="T, the steps of the longest sequence")] = 100,
    units: Annotated[int, typer.Option(min=1, help="H, of every cell")] = 32,
    updates: Annotated[int, typer.Option(min=1, help="of training at each length, at most")] = 500,
    initial: Annotated[
        Literal["uniform", "orthogonal"],
        typer.Option(help="recurrent weights to begin with: uniform in [-0.2, 0.2] as in 1997, or orthogonal as in this project's models"),
    ] = "uniform",
    forget_bias: Annotated[
        float | None, typer.Option(help="first bias of the gate that keeps the state, f or a GRU's z; default: 1, of a GRU 0")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="every random draw derives from this")] = 1,
    output: Output = None,
) -> None:
    """Show how far gradients reach back in each cell, and at which lags it learns: the first symbol is asked for after the last."""
    from nmt.inspect.drawing import check_drawing
    from nmt.inspect.run import pictures_folder

    folder = pictures_folder(output)
    check_drawing(folder)
    names = _cell_names(cells)
    from nmt.backend import load_backend

    load_backend()
    from nmt.inspect.gradient_curves import draw_gradients, gradient_lines
    from nmt.inspect.gradients import study
    from nmt.inspect.lag_task import CLASSES, LagSettings
    from nmt.shown import tracked

    console = stderr()
    settings = LagSettings(units, updates, initial, forget_bias, seed)
    found = study(names, steps, settings, lambda jobs: tracked(jobs, "training every cell at every lag", console))
    _print(gradient_lines(found, CLASSES))
    begun = f", forget bias {forget_bias:g}" if forget_bias is not None else ""
    title = f"Which of {CLASSES} symbols came first is asked after {steps} steps ({units} units, {initial} weights{begun}, seed {seed})"
    print(draw_gradients(found, folder / "gradients.png", title=title))


def curves(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="run directories, finished or under way")], output: Output = None
) -> None:
    """Show the learning curves of runs side by side: loss, validation loss and BLEU, against updates and against minutes."""
    from nmt.inspect.curves import curve_lines, draw_curves
    from nmt.inspect.drawing import check_drawing
    from nmt.inspect.metrics import read_metrics
    from nmt.inspect.run import pictures_folder

    folder = pictures_folder(output, runs[0] if len(runs) == 1 else None)
    check_drawing(folder)
    found = read_metrics(runs)
    _print(curve_lines(found))
    print(draw_curves(found, folder / "curves.png"))


def tokenizer(model: Model, output: Output = None) -> None:
    """Show how long pieces are and, of a run, how often its training text uses them and how many a sentence has."""
    from nmt.inspect.drawing import check_drawing
    from nmt.inspect.run import pictures_folder
    from nmt.inspect.tokenizer import open_vocabularies
    from nmt.inspect.tokenizer_plots import draw_tokenizer, tokenizer_lines

    folder = pictures_folder(output, Path(model))
    check_drawing(folder)
    found = open_vocabularies(model)
    _print(tokenizer_lines(found))
    for vocabulary in found:
        name = "tokenizer.png" if len(found) == 1 else f"tokenizer.{vocabulary.name.split()[0]}.png"
        print(draw_tokenizer(vocabulary, folder / name, title=f"{model}: {vocabulary.name}"))


def _cell_names(text: str) -> list["CellName"]:
    from nmt.config import ModelConfig

    known = get_args(ModelConfig.model_fields["cell"].annotation)
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"--cells has no cell {unknown[0]!r}: expected some of {', '.join(known)}, parted by commas")
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"--cells {text} names a cell twice")
    return cast('list["CellName"]', names)


def _told(run: "TrainedRun") -> "TrainedRun":
    for warning in run.warnings:
        stderr().print(f"warning: {warning}", markup=False, soft_wrap=True)
    return run


def _print(lines: list[str]) -> None:
    print("\n".join(lines))
