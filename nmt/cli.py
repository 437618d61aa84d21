"""The command line: each verb parses, loads, makes one call and prints. Heavy imports live inside the verb that needs them."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from nmt.cli_bench import add_bench_verbs
from nmt.cli_data import add_data_verbs
from nmt.cli_inspect import add_inspect_verbs
from nmt.cli_options import (
    HELP,
    Beam,
    Checkpoint,
    CoveragePenalty,
    From,
    LengthPenalty,
    Model,
    Override,
    RunDir,
    Shortlist,
    Threads,
    To,
    stderr,
)
from nmt.cli_scoring import add_scoring_verbs
from nmt.cli_serving import add_serving_verbs
from nmt.cli_synthesis import add_synthesis_verbs
from nmt.cli_training import add_training_verbs
from nmt.errors import NmtError

app = typer.Typer(
    name="nmt",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)

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


add_training_verbs(app)


@app.command()
def demo(overrides: Override = None, run_dir: RunDir = None, threads: Threads = None) -> None:
    """Train on the built-in demonstration corpus, evaluate, translate a few unseen sentences, say what to type next."""
    from rich.console import Console

    from nmt.demo import demo as run_demo

    run_demo(run_dir or Path("runs") / "demo", overrides or [], Console(highlight=False), threads)


@app.command()
def fetch(
    corpus: Annotated[str, typer.Argument(help="a corpus that is described in corpora/, such as multi30k; or tfds:NAME/CONFIG")],
    to: Annotated[Path | None, typer.Option("--to", help="folder that gets the corpus' own folder; default: where every run looks")] = None,
    language: Annotated[list[str] | None, typer.Option("--language", help="only this language; may be repeated")] = None,
) -> None:
    """Download a described corpus, resumed where it stopped and checked by sha256, or check the copy that is there."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from nmt.data.fetch import fetch as bring

    console = stderr()
    if corpus.startswith("tfds:"):
        from nmt.data.fetch import fetch_tfds

        if language:
            raise typer.BadParameter("--language chooses files of a described corpus: a set of tensorflow-datasets is brought whole")
        folder, licence = fetch_tfds(corpus.removeprefix("tfds:"), to)
        print(f"present\t{folder}")
        console.print(f"licence: {licence}", markup=False, soft_wrap=True)
        console.print(f"use it with --set data.tfds_dir={to}" if to else "every run finds it there", markup=False, soft_wrap=True)
        return
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
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR…", help="a run directory, or several for an ensemble; with --strings any MODEL")
    ],
    checkpoint: Checkpoint = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="folder for the next version; default: RUN_DIR/export, /strings or /litert")
    ] = None,
    strings: Annotated[
        bool, typer.Option("--strings", help="write the newest export as OUTPUT/NAME/<n>, text in and text out, for TensorFlow Serving")
    ] = False,
    form: Annotated[
        Literal["savedmodel", "litert"], typer.Option("--format", help="litert: small, and runs without TensorFlow")
    ] = "savedmodel",
    weights: Annotated[Literal["int8", "float16", "float32"] | None, typer.Option(help="of --format litert; default: int8")] = None,
    target_language: To = None,
    source_language: From = None,
) -> None:
    """Publish a checkpoint as a model that has been verified against the live model."""
    if strings and checkpoint:
        raise typer.BadParameter("--strings takes the weights of an export, not --checkpoint: export that checkpoint first")
    if strings and form == "litert":
        raise typer.BadParameter("--strings writes a SavedModel: it does not go with --format litert")
    if weights and form != "litert":
        raise typer.BadParameter("--weights goes with --format litert: a SavedModel has the weights as they were trained")
    if (target_language or source_language) and not strings:
        raise typer.BadParameter("--to and --from choose the direction of --strings: a model has all that it has learnt")
    if len(runs) > 1 and (strings or form == "litert"):
        raise typer.BadParameter(
            "an ensemble is a SavedModel of ids: --strings and --format litert take one run; --strings also takes the model of an ensemble"
        )
    from nmt.publishing import export_run, export_run_litert, export_run_strings, export_runs

    run = runs[0]
    if len(runs) > 1:
        print(export_runs(runs, checkpoint or "best", output, stderr()))
    elif strings:
        print(export_run_strings(run, output, stderr(), target=target_language, source=source_language))
    elif form == "litert":
        print(export_run_litert(run, checkpoint or "best", weights or "int8", output, stderr()))
    else:
        print(export_run(run, checkpoint or "best", output, stderr()))


@app.command()
def translate(
    model: Model,
    text: Annotated[list[str] | None, typer.Argument(help="what to translate; default: standard input, a line at a time")] = None,
    input_file: Annotated[Path | None, typer.Option("-i", "--input", help="file to translate instead, plain or .gz")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="file to write instead of standard output")] = None,
    target_language: To = None,
    source_language: From = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="NAME", help="translate as the corpora of this tag in data.mix do")] = None,
    beam: Beam = None,
    length_penalty: LengthPenalty = None,
    coverage_penalty: CoveragePenalty = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="write this many hypotheses a line: number, score, text")] = 1,
    scores: Annotated[bool, typer.Option("--scores", help="write each score and a tab before the translation")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="write one JSON object a line")] = False,
    paragraphs: Annotated[bool, typer.Option("--paragraphs", help="translate sentence by sentence, keeping all white space")] = False,
    threads: Threads = None,
    shortlist: Shortlist = False,
) -> None:
    """Translate: one line in, one line out, in order. Results come while input is still being read."""
    if text and input_file:
        raise typer.BadParameter("give TEXT or --input, not both")
    if paragraphs and (scores or json_lines or n_best > 1):
        raise typer.BadParameter("--paragraphs writes running text: it goes with none of --scores, --json and --n-best")
    from nmt.loading import load_translator
    from nmt.translation import OutputFormat, input_windows, opened_output, translate_lines

    source = input_windows(text or [], input_file)
    form = OutputFormat(beam, n_best, scores, json_lines, paragraphs)
    with opened_output(output) as out:  # first: a folder that is not there is said before a model is loaded
        translator = load_translator(model, threads=threads, shortlist=shortlist, target=target_language, source=source_language, tag=tag)
        translator = translator.with_search(length_penalty=length_penalty, coverage_penalty=coverage_penalty)
        translate_lines(translator, source, out, form)


add_scoring_verbs(app)
add_serving_verbs(app)
add_bench_verbs(app)
add_data_verbs(app)
add_synthesis_verbs(app)
add_inspect_verbs(app)


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
        remedy = "; make room and run it again" if error.filename and error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
        code = _fail(f"{error.filename or 'standard output'}: {error.strerror}{remedy}", 2)
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
