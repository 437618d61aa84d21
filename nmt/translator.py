"""Text to text over a runtime: split what is too long, sort by length, batch, translate, restore the order. Knows no model code."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.errors import ModelError
from nmt.model_directory import Limits, SearchDefaults, find_model_directory
from nmt.segmentation import Segment, rejoin, split_long, split_paragraphs, writes_spaces
from nmt.special_tokens import EOS, EOS_PIECE, PAD
from nmt.streaming import WINDOW_LINES, windows

if TYPE_CHECKING:
    from nmt.runtime.interface import Hypotheses, Runtime
    from nmt.tokenizer import TokenizerPair

# A batch is as large as helps: beyond these a CPU gains nothing more and memory grows (attention alone is batch · beam · T · S floats).
BATCH_SENTENCES = 64
BATCH_SOURCE_PIECES = 4096  # padding counted
BATCH_HYPOTHESES = 640  # sentences times beam size: a wide beam gets fewer sentences


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where each target piece looked: rows of attention over the source pieces."""

    source_pieces: tuple[str, ...]  # the end of sentence included, on which attention may rest
    target_pieces: tuple[str, ...]
    attention: NDArray[np.float32]  # [target pieces, source pieces]

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


class Search(NamedTuple):
    """What one call asks for, defaults filled in."""

    beam_size: int
    length_penalty: float
    n_best: int = 1
    alignment: bool = False


