"""The verbs of the translation server: serve, serve-key, and bench serve of `cli_bench`. They need the extra `serve`."""

from pathlib import Path
from typing import Annotated

import typer

from nmt.cli_options import AsJson, Model, Threads, stderr


def add_serving_verbs(app: typer.Typer) -> None:
    """Give the command line its serving verbs."""
    # The flags of `nmt serve` are its settings (serve/settings.py), which are read there: one table for flags and variables.
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})(serve)
    app.command("serve-key")(serve_key)


def serve(context: typer.Context) -> None:
    """Serve models over HTTP: LibreTranslate, DeepL and TensorFlow Serving APIs, our own, and a page. See nmt serve --help."""
    _need_serve_extra("nmt serve")
    from serve.settings import parse_settings, settings_help

    if {"-h", "--help"} & set(context.args):
        print(settings_help(), end="")
        return
    settings = parse_settings(context.args)
    from serve.server import run

    raise typer.Exit(run(settings))


def serve_key(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="the keys file that nmt serve --api-keys-file reads; made if it is not there")
    ],
    name: Annotated[str, typer.Argument(help="whose key it is")],
    per_minute: Annotated[int | None, typer.Option(min=1, help="texts a minute; default: the server's own rate")] = None,
) -> None:
    """Make an API key: its hash is added to FILE, the key itself is printed once and kept nowhere."""
    _need_serve_extra("nmt serve-key")
    from serve.access import add_key

    print(add_key(file, name, per_minute))


def bench_serve(
    model: Model,
    source: Annotated[Path, typer.Option("--source", help="file of source sentences, plain or .gz")],
    clients: Annotated[int, typer.Option(min=1, help="clients that ask at the same time")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="rounds; every figure is the median of them")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="seconds of load in a round")] = 10.0,
    overload: Annotated[float, typer.Option(min=0, help="then this many times the capacity; 0: not")] = 4.0,
    overload_seconds: Annotated[float, typer.Option(min=1, help="for so long; the queue needs the deadline of 30 s to fill")] = 60.0,
    batch_sentences: Annotated[int, typer.Option(min=1, help="sentences translated together at most")] = 16,
    as_json: AsJson = False,
    threads: Threads = None,
) -> None:
    """Put a server under load on this machine, in turn with the bare model: throughput, latency, batch sizes, overload."""
    _need_serve_extra("nmt bench serve")
    from nmt.data.parallel_text import read_lines
    from nmt.errors import CorpusError

    lines = [line for line in read_lines(source) if line.strip()]
    if not lines:
        raise CorpusError(f"{source} has no sentence in it")
    from nmt.loading import load_translator
    from serve.bench import Plan
    from serve.bench import bench_serve as measure
    from serve.bench_report import print_serve_figures

    plan = Plan(clients, rounds, seconds, overload, overload_seconds, batch_sentences, threads)
    console = stderr()
    found = measure(model, load_translator(model, threads=threads), lines, plan, lambda line: console.print(line, markup=False))
    from rich.console import Console

    print_serve_figures(found, as_json, Console(highlight=False))


def _need_serve_extra(verb: str) -> None:
    from importlib.util import find_spec

    from nmt.errors import ConfigError

    missing = [
        name
        for name in ("starlette", "uvicorn", "python_multipart", "pydantic_settings", "prometheus_client", "limits")
        if not find_spec(name)
    ]
    if missing:
        raise ConfigError(f"{verb} needs {', '.join(missing)}: pip install 'carousel-nmt[serve]'")
