"""The command line: each verb parses, loads, makes one call and prints. Heavy imports live inside the verb that needs them."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from nmt.errors import NmtError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="nmt",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="a model directory, a run directory, or a folder of versions")]
Override = Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="change one setting; may be repeated")]
RunDir = Annotated[Path | None, typer.Option("--run-dir", help="where the run lives; the same command carries it on")]
Beam = Annotated[int | None, typer.Option("--beam", min=1, help="beam size; default: the model's own")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads; default: all")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]

UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What typer raises for any wrong command line. It has no public name: typer once used the click package and now carries its own."""

OUT_OF_OUR_HANDS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
"""Failures to write that a person mends, wherever they strike: disk full, quota, read-only, permission."""


@app.callback(invoke_without_command=True)
def root(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="say which nmt this is and end")] = False) -> None:
    """Train LSTM translation models, translate with them, evaluate them."""
    if version:
        import nmt

        print(f"nmt {nmt.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


@app.command()
def train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="a YAML file, or the name of a shipped config")],
    overrides: Override = None,
    run_dir: RunDir = None,
) -> None:
    """Train a model and export it; the same command carries an interrupted run on. Default run directory: ./runs/NAME."""
    from nmt.config_file import find_config, load_config

    path = find_config(config)
    loaded = load_config(path, overrides)
    from nmt.recipes import train as run_training

    print(run_training(loaded, run_dir or Path("runs") / path.stem, _stderr()))


@app.command()
def demo(overrides: Override = None, run_dir: RunDir = None) -> None:
    """Train on the built-in demonstration corpus, evaluate, translate a few unseen sentences, say what to type next."""
    from rich.console import Console

    from nmt.demo import demo as run_demo

    run_demo(run_dir or Path("runs") / "demo", overrides or [], Console(highlight=False))


