"""What a translator says of a line: texts with scores and, if asked, what each piece looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where each target piece looked: rows of attention over the source pieces."""

    source_pieces: tuple[str, ...]  # the end of sentence included, on which attention may rest; tags are not
    target_pieces: tuple[str, ...]
    attention: NDArray[np.float32]  # [target pieces, source pieces]; a row sums to 1, less what rested on tags

    @property
    def hard(self) -> list[int]:
        """For each target piece the source piece that it looked at most."""
        return [int(piece) for piece in self.attention.argmax(axis=1)] if self.attention.size else []


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a line, and its length-penalised log-probability (the sum over the segments of a split line)."""

    text: str
    score: float
    alignment: Alignment | None = None
    pieces: int = 0  # target pieces, of all segments
    cut: bool = False  # the repetition guard took a loop out of it


def join_alignments(parts: Sequence[Alignment]) -> Alignment:
    """Set alignments one after the other: no segment looks at another, so attention is a block diagonal."""
    attention = np.zeros((sum(len(part.target_pieces) for part in parts), sum(len(part.source_pieces) for part in parts)), np.float32)
    row = column = 0
    for part in parts:
        rows, columns = part.attention.shape
        attention[row : row + rows, column : column + columns] = part.attention
        row, column = row + rows, column + columns
    return Alignment(
        tuple(piece for part in parts for piece in part.source_pieces),
        tuple(piece for part in parts for piece in part.target_pieces),
        attention,
    )


def join_hypotheses(parts: Sequence[Sequence[Hypothesis]], put_together: Callable[[list[str]], str]) -> list[Hypothesis]:
    """Make a line's hypotheses from its segments': the first from the firsts, the second from the seconds (or the last there is).

    Args:
        parts: the hypotheses of each segment.
        put_together: makes a line of one text for each segment.
    """
    if len(parts) == 1:
        return list(parts[0])
    joined = []
    for rank in range(max(map(len, parts), default=0)):
        ranked = [part[min(rank, len(part) - 1)] for part in parts]
        alignments = [hypothesis.alignment for hypothesis in ranked if hypothesis.alignment is not None]
        joined.append(
            Hypothesis(
                put_together([hypothesis.text for hypothesis in ranked]),
                sum(hypothesis.score for hypothesis in ranked),
                join_alignments(alignments) if alignments else None,
                sum(hypothesis.pieces for hypothesis in ranked),
                any(hypothesis.cut for hypothesis in ranked),
            )
        )
    return joined
