"""`nmt inspect curves`: the learning curves of runs, side by side."""

from collections.abc import Sequence
from pathlib import Path

from nmt.inspect.drawing import COLOURS, LINE_STYLES, picture
from nmt.inspect.metrics import RunMetrics, Series
from nmt.inspect.sparkline import sparkline, thinned
from nmt.inspect.table import aligned

FIGURES = (
    ("train_loss", "training loss, nats per token", False),
    ("valid_loss", "validation loss, nats per token", False),
    ("bleu", "validation BLEU (greedy)", True),
)
SPARKS = 24
"""Characters of a sparkline."""


def draw_curves(runs: Sequence[RunMetrics], path: Path) -> Path:
    """Write the curves: a row for each figure, against updates on the left and against minutes on the right."""
    shown = [figure for figure in FIGURES if any(_series(run, figure[0]).values for run in runs)]
    with picture(path, (9.0, 0.9 + 2.3 * len(shown)), [run.name for run in runs]) as made:
        panels = made.figure.subplots(len(shown), 2, squeeze=False, sharex="col", sharey="row")
        names = made.labels(run.name for run in runs)
        for row, (key, title, highest) in zip(panels, shown, strict=True):
            for axes, against in zip(row, ("updates", "minutes"), strict=True):
                for number, run in enumerate(runs):
                    series = _series(run, key)
                    colour, style = COLOURS[number % len(COLOURS)], LINE_STYLES[number // len(COLOURS) % len(LINE_STYLES)]
                    places = series.updates if against == "updates" else series.minutes
                    axes.plot(places, series.values, color=colour, linestyle=style, label=names[number], marker="o", markersize=2.5)
                    if (best := series.best(highest=highest)) is not None and len(series.values) > 1:
                        at = places[best], series.values[best]
                        axes.plot(*at, marker="o", markersize=6, markerfacecolor="none", color=colour, clip_on=False)
                axes.grid(visible=True)
                axes.set_xlim(left=0)
                axes.set_ylim(bottom=0)
            row[0].set_title(title)
        for axes, against in zip(panels[-1], ("updates", "minutes"), strict=True):
            axes.set_xlabel(against)
        handles, labels = panels[0][0].get_legend_handles_labels()
        made.figure.legend(handles, labels, loc="outside upper left", ncols=min(len(runs), 4))
    return path


def curve_lines(runs: Sequence[RunMetrics]) -> list[str]:
    """A line for each run: how long it has been, its best figures with their updates, and how validation went."""
    rows = [["run", "updates", "minutes", "train loss", "valid loss", "at", "BLEU", "at", "valid loss over time", "BLEU over time"]]
    for run in runs:
        longest = max((run.train_loss, run.valid_loss), key=lambda series: series.updates[-1] if series.updates else 0)
        loss, bleu = run.valid_loss.best(highest=False), run.bleu.best(highest=True)
        rows.append(
            [
                run.name,
                f"{longest.updates[-1]:,}",
                f"{longest.minutes[-1]:.1f}",
                f"{run.train_loss.values[-1]:.3f}" if run.train_loss.values else "-",
                *_found(run.valid_loss, loss, 3),
                *_found(run.bleu, bleu, 2),
                sparkline(thinned(run.valid_loss.values, SPARKS)),
                sparkline(thinned(run.bleu.values, SPARKS)),
            ]
        )
    return aligned(rows, left=(0, 8, 9))


def _series(run: RunMetrics, key: str) -> Series:
    found: Series = getattr(run, key)
    return found


def _found(series: Series, place: int | None, digits: int) -> tuple[str, str]:
    return ("-", "-") if place is None else (f"{series.values[place]:.{digits}f}", f"{series.updates[place]:,}")
