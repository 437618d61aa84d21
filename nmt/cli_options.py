"""Options that several verbs of the command line share."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

HELP = {"help_option_names": ["-h", "--help"]}

Model = Annotated[str, typer.Argument(metavar="MODEL", help="a model directory, a run directory, or a folder of versions")]
Override = Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="change one setting; may be repeated")]
RunDir = Annotated[Path | None, typer.Option("--run-dir", help="where the run lives; the same command carries it on")]
Beam = Annotated[int | None, typer.Option("--beam", min=1, help="beam size; default: the model's own")]
LengthPenalty = Annotated[
    float | None,
    typer.Option("--length-penalty", min=0.0, max=10.0, metavar="ALPHA", help="above 0 favours longer ones; default: the model's own"),
]
CoveragePenalty = Annotated[
    float | None,
    typer.Option(
        "--coverage-penalty", min=0.0, max=10.0, metavar="BETA", help="above 0 favours what covers the source; default: the model's own"
    ),
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads; default: all, or a container's limit")]
Shortlist = Annotated[
    bool, typer.Option("--shortlist", help="search only among the pieces that can translate each batch: faster, an approximation")
]
To = Annotated[str | None, typer.Option("--to", metavar="LANGUAGE", help="what to translate into; default: the model's main direction")]
From = Annotated[str | None, typer.Option("--from", metavar="LANGUAGE", help="what the text is in, of a model of several source languages")]


OptionalConfig = Annotated[str | None, typer.Argument(metavar="[CONFIG]", help="a YAML file, or the name of a shipped config")]
TrainSource = Annotated[Path | None, typer.Option("--source", help="instead of a config: file of source sentences, plain or .gz")]
TrainTarget = Annotated[Path | None, typer.Option("--target", help="file of their translations, line for line")]
TrainTsv = Annotated[Path | None, typer.Option("--tsv", help="or one file of both, tab-separated")]
TrainMemory = Annotated[list[Path] | None, typer.Option("--memory", help="or a .tmx, .po or .xliff; may be repeated")]
SourceLanguage = Annotated[str | None, typer.Option("--source-lang", metavar="CODE", help="default: as in train.en")]
TargetLanguage = Annotated[str | None, typer.Option("--target-lang", metavar="CODE", help="default: as in train.de")]
ValidSource = Annotated[Path | None, typer.Option("--valid-source", help="validation sentences; default: some pairs are set aside")]
ValidTarget = Annotated[Path | None, typer.Option("--valid-target", help="their translations")]


def _known_checkpoint(which: str | None) -> str | None:
    if which is not None and not re.fullmatch(r"best|last|average(-(last|best)-[1-9][0-9]*)?", which):
        raise typer.BadParameter(f"{which!r} is none of best, last, average, average-last-N, average-best-N", param_hint="--checkpoint")
    return which


Checkpoint = Annotated[
    str | None,
    typer.Option(
        callback=_known_checkpoint,
        metavar="[best|last|average|average-last-N|average-best-N]",
        help="which weights: one checkpoint's, or the mean of all that are kept, or of the N newest or best; default: best",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def stderr() -> "Console":
    """Where diagnostics go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
