"""Which characters a tokenizer has no piece for: they are spelled as bytes, or become the unknown token, or its normalisation drops them.

Each distinct character is asked for once. Of all others a table of code points knows the answer.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmt.special_tokens import EOS
from nmt.tokenizer import Tokenizer

_UNASKED, FINE, SHATTERED, LOST = range(4)
_BYTE_PIECE = "<0x41>"


@dataclass(frozen=True)
class Alphabet:
    """The characters that have pieces of their own on one side."""

    characters: frozenset[str]
    bytes: bool
    """Whether others are spelled as bytes; else they are lost."""

    @classmethod
    def of_tokenizer(cls, tokenizer: Tokenizer) -> "Alphabet":
        """Take the single characters among a tokenizer's pieces."""
        pieces = tokenizer.pieces(range(EOS + 1, tokenizer.vocabulary_size))
        return cls(frozenset(piece for piece in pieces if len(piece) == 1), _BYTE_PIECE in pieces)

    @classmethod
    def of_counts(cls, counts: NDArray[np.int64], lines: int, coverage: float, byte_fallback: bool, tokenizer: Tokenizer) -> "Alphabet":
        """Take the characters that SentencePiece would: the most frequent ones of the normalised text, up to the coverage.

        Args:
            counts: how often each code point occurs. [0x110000]
            lines: how many lines they are of; SentencePiece counts a space in front of each.
            coverage: tokenizer.character_coverage.
            byte_fallback: tokenizer.byte_fallback.
            tokenizer: normalises as the text's own tokenizer will.
        """
        normal: dict[str, int] = {" ": lines + int(counts[ord(" ")])}
        for code in np.flatnonzero(counts).tolist():
            if not 0xD800 <= code < 0xE000:
                for character in tokenizer.normalize(chr(code)):
                    normal[character] = normal.get(character, 0) + int(counts[code])
        known, seen, whole = set(), 0, sum(normal.values())
        for character, count in sorted(normal.items(), key=lambda item: (-item[1], item[0])):
            if seen >= coverage * whole:
                break
            known.add(character)
            seen += count
        return cls(frozenset(known), byte_fallback)


class AlphabetCheck:
    """Says of the characters of a block which ones the tokenizer of a side has no piece for."""

    def __init__(self, alphabet: Alphabet, tokenizer: Tokenizer) -> None:
        self.alphabet, self.tokenizer = alphabet, tokenizer
        self._states = np.zeros(0x110000, np.uint8)
        self._states[[ord(character) for character in alphabet.characters]] = FINE

    def states(self, codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Return FINE, SHATTERED or LOST of each character."""
        found = self._states[codes]
        for code in np.unique(codes[found == _UNASKED]).tolist():
            self._states[code] = self._state(chr(code))
        return self._states[codes]

    def is_fine_composed(self, line: str) -> bool:
        """Whether a line with combining marks is fine after all: `e` and an acute accent are one character to the tokenizer."""
        if not any(map(unicodedata.combining, line)):
            return False
        return set(self.tokenizer.normalize(line)) - {" "} <= self.alphabet.characters

    def _state(self, character: str) -> int:
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cs"} or character == "\ufffd":
            return FINE  # space to the tokenizer, or a finding of its own
        normal = self.tokenizer.normalize(f"a{character}a").removeprefix("a").removesuffix("a")
        if not normal.strip():
            return FINE if unicodedata.category(character) in {"Zs", "Zl", "Zp"} else LOST
        if set(normal) - {" "} <= self.alphabet.characters:
            return FINE
        return SHATTERED if self.alphabet.bytes else LOST


def count_characters(codes: NDArray[np.uint32], counts: NDArray[np.int64]) -> None:
    """Add the characters of a block to the counts of all."""
    counts += np.bincount(codes, minlength=0x110000)


def described(characters: Iterable[tuple[str, int]], limit: int) -> list[dict[str, object]]:
    """Return the most frequent characters with their code points and Unicode names."""
    ranked: Sequence[tuple[str, int]] = sorted(characters, key=lambda item: (-item[1], item[0]))[:limit]
    return [
        {"character": character, "code": f"U+{ord(character):04X}", "name": unicodedata.name(character, "no name"), "count": count}
        for character, count in ranked
    ]
