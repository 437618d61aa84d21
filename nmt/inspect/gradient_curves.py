"""The picture and the table of `nmt inspect gradients`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nmt.inspect.drawing import COLOURS, INK, picture, power_of_ten
from nmt.inspect.gradients import CellStudy, Float64, Reach
from nmt.inspect.sparkline import sparkline, thinned
from nmt.inspect.table import aligned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {
    "rnn": "rnn (Elman 1990)",
    "lstm1997": "lstm1997 (no forget gate)",
    "lstm": "lstm (forget gate, 2000)",
    "gru": "gru (2014)",
    "layernorm_lstm": "layernorm_lstm (2016)",
}
CELL_COLOURS = dict(zip(NAMES, COLOURS, strict=False))
"""One colour for a cell, whichever others are beside it."""
FLOOR = 1e-10
"""Gradients below this share of the first are drawn on the edge: they are nothing to learn from."""
DECADES = -10.0, 0.0
SPARKS = 25


def draw_gradients(studies: Sequence[CellStudy], path: Path, *, title: str) -> Path:
    """Write both panels: fresh weights on the left, trained ones on the right."""
    with picture(path, (10.0, 4.3)) as made:
        left, right = made.figure.subplots(1, 2, sharey=True)
        for found in studies:
            colour, name = CELL_COLOURS[found.cell], NAMES[found.cell]
            _draw(left, found.fresh, colour, name)
            _draw(right, found.trained, colour, name)
        if any(found.fresh.c is not None for found in studies):
            left.plot([], [], color=INK, linestyle=":", label="dotted: by c(t) instead of h(t)")
        for axes, words in ((left, "fresh weights"), (right, "after training at this length")):
            axes.set_yscale("log")
            axes.set_ylim(FLOOR, 1e3)
            axes.yaxis.set_major_formatter(lambda value, _: power_of_ten(value))
            axes.set_title(words)
            axes.set_xlabel("T − t: steps between the error and the state")
            axes.grid(visible=True)
        left.set_ylabel("|∂ loss(T) / ∂ h(t)|, 1 at t = T")
        handles, labels = left.get_legend_handles_labels()
        made.figure.legend(handles, labels, loc="outside lower center", ncols=3)
        made.figure.suptitle(title, fontsize=9.5, x=0.01, ha="left")
    return path


def gradient_lines(studies: Sequence[CellStudy], classes: int) -> list[str]:
    """A table of what each cell has learnt at each lag, and one of what is left of the gradient at the first step."""
    lengths = list(studies[0].learnt)
    learnt = [["cell", *(f"{length} steps" for length in lengths)]]
    learnt += [[found.cell, *(_outcome(*found.learnt[length]) for length in lengths)] for found in studies]
    left = [["cell", "fresh", "", "trained", ""]]
    for found in studies:
        reaches = found.fresh, found.trained
        left.append([found.cell, *(text for reach in reaches for text in (f"{reach.relative[-1]:.0e}", _spark(reach)))])
    return [
        f"updates until the first symbol is known after so many steps; where never, the share of right answers (chance {1 / classes:.0%})",
        *aligned(learnt, left=(0,)),
        "",
        f"gradient by h(1) where that by h({lengths[-1]}) is 1; bars: from t = {lengths[-1]} back to t = 1, the lowest is 1e-10 or less",
        *aligned(left, left=(0, 2, 4)),
    ]


def _draw(axes: "Axes", reach: Reach, colour: str, name: str) -> None:
    places = range(len(reach.h))
    axes.plot(places, _above_floor(reach.relative), color=colour, label=name)
    if reach.relative_c is not None:
        axes.plot(places, _above_floor(reach.relative_c), color=colour, linestyle=":")


def _above_floor(values: Float64) -> Float64:
    return np.maximum(values, FLOOR)


def _spark(reach: Reach) -> str:
    decades = np.log10(_above_floor(reach.relative))
    return sparkline(thinned([float(value) for value in decades], SPARKS), *DECADES)


def _outcome(update: int | None, share: float) -> str:
    return f"{share:.0%} right" if update is None else f"{update}"
