"""Checks of one side: is it text, is its encoding whole, is it in the script and the language that it should be in?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nmt.audit import mojibake
from nmt.audit.block import Block
from nmt.audit.findings import Finding
from nmt.audit.language import LanguageIdentifier
from nmt.audit.reading import COLUMNS_FAULT
from nmt.audit.script import CONTROL, RAW_BYTE, REPLACEMENT, foreign_letters, main_script, scripts_of

FOREIGN_LETTERS = 8
"""A line of another script has so many letters of it at least, and more than half of its letters: a name or a unit is no fault."""
LANGUAGE_LETTERS = 20
"""Only lines of so many letters are asked for their language."""
LANGUAGE_SURELY = 0.9
"""How likely another language must be: at this, none of 77,000 lines of Multi30k and of the built-in grammar is taken for another."""

Counts = NDArray[np.int64]
"""How many characters of each class each line has. [lines, CLASSES]"""


def find_what_is_no_text(block: Block, counts: Sequence[Counts]) -> None:
    """Find bytes that are not UTF-8, stray tabs, units marked as unusable, and blank sides."""
    for side in counts:
        block.mark(Finding.NOT_UTF8, np.flatnonzero(side[:, RAW_BYTE]))
    faults = {place: pair.fault for place, pair in enumerate(block.pairs) if pair.fault}
    block.mark(Finding.COLUMNS, [place for place, fault in faults.items() if fault == COLUMNS_FAULT])
    block.mark_notes(Finding.MARKED, {place: fault for place, fault in faults.items() if fault != COLUMNS_FAULT})
    blank = [place for place, pair in enumerate(block.pairs) if not pair.fault and (not pair.source.strip() or not pair.target.strip())]
    block.mark(Finding.EMPTY, blank)


def find_broken_encoding(block: Block, counts: Sequence[Counts], with_ftfy: bool) -> None:
    """Find control characters, replacement characters and text that was read in the wrong code page."""
    for side, lines in zip(counts, block.sides, strict=True):
        block.mark(Finding.CONTROL, block.where(side[:, CONTROL]))
        block.mark(Finding.REPLACEMENT, block.where(side[:, REPLACEMENT]))
        notes = {}
        for place, line in enumerate(lines):
            if not line.isascii() and block.is_text(place) and (mended := mojibake.mended(line, with_ftfy)) is not None:
                notes[place] = f"should be: {mended}"
        block.mark_notes(Finding.MOJIBAKE, notes)


def find_other_script(block: Block, counts: Counts, language: str) -> None:
    """Find lines of a side that are mostly in letters that its language is not written in."""
    scripts = scripts_of(language)
    if not scripts:
        return
    letters, foreign = foreign_letters(counts, scripts)
    other = block.where((foreign >= FOREIGN_LETTERS) & (2 * foreign > letters))
    # A name that is copied is no fault; what is longer is found as a copy.
    notes = {
        place: f"{language} in {main_script(counts[place])} letters"
        for place in other.tolist()
        if block.sides[0][place].strip() != block.sides[1][place].strip()
    }
    block.mark_notes(Finding.WRONG_SCRIPT, notes)


def find_other_language(block: Block, lines: Sequence[str], counts: Counts, language: str, identifier: LanguageIdentifier) -> None:
    """Find lines of a side that are surely in another language."""
    letters, _ = foreign_letters(counts, ())
    asked = block.where((letters >= LANGUAGE_LETTERS) & ~block.has(Finding.WRONG_SCRIPT, Finding.MOJIBAKE))
    others = identifier.others([lines[place] for place in asked], language, LANGUAGE_SURELY)
    notes = {int(asked[place]): f"{language} looks like {label} ({share:.2f})" for place, label, share in others}
    block.mark_notes(Finding.WRONG_LANGUAGE, notes)
