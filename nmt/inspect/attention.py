"""`nmt inspect attention`: which source pieces the decoder looks at while it says each target piece."""

from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from nmt.errors import ModelError
from nmt.hypotheses import Alignment
from nmt.inspect.drawing import PALE, heat_map, picture
from nmt.inspect.sparkline import shade

COLOURS = "Blues"
WRITTEN_FROM = 0.1
"""Weights from this one on are written as numbers where cells are large enough to hold them."""
MOST_WRITTEN = 24
"""Pieces on either side up to which cells are that large."""


def check_alignment(alignment: Alignment) -> Alignment:
    """The alignment, if it is one.

    Raises:
        ModelError: the model has no attention, so that every weight is zero.
    """
    if not alignment.attention.any():
        raise ModelError("this model has no attention to show: it was trained with model.attention none")
    return alignment


def draw_attention(alignment: Alignment, path: Path, *, title: str) -> Path:
    """Write the heat map: a column for each source piece, a row for each target piece; a row sums to 1."""
    rows, columns = alignment.attention.shape
    size = max(4.0, 1.6 + 0.42 * columns), max(3.0, 1.5 + 0.34 * rows)
    with picture(path, size, [*alignment.source_pieces, *alignment.target_pieces, title]) as made:
        axes = made.figure.subplots()
        image = heat_map(axes, alignment.attention, colours=COLOURS, low=0.0, high=1.0)
        axes.set_xticks(range(columns), made.labels(alignment.source_pieces), rotation=60, ha="left", va="bottom", rotation_mode="anchor")
        axes.set_yticks(range(rows), made.labels(alignment.target_pieces))
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xticks([place - 0.5 for place in range(1, columns)], minor=True)
        axes.set_yticks([place - 0.5 for place in range(1, rows)], minor=True)
        axes.grid(which="minor", color=PALE)
        axes.tick_params(which="minor", length=0)
        if max(rows, columns) <= MOST_WRITTEN:
            for row, column in zip(*(alignment.attention >= WRITTEN_FROM).nonzero(), strict=True):
                weight = float(alignment.attention[row, column])
                text = f"{weight:.2f}".lstrip("0")
                axes.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if weight > 0.55 else "black")
        made.figure.supxlabel("\n".join(made.labels(title.splitlines())), fontsize=9)
        bar = made.figure.colorbar(image, ax=axes, pad=0.02, aspect=30)
        bar.set_label("attention")
        bar.outline.set_visible(False)
    return path


def attention_map(alignment: Alignment, width: int) -> list[str]:
    """The same in characters: the source pieces over their columns, or their numbers where `width` is too small for the pieces."""
    target_width = max(map(cell_len, alignment.target_pieces))
    heads, legend = list(alignment.source_pieces), []
    if target_width + sum(max(cell_len(head), 2) + 1 for head in heads) > width:
        heads = [str(number) for number in range(1, len(heads) + 1)]
        legend = _wrapped([f"{number} {piece}" for number, piece in enumerate(alignment.source_pieces, start=1)], width)
    widths = [max(cell_len(head), 2) for head in heads]
    lines = [_row("", target_width, heads, widths)]
    for piece, weights in zip(alignment.target_pieces, alignment.attention, strict=True):
        cells = [shade(float(weight)) * wide for weight, wide in zip(weights, widths, strict=True)]
        lines.append(_row(piece, target_width, cells, widths))
    return [*legend, *lines]


def _row(name: str, name_width: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    filled = [set_cell_size(cell, wide) for cell, wide in zip(cells, widths, strict=True)]
    return " ".join([set_cell_size(name, name_width), *filled]).rstrip()


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    lines, line = [], ""
    for word in words:
        if line and cell_len(line) + 2 + cell_len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line}  {word}" if line else word
    return [*lines, line] if line else lines
