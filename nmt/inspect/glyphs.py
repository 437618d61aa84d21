"""Which characters a picture can show: those of DejaVu Sans, else those of other fonts of this machine, else an empty square."""

from collections.abc import Iterable, Sequence
from functools import cache

DEFAULT_FAMILY = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic, and the `▁` of SentencePiece."""
MISSING = "□"
_NOT_A_FONT = "Last Resort"
"""Comes with matplotlib, too, and has a box for every character there is."""


@cache
def _characters_of(family: str) -> frozenset[int]:
    """The code points that a font family can draw in its plain form; none if it cannot be read."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(findfont(FontProperties(family=[family]))).get_charmap())
    except (RuntimeError, OSError):  # an installed font may be of a kind that matplotlib does not read
        return frozenset()


def families_for(texts: Iterable[str]) -> list[str]:
    """Font families that together draw the texts as far as this machine can, the default first; others only where they are needed."""
    missing = {ord(character) for text in texts for character in text if character.isprintable()} - _characters_of(DEFAULT_FAMILY)
    families = [DEFAULT_FAMILY]
    if missing:
        from matplotlib.font_manager import fontManager

        for family in sorted({font.name for font in fontManager.ttflist}):
            if missing and not family.startswith(_NOT_A_FONT) and missing & _characters_of(family):
                families.append(family)
                missing -= _characters_of(family)
    return families


def drawable(text: str, families: Sequence[str]) -> str:
    """The text with a square for each character that none of the fonts has, and for what is not printable."""
    return "".join(character if character.isprintable() and _drawn(character, families) else MISSING for character in text)


def _drawn(character: str, families: Sequence[str]) -> bool:
    return any(ord(character) in _characters_of(family) for family in families)
