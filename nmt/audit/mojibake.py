"""Text whose bytes were UTF-8 and were read as something else: `fÃ¼r` for `für`.

Whatever code page they were read in, such text has the character of a UTF-8 lead byte (C2 to F4) before that of a continuation byte (80 to
BF). A regular expression of our own looks for that, and only the lines that have it are shown to ftfy (Speer 2019), which is slow and knows
which of them make sense. Without ftfy only the two usual code pages are looked at.
"""

import re
from functools import cache
from importlib.util import find_spec

_CODE_PAGES = ("latin-1", "cp1252", "iso8859-2", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac-roman", "cp437")
_USUAL = ("cp1252", "latin-1")
_SEQUENCE = re.compile(r"[\u00c2-\u00f4][^\x00-\x7f]{1,3}")


def installed() -> bool:
    """Whether ftfy is there."""
    return find_spec("ftfy") is not None


def mended(line: str, with_ftfy: bool) -> str | None:
    """Return what a line with broken encoding should be, or None if there is nothing wrong with it."""
    if line.isascii() or not _suspicious().search(line):
        return None
    if not with_ftfy:
        found = _SEQUENCE.sub(lambda match: _reread(match[0]), line)
        return found if found != line else None
    from ftfy import TextFixerConfig, fix_encoding

    # Only the encoding: curly quotes, entities and the like are no faults of a corpus.
    found = fix_encoding(line, TextFixerConfig(explain=False))
    return found if found != line else None


@cache
def _suspicious() -> re.Pattern[str]:
    pairs = set()
    for page in _CODE_PAGES:
        leads, followers = ("".join(_decoded(byte, page) for byte in range(*bounds)) for bounds in ((0xC2, 0xF5), (0x80, 0xC0)))
        pairs.add(f"[{re.escape(leads)}][{re.escape(followers)}]")
    return re.compile("|".join(sorted(pairs)))


def _decoded(byte: int, page: str) -> str:
    try:
        return bytes([byte]).decode(page)
    except UnicodeDecodeError:
        return chr(byte)  # how web browsers and ftfy read what a code page leaves out


def _reread(characters: str) -> str:
    """Read as many characters as make sense as UTF-8, from the first on."""
    for page in _USUAL:
        for length in range(len(characters), 1, -1):
            try:
                return characters[:length].encode(page).decode("utf-8") + characters[length:]
            except UnicodeError:
                continue
    return characters
