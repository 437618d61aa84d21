"""The sizes of the cells, without TensorFlow: what counts operations needs no more."""

from typing import Literal, NamedTuple

CellName = Literal["lstm", "gru", "rnn", "lstm1997", "layernorm_lstm"]


class CellSizes(NamedTuple):
    """How large one kind of cell is, for H units."""

    blocks: int
    """G: the products with W and U are G·H wide."""
    parts: int
    """Parts of the state, each of H: h, and c where there is one."""


CELL_SIZES: dict[CellName, CellSizes] = {
    "lstm": CellSizes(4, 2),
    "gru": CellSizes(3, 1),
    "rnn": CellSizes(1, 1),
    "lstm1997": CellSizes(3, 2),
    "layernorm_lstm": CellSizes(4, 2),
}
