"""The verbs that make training text with a model: distill, backtranslate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nmt.cli_options import (
    Beam,
    From,
    Model,
    OptionalConfig,
    Override,
    SourceLanguage,
    TargetLanguage,
    Threads,
    To,
    TrainMemory,
    TrainSource,
    TrainTarget,
    TrainTsv,
    ValidSource,
    ValidTarget,
    stderr,
)

if TYPE_CHECKING:
    from rich.console import Console

    from nmt.config import Config

Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="folder that appears when all of it is there")]


def add_synthesis_verbs(app: typer.Typer) -> None:
    """Give the command line `nmt distill` and `nmt backtranslate`."""
    app.command("distill")(distill)
    app.command("backtranslate")(backtranslate)


def distill(
    model: Model,
    output: Output,
    config: OptionalConfig = None,
    source: TrainSource = None,
    target: TrainTarget = None,
    tsv: TrainTsv = None,
    memory: TrainMemory = None,
    source_language: SourceLanguage = None,
    target_language: TargetLanguage = None,
    valid_source: ValidSource = None,
    valid_target: ValidTarget = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="translations of each sentence that are kept, at most")] = 1,
    choose: Annotated[
        Literal["best", "closest"], typer.Option(help="those that the teacher likes most, or of its beam those closest to the true one")
    ] = "best",
    beam: Beam = None,
    weight: Annotated[
        float | None, typer.Option("--weight", min=0.001, max=1000, help="how often each new pair is seen in an epoch; default: 1 / N")
    ] = None,
    overrides: Override = None,
    threads: Threads = None,
) -> None:
    """Let a teacher MODEL translate training text, for a student to learn from; the same command carries it on.

    DIR gets the text, where it comes from, and a config that mixes it with the true translations, ready for nmt train.
    """
    console = stderr()
    text = source, target, tsv, tuple(memory or ()), valid_source, valid_target
    if config is not None and any((*text, source_language, target_language)):
        raise typer.BadParameter(f"{config} says what is translated: give a config, or --source and --target, not both")
    if config is None and not any(text):
        raise typer.BadParameter("nothing to translate: give a CONFIG, or --source and --target, or --tsv, or --memory")
    from nmt.distillation import Distillation
    from nmt.distillation import distill as write_text

    if config is not None:
        chosen = _loaded(config, overrides)
    else:
        from nmt.own_text import OwnText, sized_config

        with console.status("counting the text"):
            chosen = sized_config(OwnText(*text, source_language, target_language), overrides or [], lambda _: None).config
    wanted = Distillation(n_best, beam, choose == "closest", weight)
    _say_next(write_text(model, chosen, output, wanted, console, threads), console)


def backtranslate(
    model: Model,
    text: Annotated[Path, typer.Option("--text", metavar="FILE", help="sentences of the target language, one a line, plain or .gz")],
    output: Output,
    config: Annotated[
        str | None, typer.Option("--config", metavar="CONFIG", help="also write this config with the pairs mixed in, for nmt train")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="NAME", help="with --config: what marks the new sources; default: bt")] = None,
    weight: Annotated[
        float | None,
        typer.Option("--weight", min=0.001, max=1000, help="with --config: how often each new pair is seen in an epoch; default: 1"),
    ] = None,
    target_language: To = None,
    source_language: From = None,
    beam: Beam = None,
    overrides: Override = None,
    threads: Threads = None,
) -> None:
    """Make training pairs of target text alone: MODEL, of the opposite direction, writes their sources; the same command carries it on."""
    if config is None and (tag is not None or weight is not None or overrides):
        named = "--tag" if tag is not None else "--weight" if weight is not None else "--set"
        raise typer.BadParameter(f"{named} is about the config that the pairs are mixed into: give --config CONFIG")
    from nmt.back_translation import BackTranslation, back_translate

    console = stderr()
    chosen = _loaded(config, overrides) if config is not None else None
    wanted = BackTranslation(beam, source_language, target_language, tag or "bt", 1.0 if weight is None else weight)
    written = back_translate(model, text, output, wanted, console, config=chosen, threads=threads)
    if chosen is None:
        print(written)
    else:
        _say_next(written, console)


def _loaded(config: str, overrides: list[str] | None) -> "Config":
    from nmt.config_file import find_config, load_config

    return load_config(find_config(config), overrides)


def _say_next(config: Path, console: "Console") -> None:
    console.print(f"next: nmt train {config} --run-dir runs/{config.parent.name}", markup=False, soft_wrap=True)
    print(config)
