"""The verbs that say how good a model is, and with which search: evaluate, tune, info."""

from pathlib import Path
from typing import Annotated

import typer

from nmt.cli_options import AsJson, Beam, CoveragePenalty, From, LengthPenalty, Model, Shortlist, Threads, To, stderr


def add_scoring_verbs(app: typer.Typer) -> None:
    """Give the command line these verbs."""
    app.command()(evaluate)
    app.command()(tune)
    app.command()(info)


def evaluate(
    model: Model,
    source: Annotated[Path | None, typer.Option("--source", help="file of source sentences, plain or .gz")] = None,
    reference: Annotated[Path | None, typer.Option("--reference", help="file of their translations")] = None,
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="NAME", help="instead, a set of the model's own config: test, valid, one of data.tests or its corpus"
        ),
    ] = None,
    target_language: To = None,
    source_language: From = None,
    beam: Beam = None,
    length_penalty: LengthPenalty = None,
    coverage_penalty: CoveragePenalty = None,
    as_json: AsJson = False,
    threads: Threads = None,
    shortlist: Shortlist = False,
) -> None:
    """Score an exported model with BLEU, chrF and TER (sacreBLEU), signatures included."""
    if test and (source or reference):
        raise typer.BadParameter("--test names a set by itself: it goes with neither --source nor --reference")
    if test and (target_language or source_language):
        raise typer.BadParameter("--test names a set that has its own languages: it goes with neither --to nor --from")
    if not test and not (source and reference):
        raise typer.BadParameter("give --source and --reference, or --test NAME")
    from nmt.config import ParallelText
    from nmt.scoring import print_evaluation, score_model

    text = test or ParallelText(source=source, target=reference)
    score = score_model(
        model,
        text,
        beam,
        threads,
        stderr(),
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        shortlist=shortlist,
        target=target_language,
        source=source_language,
    )
    print_evaluation(score, as_json)


def tune(
    model: Model,
    source: Annotated[
        Path | None, typer.Option("--source", help="file of source sentences; default: the text that the model's run validated on")
    ] = None,
    reference: Annotated[Path | None, typer.Option("--reference", help="file of their translations")] = None,
    beam: Annotated[list[int] | None, typer.Option("--beam", min=1, help="may be repeated; default: 1, 4, 5, 8, 12")] = None,
    length_penalty: Annotated[
        list[float] | None, typer.Option("--length-penalty", min=0.0, max=10.0, help="may be repeated; default: 0 to 2 in steps of 0.2")
    ] = None,
    coverage_penalty: Annotated[
        list[float] | None, typer.Option("--coverage-penalty", min=0.0, max=10.0, help="may be repeated; default: 0, 0.05, 0.1, 0.2, 0.4")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="publish the model with the chosen search, as its next version")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="with --write: folder for that version; default: where the model is")
    ] = None,
    as_json: AsJson = False,
    threads: Threads = None,
) -> None:
    """Choose beam size, length and coverage penalty by BLEU on validation text; with --write, make them the model's own."""
    if (source is None) != (reference is None):
        raise typer.BadParameter("--source and --reference go together")
    if output and not write:
        raise typer.BadParameter("-o says where --write puts the model: give --write too")
    from nmt.config import ParallelText
    from nmt.model_directory import find_model_directory
    from nmt.tuned_export import folder_for, publish_tuned
    from nmt.tuning import Grid
    from nmt.tuning import tune as search
    from nmt.tuning_report import print_tuning, record_of

    folder = folder_for(find_model_directory(model), output) if write else None
    usual = Grid()
    grid = Grid(
        tuple(sorted(set(beam or usual.beam_sizes))),
        tuple(sorted(set(length_penalty or usual.length_penalties))),
        tuple(sorted(set(coverage_penalty or usual.coverage_penalties))),
    )
    text = ParallelText(source=source, target=reference) if source else None
    found = search(model, text, grid, threads, stderr())
    written = None
    if folder is not None and found.chosen is not found.own:
        written = publish_tuned(found.directory, found.translator, record_of(found), folder)
    print_tuning(found, written, as_json)


def info(model: Model, as_json: AsJson = False) -> None:
    """Say what a model is: languages, scores, training, limits, licences. Checks its files against their hashes."""
    from nmt.model_directory import find_model_directory

    directory = find_model_directory(model)
    directory.verify_files()
    from nmt.scoring import print_model

    print_model(directory, as_json)
