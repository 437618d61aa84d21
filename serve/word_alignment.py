"""Attention of words to words: pieces put together to the words that a person reads, with their places in the text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.hypotheses import Alignment
from nmt.segmentation import writes_spaces
from nmt.special_tokens import EOS_PIECE

SPACE = "\u2581"


class Word(NamedTuple):
    """A word and where it stands; the places are None where the text does not hold it as it is (after normalisation)."""

    text: str
    start: int | None
    end: int | None


class WordAlignment(NamedTuple):
    """How much each target word looked at each source word."""

    source: list[Word]
    target: list[Word]
    weights: NDArray[np.float32]  # [target words, source words]; a row sums to 1 less what rested on the end of sentence


def align_words(alignment: Alignment, source: str, target: str, source_language: str, target_language: str) -> WordAlignment:
    """Sum attention over the source pieces of a word, and take its mean over the target pieces of a word.

    Args:
        alignment: of pieces.
        source: The sentence.
        target: Its translation.
        source_language: Its code: where a language sets no spaces, every piece is a word.
        target_language: The code of the other side.
    """
    columns = _groups(alignment.source_pieces, source_language)
    rows = _groups(alignment.target_pieces, target_language)
    weights = np.zeros((len(rows), len(columns)), np.float32)
    for row, pieces in enumerate(rows):
        mean = alignment.attention[pieces].mean(axis=0)
        weights[row] = [mean[group].sum() for group in columns]
    return WordAlignment(_words(columns, alignment.source_pieces, source), _words(rows, alignment.target_pieces, target), weights)


def _groups(pieces: Sequence[str], language: str) -> list[list[int]]:
    """Indices of the pieces of each word; ends of sentence belong to none."""
    spaced = writes_spaces(language)
    groups: list[list[int]] = []
    begins = True
    for index, piece in enumerate(pieces):
        if piece == EOS_PIECE:
            begins = True
            continue
        if begins or (piece.startswith(SPACE) if spaced else not _is_byte(piece)) or not groups:
            groups.append([])
        groups[-1].append(index)
        begins = False
    return groups


def _is_byte(piece: str) -> bool:
    return len(piece) == 6 and piece.startswith("<0x")


def _words(groups: Sequence[Sequence[int]], pieces: Sequence[str], text: str) -> list[Word]:
    words = []
    place = 0
    for group in groups:
        word = _spelled([pieces[index] for index in group])
        start = text.find(word, place) if word else -1
        if start < 0:
            words.append(Word(word, None, None))
        else:
            place = start + len(word)
            words.append(Word(word, start, place))
    return words


def _spelled(pieces: Sequence[str]) -> str:
    """The text of pieces, of which some spell bytes."""
    spelled = b"".join(bytes([int(piece[3:5], 16)]) if _is_byte(piece) else piece.encode() for piece in pieces)
    return spelled.decode("utf-8", "replace").replace(SPACE, " ").strip()
