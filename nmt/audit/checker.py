"""All checks of the pairs themselves, a block at a time."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmt.audit.alphabet import FINE, LOST, Alphabet, AlphabetCheck
from nmt.audit.block import Block, Example
from nmt.audit.findings import Finding
from nmt.audit.language import loaded_identifier
from nmt.audit.pair_checks import find_copies, find_imbalance, find_lengths
from nmt.audit.script import code_points, count_classes
from nmt.audit.text_checks import find_broken_encoding, find_other_language, find_other_script, find_what_is_no_text
from nmt.data.corpus import SentencePair
from nmt.segmentation import base_language
from nmt.tokenizer import Tokenizer


@dataclass(frozen=True)
class Limits:
    """What the checks go by: the same for every block, and sent to each process once."""

    max_pieces: int
    max_length_ratio: float
    models: tuple[bytes, ...]
    """SentencePiece models of source and target; none: lengths are characters, and no characters are called lost."""
    alphabets: tuple[Alphabet, ...]
    """What the models, or those that training will make, have pieces for."""
    with_language: bool
    with_ftfy: bool

    @property
    def unit(self) -> str:
        """What lengths are counted in."""
        return "pieces" if self.models else "characters"


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in a block of pairs."""

    lines: NDArray[np.uint32]
    """[pairs], the line of each."""
    found: NDArray[np.uint32]
    """[pairs], a bit for each finding."""
    hashes: NDArray[np.uint64]
    """[pairs, 2], of source and target."""
    lengths: NDArray[np.int64]
    """[pairs, 2], pieces or characters."""
    examples: dict[Finding, list[Example]]
    characters: dict[Finding, Counter[str]]
    """Which characters are lost or shattered, and how often."""


class Checker:
    """Checks blocks of pairs."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._identifier = loaded_identifier() if limits.with_language else None
        self._tokenizers = [Tokenizer(model) for model in limits.models]
        self._alphabets = [AlphabetCheck(*both) for both in zip(limits.alphabets, self._tokenizers, strict=True)]

    def check(self, pairs: Sequence[SentencePair], languages: tuple[str, str]) -> Checked:
        """Look at a block of pairs of a direction."""
        block = Block(pairs)
        codes = [code_points(side) for side in block.sides]
        counts = [count_classes(*side) for side in codes]
        find_what_is_no_text(block, counts)
        find_broken_encoding(block, counts, self.limits.with_ftfy)
        for lines, side, language in zip(block.sides, counts, languages, strict=True):
            find_other_script(block, side, language)
            if self._identifier:
                find_other_language(block, lines, side, language, self._identifier)
        if base_language(languages[0]) != base_language(languages[1]):
            find_copies(block)
        lengths = self._lengths(block)
        find_lengths(block, lengths, self.limits.unit, self.limits.max_length_ratio, self.limits.max_pieces if self._tokenizers else None)
        find_imbalance(block, counts)
        characters = self._characters(block, codes)
        return Checked(
            np.array([pair.line for pair in pairs], np.uint32),
            block.found,
            np.array([[_hash(text) for text in side] for side in block.sides], np.uint64).T,
            lengths,
            block.examples,
            characters,
        )

    def _lengths(self, block: Block) -> NDArray[np.int64]:
        lengths = np.zeros((len(block.pairs), 2), np.int64)
        usable = block.where(np.ones(len(block.pairs)))
        for place, lines in enumerate(block.sides):
            texts = [lines[row] for row in usable]
            lengths[usable, place] = [len(text) for text in (self._tokenizers[place].encode(texts) if self._tokenizers else texts)]
        return lengths

    def _characters(self, block: Block, codes: Sequence[tuple[NDArray[np.uint32], NDArray[np.int64]]]) -> dict[Finding, Counter[str]]:
        found: dict[Finding, Counter[str]] = {Finding.LOST_CHARACTERS: Counter(), Finding.SHATTERED_CHARACTERS: Counter()}
        for check, (side, lengths), lines in zip(self._alphabets, codes, block.sides, strict=False):
            states = check.states(side)
            odd = np.flatnonzero(states != FINE)
            of_line = np.searchsorted(np.cumsum(lengths), odd, side="right")
            fine = [row for row in np.unique(of_line).tolist() if not block.is_text(row) or check.is_fine_composed(lines[row])]
            kept = ~np.isin(of_line, fine)
            for finding, counter in found.items():
                chosen = kept & ((states[odd] == LOST) == (finding is Finding.LOST_CHARACTERS))
                counter.update(map(chr, side[odd[chosen]].tolist()))
                notes: dict[int, str] = {}
                for row, code in zip(of_line[chosen].tolist(), side[odd[chosen]].tolist(), strict=True):
                    notes.setdefault(row, f"U+{code:04X} {chr(code)}")
                block.mark_notes(finding, notes)
        return {finding: counter for finding, counter in found.items() if counter}


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
