"""What `nmt tune` prints, and what a tuned model says of its tuning."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nmt.provenance import versions
from nmt.tuning import MARGIN, Found, Trial

NOISE = 0.05
"""A p-value above this says nothing."""


def record_of(found: Found) -> dict[str, Any]:
    """The score and the provenance that MODEL.json gets, as `nmt.model_directory` describes them."""
    score, point = found.chosen.score, found.chosen.point
    return {
        "scores": [{"metric": score.metric, "score": score.score, "signature": score.signature, "set": found.set, "beam": point.beam_size}],
        "tuning": {
            "set": found.set,
            "lines": len(found.chosen.outputs),
            "signature": score.signature,
            "version": found.directory.version,
            "before": found.own.score.score,
            "after": score.score,
            "p_value": found.p_value,
            "trials": [_figures(trial) for trial in found.trials],
        },
    }


def print_tuning(found: Found, written: Path | None, as_json: bool) -> None:
    """Write to standard output each search that was tried, the one that was chosen, and what it gains."""
    gain, lines = found.chosen.score.score - found.own.score.score, len(found.own.outputs)
    if as_json:
        about = {
            "model": str(found.directory.path),
            "own": _figures(found.own),
            "chosen": _figures(found.chosen),
            "gain": round(gain, 2),
            "margin": MARGIN,
            "written": None if written is None else str(written),
            "versions": versions(),
        }
        print(json.dumps(about | record_of(found)["tuning"], ensure_ascii=False))
        return
    console = Console(highlight=False)
    table = Table(title=f"{found.directory.path} on {found.set}, {lines} lines", title_justify="left")
    for name in ("beam", "length", "coverage", "BLEU", "sentences/s"):
        table.add_column(name, justify="right")
    table.add_column("")
    for trial in found.trials:
        notes = [word for word, one in (("chosen", found.chosen), ("own", found.own)) if one is trial]
        point = trial.point
        table.add_row(
            str(point.beam_size),
            f"{point.length_penalty:g}",
            f"{point.coverage_penalty:g}",
            f"{trial.score.score:.2f}",
            f"{lines / trial.seconds:.0f}",
            ", ".join(notes),
        )
    console.print(table)
    for line in _words(found, gain, written):
        console.print(line, markup=False, soft_wrap=True)


def _words(found: Found, gain: float, written: Path | None) -> list[str]:
    lines = [
        found.chosen.score.signature,
        f"chosen: {found.chosen.point}; the narrowest beam within {MARGIN:g} BLEU of the best",
    ]
    if found.chosen is found.own:
        return [*lines, "that is the search that the model has: there is nothing to write"]
    noise = "more than chance" if found.p_value < NOISE else "chance would give as much"
    lines.append(
        f"gain: {gain:+.2f} BLEU, p = {found.p_value:.3f} (paired bootstrap): {noise}, "
        f"even before counting that it is the best of {len(found.trials)} on the same text"
    )
    lines.append(f"written: {written}" if written else "not written: with --write it becomes the search of the model's next version")
    return lines


def _figures(trial: Trial) -> dict[str, float]:
    return {**trial.point._asdict(), "bleu": trial.score.score, "seconds": round(trial.seconds, 2)}
