"""`nmt inspect tokenizer`: how long pieces are, how often they occur, how many a sentence has."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from nmt.data.pair_store import Side
from nmt.data.prepare import Prepared, open_prepared
from nmt.inspect.run import is_run
from nmt.model_directory import find_model_directory
from nmt.tokenizer import Tokenizer, TokenizerPair

CHUNK = 1 << 20
"""Ids counted at a time: memory stays flat, whatever the corpus."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Usage:
    """What the training text of a run uses of one vocabulary."""

    sides: tuple[str, ...]
    """`source`, `target`, or both of a joint vocabulary."""
    counts: Counts
    """[V] how often each piece occurs."""
    sentence_pieces: dict[str, Counts]
    """For each side: place n holds how many sentences have n pieces."""


@dataclass(frozen=True)
class Vocabulary:
    """One tokenizer, with what is known of its use."""

    name: str
    characters: Counts
    """[V] characters of each piece of text, the marker of a space counted as one; 0 of special tokens, tags and bytes."""
    usage: Usage | None

    @property
    def is_text(self) -> NDArray[np.bool_]:
        """[V] which pieces stand for text: neither special tokens and tags nor the bytes that spell rare characters."""
        return self.characters > 0

    @property
    def never_seen(self) -> int:
        """Pieces of text that the training text does not use."""
        return 0 if self.usage is None else int((self.usage.counts[self.is_text] == 0).sum())

    @property
    def characters_per_piece(self) -> float:
        """Mean over the running training text, special tokens and bytes left out; over the vocabulary where no text is known."""
        weights = None if self.usage is None else self.usage.counts[self.is_text]
        return float(np.average(self.characters[self.is_text], weights=weights))

    def coverage(self) -> NDArray[np.float64]:
        """[V] share of the running text that the 1, 2, 3 … most frequent pieces make up."""
        assert self.usage is not None
        counts = np.sort(self.usage.counts)[::-1]
        return counts.cumsum() / max(1, int(counts.sum()))


def open_vocabularies(model: str | Path) -> list[Vocabulary]:
    """The vocabularies of a run, with the use that its training text makes of them, or of an export, which has no text.

    Raises:
        NmtError: neither a run with prepared data nor a model, or one whose tokenizer is missing or damaged.
    """
    path = Path(model)
    if is_run(path):
        prepared = open_prepared(path)
        return vocabularies(prepared.tokenizers, prepared)
    return vocabularies(TokenizerPair.load(find_model_directory(model).path), None)


def vocabularies(tokenizers: TokenizerPair, prepared: Prepared | None) -> list[Vocabulary]:
    """The one vocabulary of a joint tokenizer, or those of both sides; with their use where prepared training text is at hand."""
    if tokenizers.joint:
        return [_vocabulary("joint vocabulary", tokenizers.source, prepared, ("source", "target"))]
    named = (("source", tokenizers.source), ("target", tokenizers.target))
    return [_vocabulary(f"{side} vocabulary", tokenizer, prepared, (side,)) for side, tokenizer in named]


def _vocabulary(name: str, tokenizer: Tokenizer, prepared: Prepared | None, sides: tuple[str, ...]) -> Vocabulary:
    size = tokenizer.vocabulary_size
    model = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)
    lengths = [0 if _is_no_text(model, piece) else len(model.id_to_piece(piece)) for piece in range(size)]
    return Vocabulary(name, np.array(lengths, np.int64), None if prepared is None else _usage(prepared, sides, size))


def _is_no_text(model: sentencepiece.SentencePieceProcessor, piece: int) -> bool:
    return bool(model.is_control(piece) or model.is_unknown(piece) or model.is_unused(piece) or model.is_byte(piece))


def _usage(prepared: Prepared, sides: tuple[str, ...], size: int) -> Usage:
    counts = np.zeros(size, np.int64)
    sentence_pieces = {}
    for side in sides:
        part = Side.open(prepared.folder, "train", side)
        for chunk in _chunks(part.ids):
            counts += np.bincount(chunk, minlength=size)
        sentence_pieces[side] = np.bincount(part.lengths)
    return Usage(sides, counts, sentence_pieces)


def _chunks(ids: NDArray[np.integer[Any]]) -> Iterator[NDArray[np.integer[Any]]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
