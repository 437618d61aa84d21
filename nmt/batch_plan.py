"""Sentences of like length together, as large a batch as helps, padded to one width."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nmt.special_tokens import EOS, PAD

# A batch is as large as helps: beyond these a CPU gains nothing more and memory grows (attention alone is batch · beam · T · S floats).
BATCH_SENTENCES = 256
BATCH_SOURCE_PIECES = 8192  # padding counted
BATCH_HYPOTHESES = 640  # sentences times beam size: a wide beam gets fewer sentences


def most_sentences(beam_size: int) -> int:
    """The most sentences that a batch holds with this beam size."""
    return max(1, min(BATCH_SENTENCES, BATCH_HYPOTHESES // beam_size))


def plan_batches(lengths: Sequence[int], beam_size: int, most: int | None = None) -> list[list[int]]:
    """Group sentences of like length: lists of indices into `lengths`, shortest sentences first; those of length 0 are in none.

    Args:
        lengths: Source pieces of each sentence, EOS not counted.
        beam_size: Of the search.
        most: The most sentences of a batch; default: what the beam size allows.
    """
    most = min(most or BATCH_SENTENCES, most_sentences(beam_size))
    batches: list[list[int]] = []
    batch: list[int] = []
    for index in sorted((index for index, length in enumerate(lengths) if length), key=lambda index: lengths[index]):
        width = lengths[index] + 1  # EOS
        if batch and (len(batch) == most or (len(batch) + 1) * width > BATCH_SOURCE_PIECES):
            batches.append(batch)
            batch = []
        batch.append(index)
    return [*batches, batch] if batch else batches


def padded(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return ids [B, S], each row ended by EOS and padded to the right, and lengths [B], EOS counted."""
    lengths = np.array([len(row) + 1 for row in rows], np.int32)
    ids = np.full((len(rows), int(lengths.max())), PAD, np.int32)
    for target, row in zip(ids, rows, strict=True):
        target[: len(row) + 1] = [*row, EOS]
    return ids, lengths
