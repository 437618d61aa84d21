"""The verb that trains: from a config, or from text alone."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nmt.cli_options import (
    OptionalConfig,
    Override,
    RunDir,
    SourceLanguage,
    TargetLanguage,
    Threads,
    TrainMemory,
    TrainSource,
    TrainTarget,
    TrainTsv,
    ValidSource,
    ValidTarget,
    stderr,
)
from nmt.workers import parse_workers

if TYPE_CHECKING:
    from rich.console import Console

    from nmt.own_text import OwnText, Sized


def add_training_verbs(app: typer.Typer) -> None:
    """Give the command line `nmt train`."""
    app.command("train")(train)


def train(
    config: OptionalConfig = None,
    source: TrainSource = None,
    target: TrainTarget = None,
    tsv: TrainTsv = None,
    memory: TrainMemory = None,
    source_language: SourceLanguage = None,
    target_language: TargetLanguage = None,
    valid_source: ValidSource = None,
    valid_target: ValidTarget = None,
    init_from: Annotated[
        Path | None, typer.Option("--init-from", metavar="RUN|MODEL", help="begin with the weights and tokenizer of this one: fine-tuning")
    ] = None,
    overrides: Override = None,
    run_dir: RunDir = None,
    workers: Annotated[
        str | None,
        typer.Option("--workers", metavar="HOST:PORT,…", help="train in several processes, at these addresses (docs/scaling.md)"),
    ] = None,
    index: Annotated[int | None, typer.Option("--index", help="with --workers: which of them this process is, 0 for the first")] = None,
    threads: Threads = None,
) -> None:
    """Train a model and export it; the same command carries an interrupted run on. Default run directory: ./runs/NAME.

    Without a config, sizes are chosen from the amount of text (docs/training.md).
    """
    text = source, target, tsv, tuple(memory or ()), valid_source, valid_target
    if config is not None and any((*text, source_language, target_language)):
        raise typer.BadParameter(f"{config} says what to train on: give a config, or --source and --target, not both")
    if index is not None and workers is None:
        raise typer.BadParameter("--index is the place of this process among --workers: give both")
    taking_part = None if workers is None else parse_workers(workers, index)
    console = stderr()
    if init_from is not None:
        overrides = [*(overrides or []), f"training.init_from={json.dumps(str(init_from))}"]
    if config is not None:
        from nmt.config_file import find_config, load_config

        path = find_config(config)
        chosen, name = load_config(path, overrides), path.stem
    elif any(text):
        from nmt.own_text import OwnText

        sized = _sized(OwnText(*text, source_language, target_language), overrides or [], console)
        chosen, name = sized.config, sized.run_name
    else:
        raise typer.BadParameter("nothing to train on: give a CONFIG, or --source and --target, or --tsv, or --memory")
    from nmt.recipes import train as run_training

    if (model := run_training(chosen, run_dir or Path("runs") / name, console, workers=taking_part, threads=threads)) is not None:
        print(model)


def _sized(text: "OwnText", overrides: list[str], console: "Console") -> "Sized":
    """Count under a moving line, then show what was chosen."""
    from rich.progress import Progress, SpinnerColumn, TextColumn
    from rich.table import Table

    from nmt.own_text import sized_config

    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("counting")
        sized = sized_config(text, overrides, lambda count: progress.update(task, description=f"counting: {count:,} pairs"))
    limit = f"up to {sized.row.pairs:,}" if sized.row.pairs else "any number of"
    console.print(f"{sized.pairs:,} pairs, {sized.target_words:,} target words: sizes for {limit} pairs, docs/training.md", soft_wrap=True)
    config = sized.config
    model, training = config.model, config.training
    table = Table(box=None, show_header=False, pad_edge=False)
    layers = f", {model.encoder_layers} layers{' with residual connections' if model.residual else ''}" if model.encoder_layers > 1 else ""
    shape = [
        ("vocabulary", f"{config.tokenizer.vocabulary_size:,} pieces"),
        ("units", f"embedding {model.embedding_units}, encoder {model.encoder_units} × 2, decoder {model.decoder_units}{layers}"),
    ]
    if training.init_from:
        shape = [("begins with", str(training.init_from))]
    for name, value in (
        *shape,
        ("dropout", f"{model.dropout:g}, of words {model.word_dropout:g}; label smoothing {training.label_smoothing:g}"),
        ("updates", f"{training.max_updates:,} of {training.batch_tokens:,} target tokens, learning rate {training.learning_rate:g}"),
        ("validation", f"every {training.validate_every:,} updates"),
    ):
        table.add_row(f"  {name}", value)
    console.print(table)
    return sized
