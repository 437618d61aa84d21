"""Every kind of finding: what it is called, whether `--write` leaves such pairs out, and what mends it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from nmt.errors import CorpusError


class Finding(IntEnum):
    """The kinds, in the order in which a report lists them; the value is the bit that a pair's record has for it."""

    NOT_UTF8 = 0
    COLUMNS = 1
    MARKED = 2
    EMPTY = 3
    CONTROL = 4
    REPLACEMENT = 5
    MOJIBAKE = 6
    WRONG_SCRIPT = 7
    WRONG_LANGUAGE = 8
    COPIED = 9
    LENGTH_RATIO = 10
    TOO_LONG = 11
    PLACEHOLDERS = 12
    NUMBERS = 13
    ADDRESSES = 14
    LOST_CHARACTERS = 15
    SHATTERED_CHARACTERS = 16
    DUPLICATE_PAIR = 17
    DUPLICATE_SOURCE = 18
    DUPLICATE_TARGET = 19
    LEAKED_PAIR = 20
    LEAKED_SOURCE = 21

    @property
    def key(self) -> str:
        """The name that is typed and printed: `wrong_script`."""
        return self.name.lower()

    @property
    def bit(self) -> int:
        """The bit of a pair's record."""
        return 1 << self.value


@dataclass(frozen=True)
class Kind:
    """What a person is told of a finding."""

    title: str
    drops: bool
    """Whether `--write` leaves such pairs of the training text out unless told otherwise."""
    remedy: str


_WRITE = "--write DIR leaves these pairs out"
KINDS = {
    Finding.NOT_UTF8: Kind("bytes that are not UTF-8", True, f"training refuses the file: convert it with iconv, or {_WRITE}"),
    Finding.COLUMNS: Kind("another number of columns", True, f"training refuses the file: mend the stray tab, or {_WRITE}"),
    Finding.MARKED: Kind("marked as not to be used", True, "training leaves them out; fuzzy: true takes unfinished units of a memory"),
    Finding.EMPTY: Kind("a side without text", True, f"training leaves them out by itself; {_WRITE}"),
    Finding.CONTROL: Kind("control characters", True, f"often a broken conversion, and the tokenizer removes them; {_WRITE}"),
    Finding.REPLACEMENT: Kind("replacement characters (U+FFFD)", True, f"text was lost in an earlier conversion; {_WRITE}"),
    Finding.MOJIBAKE: Kind("broken encoding (mojibake)", True, f"convert the text again from its origin, or mend it with ftfy; {_WRITE}"),
    Finding.WRONG_SCRIPT: Kind("another script", True, f"are the languages given right? {_WRITE}"),
    Finding.WRONG_LANGUAGE: Kind("another language", True, f"are the languages given right? {_WRITE}"),
    Finding.COPIED: Kind("target is the source", True, f"a model learns to copy from them; {_WRITE}"),
    Finding.LENGTH_RATIO: Kind(
        "length ratio", True, "data.max_length_ratio: training leaves out what is beyond it; check that line n translates line n"
    ),
    Finding.TOO_LONG: Kind(
        "over-long lines", False, "data.max_pieces: training leaves out what is longer; raise it, or split the sentences"
    ),
    Finding.PLACEHOLDERS: Kind("placeholders or tags differ", True, f"a model learns to lose or invent them; {_WRITE}"),
    Finding.NUMBERS: Kind("numbers differ", False, "often right (3 p.m., 15 Uhr): look at them; --drop numbers leaves them out"),
    Finding.ADDRESSES: Kind("web or mail addresses differ", False, "look at them; --drop addresses leaves them out"),
    Finding.LOST_CHARACTERS: Kind(
        "characters that the tokenizer loses", False, "tokenizer.byte_fallback: true, or tokenizer.character_coverage: 1.0"
    ),
    Finding.SHATTERED_CHARACTERS: Kind(
        "characters that are spelled as bytes", False, "tokenizer.character_coverage: 1.0, or more text that has them"
    ),
    Finding.DUPLICATE_PAIR: Kind("the same pair again", True, f"{_WRITE} and keeps the first"),
    Finding.DUPLICATE_SOURCE: Kind("the same source, another target", False, "look at them; --drop duplicate_source keeps the first"),
    Finding.DUPLICATE_TARGET: Kind("the same target, another source", False, "look at them; --drop duplicate_target keeps the first"),
    Finding.LEAKED_PAIR: Kind(
        "the pair is in training and held-out text", True, f"scores would be too high; {_WRITE} of the training text"
    ),
    Finding.LEAKED_SOURCE: Kind(
        "the source is in training and held-out text", True, f"scores would be too high; {_WRITE} of the training text"
    ),
}
BROKEN = (Finding.NOT_UTF8, Finding.COLUMNS, Finding.MARKED, Finding.EMPTY)
"""What is no text at all, or not meant to be used: nothing else is looked for in such a pair, and it is no duplicate of another."""


def dropped_kinds(keep: Iterable[str] = (), drop: Iterable[str] = ()) -> frozenset[Finding]:
    """Return the kinds whose pairs `--write` leaves out: the default ones, less `keep`, and `drop`.

    Raises:
        CorpusError: a name that no kind has, or one that is in both.
    """
    kept, added = ({find_kind(name, option) for name in names} for names, option in ((keep, "--keep"), (drop, "--drop")))
    if both := kept & added:
        raise CorpusError(f"--keep and --drop both name {min(both).key}: choose one")
    if Finding.COLUMNS in kept:
        raise CorpusError("--keep columns: a line with another number of columns is no pair that could be kept")
    return frozenset({kind for kind in Finding if KINDS[kind].drops} - kept | added)


def find_kind(name: str, option: str) -> Finding:
    """Return the kind of a name.

    Raises:
        CorpusError: there is none; the nearest known one is told.
    """
    known = {kind.key: kind for kind in Finding}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    raise CorpusError(f"{option}: no kind of finding {name!r}; {hint}")


def bits(kinds: Iterable[Finding]) -> int:
    """Return the kinds as one number, a bit each."""
    return sum(kind.bit for kind in kinds)
