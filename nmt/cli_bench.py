"""The verbs that measure: bench prepare, bench serve, bench train, bench translate."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from nmt.cli_options import HELP, AsJson, Model, Override, Shortlist, Threads, stderr
from nmt.cli_serving import bench_serve

Rounds = Annotated[int, typer.Option(min=1, help="rounds; every figure is the median of them")]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="CMD", help="another program, run in turn with our rounds; no shell runs it"),
]


def add_bench_verbs(app: typer.Typer) -> None:
    """Give the command line `nmt bench`, with its verbs."""
    bench = typer.Typer(help="Measure on this machine.", rich_markup_mode=None, context_settings=HELP)
    app.add_typer(bench, name="bench")
    bench.callback()(_bench)
    bench.command("prepare")(bench_prepare)
    bench.command("serve")(bench_serve)
    bench.command("train")(bench_train)
    bench.command("translate")(bench_translate)


def _bench() -> None:
    """Measure on this machine."""


def bench_prepare(
    config: Annotated[str, typer.Argument(metavar="[CONFIG]", help="a YAML file, or the name of a shipped config; default: demo")] = "demo",
    overrides: Override = None,
    pairs: Annotated[
        int | None, typer.Option("--pairs", min=1000, help="train on so many pairs of the built-in grammar instead of the config's text")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure preparation, from text to ids on disk, and the making of batches: pairs/s, tokens/s, memory. Keeps nothing."""
    from nmt.config_file import find_config, load_config

    console = stderr()
    with tempfile.TemporaryDirectory(prefix="nmt-bench-") as temporary:
        folder, loaded, text = Path(temporary), load_config(find_config(config), overrides), config
        if pairs is not None:
            from nmt.bench.generated_text import with_generated_text

            loaded, text = with_generated_text(loaded, folder, pairs, console), "generated text"
        from nmt.bench.prepare import bench_prepare as measure

        found = measure(loaded, folder / "run", console)
    from rich.console import Console

    from nmt.bench.report import print_prepare_figures, with_provenance

    print_prepare_figures(with_provenance({"text": text} | found), as_json, Console(highlight=False))


def bench_train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="a YAML file, or the name of a shipped config")],
    overrides: Override = None,
    run_dir: Annotated[Path | None, typer.Option("--run-dir", help="take the prepared data of this run instead of preparing it")] = None,
    updates: Annotated[int, typer.Option(min=1, help="updates in all rounds together")] = 100,
    rounds: Rounds = 5,
    profile: Annotated[bool, typer.Option("--profile", help="also time each part of an update")] = False,
    against: Against = None,
    against_pattern: Annotated[
        str | None,
        typer.Option("--against-pattern", metavar="REGEX", help="finds target tokens/s in what CMD prints: its group 1; the median counts"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure training with a config: tokens/s, padding, memory, FLOPs, GEMM rate and the share reached. Keeps no model."""
    if updates < rounds:
        raise typer.BadParameter(f"{updates} updates are too few for {rounds} rounds: give --updates of {rounds} or more")
    if (against is None) != (against_pattern is None):
        raise typer.BadParameter("--against and --against-pattern go together: the pattern finds the rate in what the command prints")
    from nmt.bench.against import printed_rate
    from nmt.config_file import find_config, load_config
    from nmt.origin import with_origin
    from nmt.run_directory import RunDirectory

    loaded = with_origin(load_config(find_config(config), overrides), RunDirectory(run_dir) if run_dir else None)
    other = printed_rate(against, against_pattern) if against is not None and against_pattern is not None else None
    from nmt.bench.data import prepared_data

    console = stderr()
    with ExitStack() as stack:
        folder = None if run_dir else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nmt-bench-")))
        prepared = prepared_data(loaded, run_dir, folder, console)
        from nmt.backend import load_backend

        load_backend()
        from nmt.bench.report import print_train_figures, with_provenance
        from nmt.bench.train import TrainPlan
        from nmt.bench.train import bench_train as measure

        found = measure(loaded, prepared, TrainPlan(updates, rounds, profile, other), console)
    from rich.console import Console

    print_train_figures(with_provenance({"config": config} | found), as_json, Console(highlight=False))


def bench_translate(
    model: Model,
    source: Annotated[Path, typer.Option("--source", help="file of source sentences, plain or .gz")],
    reference: Annotated[Path | None, typer.Option("--reference", help="file of their translations, for BLEU")] = None,
    beam: Annotated[list[int] | None, typer.Option("--beam", min=1, help="beam size; may be repeated; default: 1 and 5")] = None,
    rounds: Rounds = 5,
    sentences: Annotated[int, typer.Option(min=1, help="sentences translated one at a time, for the latency")] = 100,
    against: Against = None,
    as_json: AsJson = False,
    threads: Threads = None,
    shortlist: Shortlist = False,
) -> None:
    """Measure translation: sentences/s, latency, memory, padding, GEMM rate and the share of the bound reached, text to text."""
    beams = tuple(dict.fromkeys(beam or (1, 5)))
    if against is not None and len(beams) > 1 and "{beam}" not in against:
        raise typer.BadParameter("--against compares searches of one beam size: give one --beam, or write {beam} in the command")
    from nmt.bench.against import Command
    from nmt.bench.data import read_text

    lines, references = read_text(source, reference)
    other = None if against is None else Command(against)
    from nmt.bench.report import print_translate_figures, with_provenance
    from nmt.bench.translate import TranslatePlan
    from nmt.bench.translate import bench_translate as measure

    found = measure(model, lines, references, TranslatePlan(beams, rounds, sentences, threads, shortlist, other), stderr())
    from rich.console import Console

    print_translate_figures(with_provenance(found | {"source": str(source)}), as_json, Console(highlight=False))