class Translator:
    """A model with its tokenizers. It holds no state between calls; the result for a line does not depend on the lines beside it."""

    def __init__(
        self,
        runtime: Runtime,
        tokenizers: TokenizerPair,
        limits: Limits,
        search: SearchDefaults,
        *,
        name: str = "",
        source_language: str = "",
        target_language: str = "",
    ) -> None:
        self.name = name
        self.source_language = source_language
        self.target_language = target_language
        self.limits = limits
        self.search = search
        self._runtime = runtime
        self._tokenizers = tokenizers
        self._between = " " if writes_spaces(target_language) else ""

    def translate(self, lines: Sequence[str], *, beam_size: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Translate each line. White space at its ends is dropped; a line of nothing else gives an empty one.

        Args:
            lines: Sentences, or lines of several; one that is too long for the model is split and put together again.
            beam_size: Default: the model's own.
            length_penalty: Default: the model's own.
        """
        return [found[0].text for found in self.hypotheses(lines, beam_size=beam_size, length_penalty=length_penalty)]

    def translate_paragraphs(self, text: str, *, beam_size: int | None = None, length_penalty: float | None = None) -> str:
        """Translate a text of many lines sentence by sentence; line breaks, blank lines and spaces between sentences stay."""
        sentences = split_paragraphs(text)
        translations = self.translate([sentence.text for sentence in sentences], beam_size=beam_size, length_penalty=length_penalty)
        return rejoin(text, sentences, translations, between=self._between)

    def stream(
        self,
        lines: Iterable[str],
        *,
        n_best: int = 1,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        alignment: bool = False,
        window_lines: int = WINDOW_LINES,
    ) -> Iterator[list[Hypothesis]]:
        """Translate any number of lines in flat memory: give the hypotheses of each in order, a window read and translated at a time."""
        for window in windows(lines, window_lines=window_lines):
            yield from self.hypotheses(window, n_best=n_best, beam_size=beam_size, length_penalty=length_penalty, alignment=alignment)

    def hypotheses(
        self,
        lines: Sequence[str],
        *,
        n_best: int = 1,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        alignment: bool = False,
    ) -> list[list[Hypothesis]]:
        """Return for each line its best hypotheses, the best first.

        Args:
            lines: What to translate.
            n_best: Hypotheses for each line; an empty line has one, of score 0.
            beam_size: Default: the model's own, or `n_best` if that is more.
            length_penalty: Default: the model's own.
            alignment: Whether to give each hypothesis its pieces and attention.

        Raises:
            ModelError: a search that cannot be, such as more hypotheses than the beam holds.
        """
        search = self._search(n_best, beam_size, length_penalty, alignment)
        lines = [line.strip() for line in lines]
        encoded = self._tokenizers.source.encode(lines)
        splits: list[tuple[list[Segment], list[tuple[int, ...]]]] = [
            self._split(line) if len(ids) > self.limits.max_source_pieces else ([Segment(line, 0, len(line))], [tuple(ids)])
            for line, ids in zip(lines, encoded, strict=True)
        ]
        # Equal sentences, frequent in translation memories and forms, are translated once.
        sources = list(dict.fromkeys(ids for _, parts in splits for ids in parts))
        found = dict(zip(sources, self._translate_sources(sources, search), strict=True))
        return [self._join(line, segments, [found[ids] for ids in parts]) for line, (segments, parts) in zip(lines, splits, strict=True)]

    def _search(self, n_best: int, beam_size: int | None, length_penalty: float | None, alignment: bool) -> Search:
        beam = max(self.search.beam_size, n_best) if beam_size is None else beam_size
        penalty = self.search.length_penalty if length_penalty is None else length_penalty
        if n_best < 1 or beam < 1:
            raise ModelError(f"beam size and number of hypotheses must be 1 or more, got {beam} and {n_best}")
        if n_best > beam:
            raise ModelError(f"{n_best} hypotheses need a beam size of at least {n_best}, got {beam}")
        if not (math.isfinite(penalty) and penalty >= 0):
            raise ModelError(f"length penalty must be 0 or more, got {penalty}")
        return Search(beam, penalty, n_best, alignment)

    def _split(self, line: str) -> tuple[list[Segment], list[tuple[int, ...]]]:
        encode, most = self._tokenizers.source.encode, self.limits.max_source_pieces
        segments = split_long(line, lambda part: len(encode([part])[0]) <= most)
        # Cut only where one character alone, spelled in bytes, is too long.
        return segments, [tuple(ids[:most]) for ids in encode([segment.text for segment in segments])]

    def _translate_sources(self, sources: Sequence[tuple[int, ...]], search: Search) -> list[list[Hypothesis]]:
        """Translate id sequences; one without ids, which is text that the tokenizer drops as invisible, is not shown to the model."""
        empty = Alignment((), (), np.zeros((0, 0), np.float32)) if search.alignment else None
        results = [[Hypothesis("", 0.0, empty)] for _ in sources]
        for batch in plan_batches([len(ids) for ids in sources], search.beam_size):
            rows = [sources[index] for index in batch]
            found = self._runtime.translate_ids(
                *_padded(rows), beam_size=search.beam_size, length_penalty=search.length_penalty, max_steps=self.limits.max_steps
            )
            for index, hypotheses in zip(batch, self._read(rows, found, search), strict=True):
                results[index] = hypotheses
        return results

    def _read(self, rows: Sequence[tuple[int, ...]], found: Hypotheses, search: Search) -> list[list[Hypothesis]]:
        kept = [
            (row, rank)
            for row in range(len(rows))
            for rank in range(min(search.n_best, found.ids.shape[1]))
            if rank == 0 or np.isfinite(found.scores[row, rank])  # a search that ended early fills its beam with impossible ones
        ]
        ids = [found.ids[row, rank, : found.lengths[row, rank]].tolist() for row, rank in kept]
        results: list[list[Hypothesis]] = [[] for _ in rows]
        for (row, rank), target, text in zip(kept, ids, self._tokenizers.target.decode(ids), strict=True):
            alignment = self._alignment(rows[row], target, found.attention[row, rank]) if search.alignment else None
            results[row].append(Hypothesis(text, float(found.scores[row, rank]), alignment))
        return results

    def _alignment(self, source: Sequence[int], target: Sequence[int], attention: NDArray[np.float32]) -> Alignment:
        return Alignment(
            (*self._tokenizers.source.pieces(source), EOS_PIECE),
            tuple(self._tokenizers.target.pieces(target)),
            np.array(attention[: len(target), : len(source) + 1]),  # a copy: a view would hold the whole batch
        )

    def _join(self, line: str, segments: Sequence[Segment], parts: Sequence[Sequence[Hypothesis]]) -> list[Hypothesis]:
        """Make a line's hypotheses from its segments': the first from the firsts, the second from the seconds (or the last there is)."""
        if len(parts) == 1:
            return list(parts[0])
        joined = []
        for rank in range(max(map(len, parts), default=0)):
            ranked = [part[min(rank, len(part) - 1)] for part in parts]
            alignments = [hypothesis.alignment for hypothesis in ranked if hypothesis.alignment is not None]
            joined.append(
                Hypothesis(
                    rejoin(line, segments, [hypothesis.text for hypothesis in ranked], between=self._between),
                    sum(hypothesis.score for hypothesis in ranked),
                    _joined_alignment(alignments) if alignments else None,
                )
            )
        return joined


def load_translator(model: str | Path, *, threads: int | None = None) -> Translator:
    """Load the model that `model` names (see `nmt.model_directory`), with its tokenizers, in TensorFlow.

    Raises:
        ModelError: not a model, or one with missing files.
        TokenizerError: a damaged tokenizer.
    """
    directory = find_model_directory(model)
    directory.check_files()
    from nmt.runtime.savedmodel import SavedModelRuntime
    from nmt.tokenizer import TokenizerPair

    manifest = directory.manifest
    tokenizers = TokenizerPair.load(directory.path)  # first: it fails in no time where TensorFlow takes seconds
    return Translator(
        SavedModelRuntime(directory.path, threads),
        tokenizers,
        manifest.limits,
        manifest.search,
        name=manifest.name,
        source_language=manifest.source,
        target_language=manifest.target,
    )


def plan_batches(lengths: Sequence[int], beam_size: int) -> list[list[int]]:
    """Group sentences of like length: lists of indices into `lengths`, shortest sentences first; those of length 0 are in none."""
    most = max(1, min(BATCH_SENTENCES, BATCH_HYPOTHESES // beam_size))
    batches: list[list[int]] = []
    batch: list[int] = []
    for index in sorted((index for index, length in enumerate(lengths) if length), key=lambda index: lengths[index]):
        width = lengths[index] + 1  # EOS
        if batch and (len(batch) == most or (len(batch) + 1) * width > BATCH_SOURCE_PIECES):
            batches.append(batch)
            batch = []
        batch.append(index)
    return [*batches, batch] if batch else batches


def _padded(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    lengths = np.array([len(row) + 1 for row in rows], np.int32)
    ids = np.full((len(rows), int(lengths.max())), PAD, np.int32)
    for target, row in zip(ids, rows, strict=True):
        target[: len(row) + 1] = [*row, EOS]
    return ids, lengths


def _joined_alignment(parts: Sequence[Alignment]) -> Alignment:
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
