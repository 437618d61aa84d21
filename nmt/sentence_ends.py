"""Where sentences end: sentencex, which knows some three hundred languages, and rules of our own that it is checked against.

Where the two differ, or a rule is unsure, there is no end: two sentences translated together cost less than one sentence cut in two.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any

MARKS = ".!?…‽؟۔"
QUOTES = "\"'“”„‟‘’‚«»‹›"
# In texts that set spaces, a mark ends a sentence only before white space: 3.14, example.org and file.txt stay whole. The look-behind
# lets a run of marks be tried at its first mark only, without which a megabyte of dots would take quadratic time.
_SPACED_END = rf"(?<![{MARKS}])(?P<marks>[{MARKS}]+)(?P<closing>(?:[{QUOTES})\]}}]|[ \u00a0\u202f]»)*)(?=\s|\Z)"
TOUCHING_END = r"[。！？｡।॥።။។]+[”’」』）】》〉)\]]*"
_SENTENCE_END = re.compile(f"{_SPACED_END}|{TOUCHING_END}")
_NEXT_CHARACTER = re.compile(rf"\s*[{QUOTES}(\[{{¿¡]*(.?)", re.DOTALL)
_BEFORE_WORD = re.compile(r"[\s\"“„‟«»‹›(\[{/]")
_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Characters that sentencex is shown together: its time is quadratic in the quotation marks of a text. Longer texts are cut at sure ends.
_AT_ONCE = 10_000
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")  # e.g  z.B  U.S


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# Written with a full stop and followed by what they belong to; en, de, fr, cs. Those that often end a sentence (etc., usw., atd.) are
# not here.
_ABBREVIATIONS = _words(
    "mr mrs ms messrs dr drs prof rev hon gen col capt cpt lt sgt maj gov sen rep pres st ste mt vs approx dept e.g i.e viz cf",
    "hr hrn fr frl dipl mag bzw ca vgl evtl ggf inkl exkl sog geb gest zzgl abzgl einschl insb mind höchst allg",
    "mme mlle mgr c.-à-d p.ex env boul",
    "bc ing mudr judr phdr rndr doc sv např tj tzv tzn resp cca mj popř příp tř nám",
)
_BEFORE_NUMBER = _words(
    "no nos nr art fig figs vol chap ch sec eq pp p pg tel jan feb aug sept oct nov dec",
    "abs abb bd kap tab s č čl str odst obr §",
)


def sentence_ends(text: str, language: str | None = None) -> list[int]:
    """Return the offsets at which a sentence of `text` ends, in order; white space after it may or may not be counted to it.

    Args:
        text: Any text. A line break counts as any white space.
        language: Its code. Without one, or where sentencex is not installed, our own rules decide alone.
    """
    found = [(match.end(), _ends_sentence(text, match)) for match in _SENTENCE_END.finditer(text)]
    sure, unsure = [end for end, ends in found if ends], {end for end, ends in found if not ends}
    splitter = _sentencex() if language else None
    if splitter is None:
        return sure
    one_line = _LINE_BREAK.sub(" ", text)
    return [end for end in _sentencex_ends(splitter, one_line, language, sure) if _bare_end(one_line, end) not in unsure]


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    marks, closing = match["marks"], match["closing"]
    if marks is None:  # 。 and its like are unambiguous
        return True
    following = _NEXT_CHARACTER.match(text, match.end())
    after = following[1] if following else ""
    if after.islower() and (closing or not set(marks) & set("!?‽")):
        return False
    if marks != "." or closing or not after:
        return True
    word = _BEFORE_WORD.split(text[max(0, match.start() - 24) : match.start()])[-1].strip("'‘’‚").lower()
    ordinal = word.isdecimal() and len(word) <= 2  # 3. Mai, 19. století, 1. at the head of a list
    initial = len(word) == 1 and word.upper() != word  # J. R. Jones, M. Dupont, z. B.
    abbreviation = word in _ABBREVIATIONS or _DOTTED.fullmatch(word)
    return not (ordinal or initial or abbreviation or (word in _BEFORE_NUMBER and after.isdecimal()))


def _bare_end(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def _sentencex_ends(splitter: Any, text: str, language: str | None, sure: list[int]) -> Iterator[int]:
    start = 0
    while start < len(text):
        stop = min(start + _AT_ONCE, len(text))
        is_end = stop == len(text)
        if not is_end and (before := bisect_right(sure, stop)) and sure[before - 1] > start:
            stop, is_end = sure[before - 1], True
        for boundary in splitter.get_sentence_boundaries(language, text[start:stop]):
            end = start + boundary["end_index"]
            if end < stop or is_end:
                yield end
        start = stop


@cache
def _sentencex() -> Any:
    """The library, or None on a system for which it has no wheel."""
    try:
        import sentencex
    except ImportError:
        return None
    return sentencex
