"""Which pairs are kept, and a tally of those that are not: reason, count, and the first lines where it happened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from nmt.config import DataConfig
from nmt.data.parallel_text import FUZZY, OBSOLETE, OTHER_LANGUAGE, UNTRANSLATED, SentencePair
from nmt.tokenizer import TokenizerPair

_FIRST_LINES = 10
_CHUNK_PAIRS = 4096

BLANK, NUL, LONG, RATIO, HELD_OUT = "blank_line", "nul_character", "too_long", "length_ratio", "in_hold_out"
REMEDIES = {
    BLANK: "are the files the right ones?",
    NUL: "is the text really UTF-8?",
    LONG: "raise data.max_pieces, or split the sentences",
    RATIO: "raise data.max_length_ratio, or check that the files are translations of each other",
    HELD_OUT: "the text repeats the same pairs: give data.valid",
    FUZZY: "set fuzzy: true to learn from units that are marked as unfinished, too",
    UNTRANSLATED: "is it the memory with the translations?",
    OBSOLETE: "they are units that the program no longer has",
    OTHER_LANGUAGE: "are data.source_language and data.target_language those of the text?",
}

Item = TypeVar("Item")


@dataclass
class Tally:
    """Counts of one split while it is read."""

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    first_lines: dict[str, list[int]] = field(default_factory=dict)

    def drop(self, reason: str, line: int) -> None:
        """Count a dropped pair."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        lines = self.first_lines.setdefault(reason, [])
        if len(lines) < _FIRST_LINES:
            lines.append(line)

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as the manifest records it."""
        reasons = {reason: {"count": count, "first_lines": self.first_lines[reason]} for reason, count in sorted(self.dropped.items())}
        return {"read": self.read, "kept": self.kept, "dropped": reasons}

    def explain(self) -> str:
        """Say in a few words what was dropped and what may be done about the most frequent reason."""
        if not self.dropped:
            return "no pairs were read"
        most = max(self.dropped, key=lambda reason: self.dropped[reason])
        counts = ", ".join(f"{count:,} {reason} (first at line {self.first_lines[reason][0]})" for reason, count in self.dropped.items())
        return f"{counts}; {REMEDIES[most]}"


@dataclass(frozen=True)
class EncodedPair:
    """A pair and its ids."""

    pair: SentencePair
    source: list[int]
    target: list[int]


def total(counts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add up the tallies of several texts, as the manifest records them; without first lines, which would be those of different texts."""
    if len(counts) == 1:
        return counts[0]
    dropped: dict[str, dict[str, Any]] = {}
    for one in counts:
        for reason, fact in one["dropped"].items():
            dropped[reason] = {"count": dropped.get(reason, {"count": 0})["count"] + fact["count"], "first_lines": []}
    return {"read": sum(one["read"] for one in counts), "kept": sum(one["kept"] for one in counts), "dropped": dropped}


def text_fault(pair: SentencePair) -> str | None:
    """Return why a pair is no text at all, or not meant to be used, before any tokenizer looks at it."""
    if pair.fault:
        return pair.fault
    if not pair.source.strip() or not pair.target.strip():
        return BLANK
    return NUL if "\0" in pair.source or "\0" in pair.target else None


def length_fault(encoded: EncodedPair, config: DataConfig) -> str | None:
    """Return why an encoded pair is not trained on."""
    shorter, longer = sorted((len(encoded.source), len(encoded.target)))
    if shorter == 0:  # only characters that the tokenizer's normalisation removes
        return BLANK
    if longer > config.max_pieces:
        return LONG
    return RATIO if longer > config.max_length_ratio * shorter else None


def encoded_chunks(pairs: Iterable[SentencePair], tokenizers: TokenizerPair, tally: Tally) -> Iterator[list[EncodedPair]]:
    """Encode a stream a few thousand pairs at a time, leaving out (and tallying) those that are no text."""
    for chunk in chunks(pairs, _CHUNK_PAIRS):
        tally.read += len(chunk)
        usable = []
        for pair in chunk:
            if fault := text_fault(pair):
                tally.drop(fault, pair.line)
            else:
                usable.append(pair)
        sources = tokenizers.source.encode([pair.source for pair in usable])
        targets = tokenizers.target.encode([pair.target for pair in usable])
        yield [EncodedPair(pair, source, target) for pair, source, target in zip(usable, sources, targets, strict=True)]


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
