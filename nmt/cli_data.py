"""The verbs that look at text: audit."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nmt.cli_options import AsJson, Override, stderr

_KIND = "a kind of finding, such as wrong_language; may be repeated"


def add_data_verbs(app: typer.Typer) -> None:
    """Give the command line `nmt audit`."""
    app.command("audit")(audit)


def audit(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", help="a config, a corpus (multi30k), a .tmx, .po, .xliff or .tsv, or a source and a target file"
        ),
    ] = None,
    source_language: Annotated[str | None, typer.Option("--source-lang", metavar="CODE", help="default: the config's, or train.en")] = None,
    target_language: Annotated[str | None, typer.Option("--target-lang", metavar="CODE", help="default: the config's, or train.de")] = None,
    source: Annotated[Path | None, typer.Option("--source", help="file of source sentences, plain or .gz")] = None,
    target: Annotated[Path | None, typer.Option("--target", help="file of their translations")] = None,
    tsv: Annotated[Path | None, typer.Option("--tsv", help="file of both, tab-separated")] = None,
    valid_source: Annotated[
        Path | None, typer.Option("--valid-source", help="validation sentences: are they in the training text?")
    ] = None,
    valid_target: Annotated[Path | None, typer.Option("--valid-target", help="their translations")] = None,
    test_source: Annotated[Path | None, typer.Option("--test-source", help="test sentences: are they in the training text?")] = None,
    test_target: Annotated[Path | None, typer.Option("--test-target", help="their translations")] = None,
    overrides: Override = None,
    tokenizer: Annotated[
        Path | None, typer.Option("--tokenizer", metavar="MODEL", help="a run, a model or a .model; default: learned from a sample")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="write the report as a page, with plots")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="write the cleaned training text and what was left out")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="KIND", help=f"also leave out {_KIND}")] = None,
    keep: Annotated[list[str] | None, typer.Option("--keep", metavar="KIND", help=f"do not leave out {_KIND}")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace what an earlier audit wrote to DIR")] = False,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="default: one for each core")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at parallel text before training: what is wrong with it, where, and what mends it."""
    from nmt.audit.request import Request

    given = {
        "source": source,
        "target": target,
        "tsv": tsv,
        "valid_source": valid_source,
        "valid_target": valid_target,
        "test_source": test_source,
        "test_target": test_target,
    }
    files = {option: path for option, path in given.items() if path is not None}
    request = Request(tuple(named or ()), source_language, target_language, files, tuple(overrides or ()))
    if not request.named and not files:
        raise typer.BadParameter("nothing to audit: give a config, a corpus, a source file and a target file, or --source and --target")
    if force and not write:
        raise typer.BadParameter("--force replaces what --write wrote earlier: give --write DIR")
    from nmt.audit.findings import dropped_kinds
    from nmt.cpus import available_cpus

    dropped = dropped_kinds(keep or (), drop or ())
    config = request.config()
    if html and (html.is_dir() or not html.absolute().parent.is_dir()):
        problem = "it is a folder" if html.is_dir() else f"there is no folder {html.absolute().parent}"
        raise typer.BadParameter(f"--html {html}: {problem}")
    from nmt.audit.progress import Passes
    from nmt.audit.run import Plan
    from nmt.audit.run import audit as look_at

    report = look_at(config, Plan(dropped, tokenizer, write, force, processes or available_cpus()), Passes(stderr()))
    if html:
        from nmt.atomic import write_text
        from nmt.audit.page import page

        write_text(html, page(report, ", ".join(dict.fromkeys(text.label for text in report.sets if text.training))))
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=True, indent=2))
        return
    from rich.console import Console

    from nmt.audit.terminal import print_report

    print_report(report, Console(highlight=False))
