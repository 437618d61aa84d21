"""Scripts: which script each character is of, and which scripts a language is written in.

The script of a letter is the first word of its Unicode name (LATIN SMALL LETTER A), which `unicodedata` knows. All characters of a block of
lines are counted at once, as one matrix [lines, classes]; no character is looked at by Python.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nmt.segmentation import base_language

OTHER, CONTROL, REPLACEMENT, RAW_BYTE, DIGIT, OTHER_LETTER = range(6)
"""Classes of characters besides the scripts. RAW_BYTE is a byte that is not UTF-8, as Python's `surrogateescape` carries it."""

SCRIPTS = (
    *("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "SYRIAC", "THAANA", "DEVANAGARI", "BENGALI", "GURMUKHI"),
    *("GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER"),
    *("ETHIOPIC", "MONGOLIAN", "HIRAGANA", "KATAKANA", "CJK", "HANGUL", "BOPOMOFO"),
)
FIRST_SCRIPT = OTHER_LETTER + 1
CLASSES = FIRST_SCRIPT + len(SCRIPTS)

_LATIN = """af an ast az bcl br bs ca ceb co crh cs cy da de dsb en eo es et eu ext fi fj fo fr fuv fy ga gd gl gn gug guw ha hr hsb ht hu
ia id ig is it jv kab kik kl ku kw la lb lg lij ln lt ltg lv mg mi ms mt nb nds nl nn no nso ny oc om pb pcm pl pt qu rm ro rw se sk sl sm
sn so sq sr ss st su sv sw tk tl tn to tr ts tw uz ve vec vi vo wa wo xh yo zu"""
_CYRILLIC = "ru uk be bg mk kk ky mn tg tt ba ce cv os sr bs uz az tk"
_DEVANAGARI = "hi mr ne sa gom"
_OTHERS = {
    "GREEK": "el grc", "ARMENIAN": "hy", "GEORGIAN": "ka", "HEBREW": "he hbo yi", "ARABIC": "ar fa ur ps ug sd ckb sdh arz ary ku",
    "THAANA": "dv", "BENGALI": "bn as", "GURMUKHI": "pa", "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn",
    "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th", "LAO": "lo", "TIBETAN": "bo dz", "MYANMAR": "my", "KHMER": "km",
    "ETHIOPIC": "am ti", "MONGOLIAN": "mn", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh zt yue wuu cmn ja ko", "HANGUL": "ko",
    "BOPOMOFO": "zh zt", "SYRIAC": "syr",
}  # fmt: skip
_SUBTAGS = {
    "latn": ("LATIN",), "cyrl": ("CYRILLIC",), "arab": ("ARABIC",), "grek": ("GREEK",), "deva": ("DEVANAGARI",),
    "hans": ("CJK", "BOPOMOFO"), "hant": ("CJK", "BOPOMOFO"), "mong": ("MONGOLIAN",), "hebr": ("HEBREW",),
}  # fmt: skip


def scripts_of(language: str) -> tuple[str, ...]:
    """Return the scripts that a language is written in, several where custom has several; none for a language that is not known here.

    A subtag decides: `sr` may be in Latin or Cyrillic letters, `sr-Latn` in Latin ones only.
    """
    for subtag in language.lower().replace("_", "-").split("-")[1:]:
        if subtag in _SUBTAGS:
            return _SUBTAGS[subtag]
    table = {"LATIN": _LATIN, "CYRILLIC": _CYRILLIC, "DEVANAGARI": _DEVANAGARI, **_OTHERS}
    base = base_language(language)
    return tuple(script for script, languages in table.items() if base in languages.split())


@cache
def class_table() -> NDArray[np.uint8]:
    """Return the class of every code point. [0x110000]"""
    table = np.zeros(0x110000, np.uint8)
    places = {script: FIRST_SCRIPT + place for place, script in enumerate(SCRIPTS)}
    for code in range(0x10000):
        if 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xE000:
            continue  # ideographs, syllables and surrogates: filled below
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] == "L":
            words = unicodedata.name(character).split()
            table[code] = next((places[word] for word in words[:2] if word in places), OTHER_LETTER)
        elif category == "Nd":
            table[code] = DIGIT
        elif category == "Cc" and character != "\t":
            table[code] = CONTROL
    table[0x3400:0x4DC0] = table[0x4E00:0xA000] = table[0x20000:0x40000] = places["CJK"]
    table[0xAC00:0xD7A4] = places["HANGUL"]
    table[0xDC80:0xDD00] = RAW_BYTE
    table[[0xFFFD, 0xFFFE, 0xFFFF]] = REPLACEMENT
    return table


def code_points(lines: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the characters of all lines one after the other, and the number of those of each line."""
    joined = "".join(lines).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(joined, np.uint32), np.fromiter(map(len, lines), np.int64, len(lines))


def count_classes(codes: NDArray[np.uint32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many characters of each class each line has. [lines, CLASSES]"""
    line = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(line * CLASSES + class_table()[codes], minlength=len(lengths) * CLASSES).reshape(-1, CLASSES)


def foreign_letters(counts: NDArray[np.int64], scripts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the letters of each line, and those among them that are of none of the scripts. Two times [lines]"""
    letters = counts[:, OTHER_LETTER:].sum(axis=1)
    own = counts[:, [FIRST_SCRIPT + SCRIPTS.index(script) for script in scripts]].sum(axis=1)
    return letters, letters - own


def main_script(counts: NDArray[np.int64]) -> str:
    """Return the script of most letters of a line, in lower case."""
    place = int(counts[OTHER_LETTER:].argmax())
    return SCRIPTS[place - 1].lower() if place else "another"
