"""The verbs that say how good a model is: evaluate, info."""

from pathlib import Path
from typing import Annotated

import typer

from nmt.cli_options import AsJson, Beam, CoveragePenalty, From, LengthPenalty, Model, Shortlist, Threads, To, stderr


def add_scoring_verbs(app: typer.Typer) -> None:
    """Give the command line these verbs."""
    app.command()(evaluate)
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


def info(model: Model, as_json: AsJson = False) -> None:
    """Say what a model is: languages, scores, training, limits, licences. Checks its files against their hashes."""
    from nmt.model_directory import find_model_directory

    directory = find_model_directory(model)
    directory.verify_files()
    from nmt.scoring import print_model

    print_model(directory, as_json)