@app.command()
def fetch(
    corpus: Annotated[str, typer.Argument(help="a corpus that is described in corpora/, such as multi30k")],
    to: Annotated[Path | None, typer.Option("--to", help="folder that gets the corpus' own folder; default: where every run looks")] = None,
    language: Annotated[list[str] | None, typer.Option("--language", help="only this language; may be repeated")] = None,
) -> None:
    """Download a described corpus, resumed where it stopped and checked by sha256, or check the copy that is there."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from nmt.data.fetch import fetch as bring

    console = _stderr()
    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, int] = {}

        def show(name: str, done: int, total: int) -> None:
            task = tasks.setdefault(name, progress.add_task(name) if name not in tasks else tasks[name])
            progress.update(task, completed=done, total=total)  # type: ignore[arg-type]

        report = bring(corpus, to, language, show)
    for file in report.files:
        print(f"{file.status}\t{file.path}")
    console.print(f"licence: {report.licence}", markup=False, soft_wrap=True)
    console.print(f"use it with --set data.root={report.root}" if to else "every run finds it there", markup=False, soft_wrap=True)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="a run directory; with --strings any MODEL")],
    checkpoint: Annotated[Literal["best", "last", "average"] | None, typer.Option(help="which weights; default: best")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="folder for the next version; default: RUN_DIR/export, or RUN_DIR/strings")
    ] = None,
    strings: Annotated[
        bool, typer.Option("--strings", help="write the newest export as OUTPUT/NAME/<n>, text in and text out, for TensorFlow Serving")
    ] = False,
) -> None:
    """Publish a checkpoint as a SavedModel that has been verified against the live model."""
    if strings and checkpoint:
        raise typer.BadParameter("--strings takes the weights of an export, not --checkpoint: export that checkpoint first")
    from nmt.recipes import export_run, export_run_strings

    print(export_run_strings(run, output, _stderr()) if strings else export_run(run, checkpoint or "best", output, _stderr()))


@app.command()
def translate(
    model: Model,
    text: Annotated[list[str] | None, typer.Argument(help="what to translate; default: standard input, a line at a time")] = None,
    input_file: Annotated[Path | None, typer.Option("-i", "--input", help="file to translate instead, plain or .gz")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="file to write instead of standard output")] = None,
    beam: Beam = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="write this many hypotheses a line: number, score, text")] = 1,
    scores: Annotated[bool, typer.Option("--scores", help="write each score and a tab before the translation")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="write one JSON object a line")] = False,
    paragraphs: Annotated[bool, typer.Option("--paragraphs", help="translate sentence by sentence, keeping all white space")] = False,
    threads: Threads = None,
) -> None:
    """Translate: one line in, one line out, in order. Results come while input is still being read."""
    if text and input_file:
        raise typer.BadParameter("give TEXT or --input, not both")
    if paragraphs and (scores or json_lines or n_best > 1):
        raise typer.BadParameter("--paragraphs writes running text: it goes with none of --scores, --json and --n-best")
    from nmt.translation import OutputFormat, input_windows, opened_output, translate_lines
    from nmt.translator import load_translator

    source = input_windows(text or [], input_file)
    form = OutputFormat(beam, n_best, scores, json_lines, paragraphs)
    with opened_output(output) as out:  # first: a folder that is not there is said before a model is loaded
        translate_lines(load_translator(model, threads=threads), source, out, form)


@app.command()
def evaluate(
    model: Model,
    source: Annotated[Path, typer.Option("--source", help="file of source sentences, plain or .gz")],
    reference: Annotated[Path, typer.Option("--reference", help="file of their translations")],
    beam: Beam = None,
    as_json: AsJson = False,
    threads: Threads = None,
) -> None:
    """Score an exported model with BLEU, chrF and TER (sacreBLEU), signatures included."""
    from nmt.scoring import print_evaluation, score_model

    print_evaluation(score_model(model, source, reference, beam, threads, _stderr()), as_json)


@app.command()
def info(model: Model, as_json: AsJson = False) -> None:
    """Say what a model is: languages, scores, training, limits, licences. Checks its files against their hashes."""
    from nmt.model_directory import find_model_directory

    directory = find_model_directory(model)
    directory.verify_files()
    from nmt.scoring import print_model

    print_model(directory, as_json)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
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


@app.command()
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


bench = typer.Typer(help="Measure on this machine.", rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(bench, name="bench")


@bench.command("serve")
def bench_serve(
    model: Model,
    source: Annotated[Path, typer.Option("--source", help="file of source sentences, plain or .gz")],
    clients: Annotated[int, typer.Option(min=1, help="clients that ask at the same time")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="rounds; every figure is the median of them")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="seconds of load in a round")] = 10.0,
    overload: Annotated[float, typer.Option(min=0, help="then this many times the capacity; 0: not")] = 4.0,
    overload_seconds: Annotated[float, typer.Option(min=1, help="for so long; the queue needs the deadline of 30 s to fill")] = 60.0,
    batch_sentences: Annotated[int, typer.Option(min=1, help="sentences translated together at most")] = 32,
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
    from nmt.translator import load_translator
    from serve.bench import Plan
    from serve.bench import bench_serve as measure
    from serve.bench_report import print_serve_figures

    plan = Plan(clients, rounds, seconds, overload, overload_seconds, batch_sentences, threads)
    console = _stderr()
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


def main() -> None:
    """Run the command line: one clear line and the error's exit code for what a person can mend, a traceback for our own bugs."""
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()  # here, where a reader that has gone is no surprise
    except NmtError as error:
        code = _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 0
        _leave_output()
    except OSError as error:
        if error.errno not in OUT_OF_OUR_HANDS:
            raise
        code = _fail(f"{error.filename or 'standard output'}: {error.strerror}", 2)
        _leave_output()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Parse and call the verb. Not typer's own way out, which takes some exceptions for itself and writes several lines."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("nmt", arguments) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except UsageError as error:
        place = getattr(error, "ctx", None)
        return _fail(f"{_sentence(error)}; see {place.command_path if place else 'nmt'} --help", 2)
    return 0


def _leave_output() -> None:
    """Let go of what standard output did not take: Python would write it once more at exit, and complain."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: Any) -> str:
    message = " ".join(error.format_message().split()).removeprefix("Invalid value: ").removesuffix(".")
    return message[:1].lower() + message[1:]


def _fail(message: str, code: int) -> int:
    print("nmt:", message.replace("\n", " "), file=sys.stderr)
    return code


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False)
