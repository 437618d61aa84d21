"""Text to text over a runtime: split what is too long, sort by length, batch, translate, restore the order. Knows no model code."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from nmt.batch_plan import padded, plan_batches
from nmt.copying import is_copied
from nmt.directions import Directions
from nmt.errors import ModelError
from nmt.hypotheses import Alignment, Hypothesis, join_hypotheses
from nmt.model_directory import Limits, SearchDefaults
from nmt.repetition import kept_pieces
from nmt.searching import Search, SearchOptions, search_with
from nmt.segmentation import Segment, rejoin, split_long, split_paragraphs, writes_spaces
from nmt.special_tokens import EOS_PIECE
from nmt.streaming import WINDOW_LINES, windows

if TYPE_CHECKING:
    from nmt.runtime.interface import Hypotheses, Runtime
    from nmt.tokenizer import TokenizerPair

Source = tuple[int, ...]
"""Ids of one sentence: its tags, if the model has any, and its pieces. EOS is not among them."""


class Encoded(NamedTuple):
    """Lines as the id sequences that a model is shown."""

    lines: list[str]
    segments: list[list[Segment]]  # of each line; one, unless the line is too long
    ids: list[list[Source]]  # of each segment of each line; empty for what is copied

    @property
    def sources(self) -> list[Source]:
        """What must be translated. Equal sentences, frequent in translation memories and forms, are translated once."""
        return list(dict.fromkeys(ids for line in self.ids for ids in line if ids))


class Translator:
    """A model with its tokenizers, for one of its directions. It holds no state between calls.

    The result for a line does not depend on the lines beside it.
    """

    def __init__(
        self,
        runtime: Runtime,
        tokenizers: TokenizerPair,
        limits: Limits,
        search: SearchDefaults,
        *,
        name: str = "",
        directions: Directions | None = None,
    ) -> None:
        """Translate in the main direction; `into` gives a translator of another.

        Raises:
            TokenizerError: the tokenizer lacks a tag of the directions.
        """
        self.name = name
        self.limits = limits
        self.search = search
        self.directions = directions or Directions()
        self._runtime = runtime
        self._tokenizers = tokenizers
        self._tag_ids = frozenset(tokenizers.tag_ids(self.directions.all_tags))
        self._turn_to(self.directions.main, None)

    def into(self, target: str | None = None, *, source: str | None = None, tag: str | None = None) -> Translator:
        """Return a translator of another direction over the same model.

        Args:
            target: Language code; default: the main direction's, or the only one that `source` leads to.
            source: Language code; default: the main direction's where it leads to `target`.
            tag: A tag of the training corpora besides, such as `bt`: translate as that corpus does.

        Raises:
            ModelError: a direction or a tag that the model has not learnt.
        """
        other = copy.copy(self)
        other._turn_to(self.directions.find(source, target), tag)
        return other

    def with_search(self, **options: Unpack[SearchOptions]) -> Translator:
        """Return a translator over the same model that searches so where a call says nothing; what is left out stays as it is.

        Raises:
            ModelError: a search that cannot be.
        """
        chosen, other = self.search_for(**options), copy.copy(self)
        names = ("beam_size", "length_penalty", "coverage_penalty")
        other.search = self.search.model_copy(update={name: getattr(chosen, name) for name in names})
        return other

    def _turn_to(self, direction: tuple[str, str], tag: str | None) -> None:
        self.source_language, self.target_language = direction
        self.prefix: Source = tuple(self._tokenizers.tag_ids(self.directions.tags(direction, tag)))
        self.between = " " if writes_spaces(self.target_language) else ""

    def translate(
        self, lines: Sequence[str], *, target: str | None = None, source: str | None = None, **options: Unpack[SearchOptions]
    ) -> list[str]:
        """Translate each line. White space at its ends is dropped; a line of nothing else gives an empty one.

        Args:
            lines: Sentences, or lines of several; one that is too long for the model is split and put together again.
            target: Language code, of a model of several directions, as `into` takes it.
            source: The same.
            options: `beam_size`, `length_penalty`, `coverage_penalty`; default: the model's own.
        """
        chosen = self if target is None and source is None else self.into(target, source=source)
        return [found[0].text for found in chosen.hypotheses(lines, **options)]

    def translate_paragraphs(self, text: str, **options: Unpack[SearchOptions]) -> str:
        """Translate a text of many lines sentence by sentence; line breaks, blank lines and spaces between sentences stay."""
        sentences = split_paragraphs(text, self.source_language)
        translations = self.translate([sentence.text for sentence in sentences], **options)
        return rejoin(text, sentences, translations, between=self.between)

    def stream(
        self,
        lines: Iterable[str],
        *,
        n_best: int = 1,
        alignment: bool = False,
        window_lines: int = WINDOW_LINES,
        **options: Unpack[SearchOptions],
    ) -> Iterator[list[Hypothesis]]:
        """Translate any number of lines in flat memory: give the hypotheses of each in order, a window read and translated at a time."""
        for window in windows(lines, window_lines=window_lines):
            yield from self.hypotheses(window, n_best=n_best, alignment=alignment, **options)

    def hypotheses(
        self, lines: Sequence[str], *, n_best: int = 1, alignment: bool = False, **options: Unpack[SearchOptions]
    ) -> list[list[Hypothesis]]:
        """Return for each line its best hypotheses, the best first.

        Args:
            lines: What to translate.
            n_best: Hypotheses for each line; an empty line, and one that is copied, has one, of score 0.
            alignment: Whether to give each hypothesis its pieces and attention.
            options: `beam_size`, `length_penalty`, `coverage_penalty`; default: the model's own, the beam as wide as `n_best` needs.

        Raises:
            ModelError: a search that cannot be, such as more hypotheses than the beam holds.
        """
        search = self.search_for(n_best, alignment, **options)
        encoded = self.encode(lines)
        sources = encoded.sources
        found: dict[Source, list[Hypothesis]] = {}
        for batch in plan_batches([len(ids) for ids in sources], search.beam_size):
            rows = [sources[index] for index in batch]
            raw = self.translate_batch(rows, search)
            found |= zip(rows, self.read(rows, raw, search), strict=True)
        return self.join(encoded, found, search)

    @property
    def takes_coverage_penalty(self) -> bool:
        """Whether a search may have a coverage penalty."""
        return self._runtime.takes_coverage_penalty

    def search_for(self, n_best: int = 1, alignment: bool = False, **options: Unpack[SearchOptions]) -> Search:
        """Fill in the model's own search where a call says nothing.

        Raises:
            ModelError: a search that cannot be.
        """
        search = search_with(self.search, n_best, alignment, options)
        if search.coverage_penalty > 0 and not self.takes_coverage_penalty:
            raise ModelError(
                f"model {self.name} takes no coverage penalty, got {search.coverage_penalty:g}: it has no attention to count by, or was "
                "exported before there was one (then nmt export RUN_DIR helps)"
            )
        return search

    def encode(self, lines: Sequence[str]) -> Encoded:
        """Turn lines into the id sequences that a model is shown: what is too long is split, what needs no translation left out."""
        lines = [line.strip() for line in lines]
        parts = [
            (self._split(line) if len(ids) > self.limits.max_source_pieces else ([Segment(line, 0, len(line))], [tuple(ids)]))
            for line, ids in zip(lines, self._tokenizers.source.encode(lines), strict=True)
        ]
        copies = self.search.copy_untranslatable
        return Encoded(
            lines,
            [segments for segments, _ in parts],
            [
                [
                    (*self.prefix, *ids) if ids and not (copies and is_copied(segment.text)) else ()
                    for segment, ids in zip(segments, sources, strict=True)
                ]
                for segments, sources in parts
            ],
        )

    def translate_batch(self, rows: Sequence[Source], search: Search) -> Hypotheses:
        """Search for the translations of id sequences, none of them empty, that fit one batch."""
        return self._runtime.translate_ids(
            *padded(rows),
            beam_size=search.beam_size,
            length_penalty=search.length_penalty,
            max_steps=self.limits.max_steps,
            coverage_penalty=search.coverage_penalty,
        )

    def read(self, rows: Sequence[Source], found: Hypotheses, search: Search) -> list[list[Hypothesis]]:
        """Turn what was found for each row into text; a loop that the source does not have is cut out.

        The rows may be of any direction of the model. Their tags are no part of the sentence: no hypothesis is aligned with them.
        """
        results: list[list[Hypothesis]] = [[] for _ in rows]
        kept = [
            (row, rank)
            for row in range(len(rows))
            for rank in range(min(search.n_best, found.ids.shape[1]))
            if rank == 0 or np.isfinite(found.scores[row, rank])  # a search that ended early fills its beam with impossible ones
        ]
        ids = [found.ids[row, rank, : found.lengths[row, rank]].tolist() for row, rank in kept]
        stay = [kept_pieces(target, rows[row][self._tags(rows[row]) :]) for (row, _), target in zip(kept, ids, strict=True)]
        ids = [target if pieces is None else [target[piece] for piece in pieces] for target, pieces in zip(ids, stay, strict=True)]
        texts = self._tokenizers.target.decode(ids)
        for (row, rank), target, text, pieces in zip(kept, ids, texts, stay, strict=True):
            attention = found.attention[row, rank] if pieces is None else found.attention[row, rank][pieces]
            alignment = self._alignment(rows[row], target, attention) if search.alignment else None
            results[row].append(Hypothesis(text, float(found.scores[row, rank]), alignment, len(target), cut=pieces is not None))
        return results

    def join(self, encoded: Encoded, found: Mapping[Source, list[Hypothesis]], search: Search) -> list[list[Hypothesis]]:
        """Make each line's hypotheses from those of the id sequences that it was encoded as."""
        return [
            self._join_line(
                line, segments, [found[ids] if ids else [self._copy(part, search)] for part, ids in zip(segments, sources, strict=True)]
            )
            for line, segments, sources in zip(encoded.lines, encoded.segments, encoded.ids, strict=True)
        ]

    def _split(self, line: str) -> tuple[list[Segment], list[Source]]:
        encode, most = self._tokenizers.source.encode, self.limits.max_source_pieces
        segments = split_long(line, lambda part: len(encode([part])[0]) <= most, self.source_language)
        # Cut only where one character alone, spelled in bytes, is too long.
        return segments, [tuple(ids[:most]) for ids in encode([segment.text for segment in segments])]

    def _copy(self, segment: Segment, search: Search) -> Hypothesis:
        """What a segment that the model is not shown becomes: itself, or nothing if the tokenizer drops it as invisible."""
        ids = self._tokenizers.source.encode([segment.text])[0]
        if not search.alignment:
            return Hypothesis(segment.text if ids else "", 0.0)
        pieces = tuple(self._tokenizers.source.pieces(ids))
        attention = np.eye(len(pieces), len(pieces) + 1, dtype=np.float32)
        return Hypothesis(segment.text if ids else "", 0.0, Alignment((*pieces, EOS_PIECE) if pieces else (), pieces, attention))

    def _tags(self, source: Source) -> int:
        """How many tags a row begins with: no text has their ids."""
        return next((place for place, piece in enumerate(source) if piece not in self._tag_ids), len(source)) if self._tag_ids else 0

    def _alignment(self, source: Source, target: Sequence[int], attention: NDArray[np.float32]) -> Alignment:
        tags = self._tags(source)
        return Alignment(
            (*self._tokenizers.source.pieces(source[tags:]), EOS_PIECE),
            tuple(self._tokenizers.target.pieces(target)),
            np.array(attention[: len(target), tags : len(source) + 1]),  # a copy: a view would hold the whole batch
        )

    def _join_line(self, line: str, segments: Sequence[Segment], parts: Sequence[Sequence[Hypothesis]]) -> list[Hypothesis]:
        return join_hypotheses(parts, lambda texts: rejoin(line, segments, texts, between=self.between))
