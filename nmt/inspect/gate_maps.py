"""The pictures and the lines of `nmt inspect gates`: a heat map of units by steps for every gate, means as sparklines."""

from pathlib import Path

import numpy as np
from rich.cells import cell_len, set_cell_size

from nmt.inspect.drawing import SHARES, SIGNED, heat_map, picture
from nmt.inspect.gates import Float32, LayerActivity
from nmt.inspect.sparkline import sparkline

WORDS = {
    ("lstm", "i"): "input gate: how much of g is written",
    ("lstm", "f"): "forget gate: how much of c is kept",
    ("lstm", "g"): "candidate: what would be written",
    ("lstm", "o"): "output gate: how much of c is shown",
    ("gru", "z"): "update gate: how much of h is kept",
    ("gru", "r"): "reset gate: how much of h enters g",
    ("gru", "g"): "candidate: what would be written",
}
STATES = {"c": "cell state: what is remembered", "h": "output: what the others see"}
GATES = frozenset("ifozr")
"""Sigmoids: shares between 0 and 1. All else has a sign."""
OPEN, CLOSED = 0.9, 0.1
SEEN = 98.0
"""Per cent of the values that a colour scale tells apart: a few units of a cell state are so large that all others would look like 0."""


def meaning(cell: str, name: str) -> str:
    """What a gate or a part of the state is, in words."""
    family = "gru" if cell == "gru" else "lstm"
    return f"{name} — {STATES.get(name) or WORDS[family, name]}"


def draw_gates(activity: LayerActivity, path: Path, *, title: str) -> Path:
    """Write the heat maps: a row for each unit, the same unit at the same height in all of them, a column for each step."""
    names = list(activity.values)
    columns = 3 if len(names) > 4 else min(2, len(names))
    rows = -(-len(names) // columns)
    steps = len(activity.pieces)
    size = max(6.2, columns * max(2.7, 0.9 + 0.19 * steps)), 1.1 + 3.1 * rows
    with picture(path, size, [*activity.pieces, title]) as made:
        panels = list(made.figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
        labels = made.labels(activity.pieces)
        for axes, name in zip(panels, names, strict=False):
            values = activity.values[name]
            low, high = _limits(name, values)
            image = heat_map(axes, values, colours=SHARES if name in GATES else SIGNED, low=low, high=high)
            axes.set_title(meaning(activity.cell, name), fontsize=8.5)
            axes.set_xticks(range(steps), labels, rotation=90, fontsize=7.5)
            axes.tick_params(length=0)
            bar = made.figure.colorbar(image, ax=axes, pad=0.02, aspect=30, extend="neither" if name in GATES else "both")
            bar.ax.tick_params(labelsize=7, length=2)
            bar.outline.set_visible(False)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        made.figure.supylabel("units, like beside like", fontsize=9)
        made.figure.suptitle("\n".join(made.labels(title.splitlines())), fontsize=9.5, x=0.01, ha="left")
    return path


def gate_lines(activity: LayerActivity) -> list[str]:
    """For every gate its mean over the units at each step, and how much of it is wide open or shut; for the state its mean size."""
    wide = max(map(cell_len, activity.pieces))
    steps = len(activity.pieces)
    lines = [f"{'':4}{'mean over units, step by step':{max(steps, 30)}}  lowest  highest  open   shut"]
    for name, values in activity.values.items():
        signed = name not in GATES
        means = np.abs(values).mean(axis=0) if signed else values.mean(axis=0)  # [steps]
        bars = sparkline([float(mean) for mean in means], 0.0, float(max(1.0, means.max())))
        shares = "" if signed else f"  {(values > OPEN).mean():5.1%}  {(values < CLOSED).mean():5.1%}"
        lines.append(f"{f'|{name}|' if signed else name:4}{bars:{max(steps, 30)}}  {means.min():6.2f}  {means.max():7.2f}{shares}")
    numbered = [f"{number:3} {set_cell_size(piece, wide)}" for number, piece in enumerate(activity.pieces, start=1)]
    each = max(1, 96 // (wide + 5))
    return [*lines, "steps:", *(" ".join(numbered[start : start + each]).rstrip() for start in range(0, steps, each))]


def _limits(name: str, values: Float32) -> tuple[float, float]:
    if name in GATES:
        return 0.0, 1.0
    high = float(np.percentile(np.abs(values), SEEN)) or 1.0
    return -high, high
