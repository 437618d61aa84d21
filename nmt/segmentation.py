"""Paragraphs and long lines to sentences with their offsets, and back; `--paragraphs` and the server use it alike.

The splitter is a few rules over Unicode sentence ends, the same for every language. Where it is unsure it does not split: two sentences
translated together cost less than one sentence cut in two.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Segment(NamedTuple):
    """A stretch of a text, `text[start:end]`: never empty, no white space at either end."""

    text: str
    start: int
    end: int


_MARKS = ".!?…‽؟۔"
_QUOTES = "\"'“”„‟‘’‚«»‹›"
# In texts that set spaces, a mark ends a sentence only before white space: 3.14, example.org and file.txt stay whole. The look-behind
# lets a run of marks be tried at its first mark only, without which a megabyte of dots would take quadratic time.
_SPACED_END = rf"(?<![{_MARKS}])(?P<marks>[{_MARKS}]+)(?P<closing>(?:[{_QUOTES})\]}}]|[ \u00a0\u202f]»)*)(?=\s|\Z)"
_TOUCHING_END = r"[。！？｡।॥።။។]+[”’」』）】》〉)\]]*"
_SENTENCE_END = re.compile(f"{_SPACED_END}|{_TOUCHING_END}")
_CLAUSE_END = re.compile(rf"(?<![{_MARKS};:,،؛–—-])[{_MARKS};:,،؛–—-]+[{_QUOTES})\]}}]*(?=\s)|[)\]}}](?=\s)|[，；：、—]+|{_TOUCHING_END}")
_WORD_END = re.compile(r"\S+")
_NEXT_CHARACTER = re.compile(rf"\s*[{_QUOTES}(\[{{¿¡]*(.?)", re.DOTALL)
_BEFORE_WORD = re.compile(r"[\s\"“„‟«»‹›(\[{/]")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")  # e.g  z.B  U.S
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Scripts that set no space between sentences: Thai, Lao, Burmese, Khmer, Chinese, Japanese and the full-width forms.
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef।॥]")


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# Languages whose sentences stand side by side; the codes of ISO 639-1 and 639-3.
_SPACELESS_LANGUAGES = _words("zh zho cmn yue wuu ja jpn th tha lo lao km khm my mya bo bod")

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


def split_sentences(text: str) -> list[Segment]:
    """Return the sentences of `text`, in order; only white space lies between them. A line break counts as any white space."""
    return _trimmed(text, (match.end() for match in _SENTENCE_END.finditer(text) if _ends_sentence(text, match)))


def split_paragraphs(text: str) -> list[Segment]:
    """Return the sentences of a text of many lines: a sentence never crosses a line break, and blank lines hold none."""
    return [_moved(sentence, line.start()) for line in _LINE.finditer(text) for sentence in split_sentences(line[0])]


def rejoin(text: str, segments: Sequence[Segment], translations: Sequence[str], *, between: str = "") -> str:
    """Put one translation in the place of each segment; what lay between the segments in `text` stays as it was.

    Args:
        text: What was split.
        segments: Its segments, in order.
        translations: As many.
        between: Set between two translations whose sources touched in a script without spaces: " " when the target language uses them.
    """
    parts = []
    end = 0
    for segment, translation in zip(segments, translations, strict=True):
        touching = 0 < end == segment.start and _SPACELESS.match(text[end - 1])
        parts += [between if touching else text[end : segment.start], translation]
        end = segment.end
    return "".join([*parts, text[end:]])


def base_language(code: str) -> str:
    """Return the language of a code with script or region: zh of zh-Hans, zh_CN and ZH."""
    return code.replace("_", "-").split("-")[0].lower()


def writes_spaces(language: str) -> bool:
    """Tell whether a language sets a space between two sentences."""
    return base_language(language) not in _SPACELESS_LANGUAGES


def split_long(text: str, fits: Callable[[str], bool]) -> list[Segment]:
    """Cut a text into segments that fit: at sentence ends, where that is not enough at clause ends, white space, characters.

    Each sentence is a segment of its own, because that is what a model has learnt from; below sentences as much as fits goes into each
    segment. `fits` is asked some twenty times a segment at most, about texts of about a segment's length
    (a search that starts from the last segment's size), so the time is linear in the text even if one call's time is linear in its own.

    Args:
        text: Any text.
        fits: Whether a text is short enough. Assumed, not needed, to hold for every part of a text for which it holds.

    Returns:
        Segments that each fit; one that does not is a single character.
    """
    whole = _trimmed(text, [])
    return whole if not whole or fits(whole[0].text) else list(_cut(whole[0], fits, 0))


def _split_clauses(text: str) -> list[Segment]:
    return _trimmed(text, (match.end() for match in _CLAUSE_END.finditer(text)))


def _split_words(text: str) -> list[Segment]:
    return [Segment(match[0], match.start(), match.end()) for match in _WORD_END.finditer(text)]


_SPLITTERS: tuple[Callable[[str], list[Segment]], ...] = (split_sentences, _split_clauses, _split_words)


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


def _trimmed(text: str, cuts: Iterator[int] | list[int]) -> list[Segment]:
    segments = []
    begin = 0
    for cut in [*cuts, len(text)]:
        tail = text[begin:cut].lstrip()
        if bare := tail.rstrip():
            start = cut - len(tail)
            segments.append(Segment(bare, start, start + len(bare)))
        begin = cut
    return segments


def _moved(segment: Segment, by: int) -> Segment:
    return Segment(segment.text, segment.start + by, segment.end + by)


def _cut(segment: Segment, fits: Callable[[str], bool], level: int) -> Iterator[Segment]:
    """Cut a segment that does not fit at the ends that this level knows, and what still does not fit at the next level's."""
    text, offset = segment.text, segment.start
    if level == len(_SPLITTERS):
        yield from (_moved(part, offset) for part in _cut_characters(text, fits))
        return
    parts = _SPLITTERS[level](text)
    if len(parts) == 1:
        yield from _cut(segment, fits, level + 1)
        return
    if level == 0:
        for part in parts:
            whole = _moved(part, offset)
            yield from [whole] if fits(part.text) else _cut(whole, fits, level + 1)
        return
    ends = [part.end for part in parts]
    done, count = 0, 1
    while done < len(parts):
        start = parts[done].start
        count = _most(text, start, ends, done, guess=count, fits=fits)
        if count:
            end = ends[done + count - 1]
            yield Segment(text[start:end], start + offset, end + offset)
        else:
            yield from _cut(_moved(parts[done], offset), fits, level + 1)
        done += max(count, 1)


def _cut_characters(text: str, fits: Callable[[str], bool]) -> Iterator[Segment]:
    start, count = 0, 1
    while start < len(text):
        count = max(1, _most(text, start, range(1, len(text) + 1), start, guess=count, fits=fits))
        end = start + count
        whole = _before_cluster(text, start, end)
        if whole != end and fits(text[start:whole]):
            end = whole
        yield Segment(text[start:end], start, end)
        start = end


def _most(text: str, start: int, ends: Sequence[int], first: int, *, guess: int, fits: Callable[[str], bool]) -> int:
    """Return the largest n found for which `text[start : ends[first + n - 1]]` fits, 0 if none does; steps double from `guess` outwards."""
    low, high = 0, len(ends) - first + 1  # low fits, high does not
    limit = high
    probe, step = min(max(guess, 1), high - 1), 1
    while high - low > 1:
        if fits(text[start : ends[first + probe - 1]]):
            low = probe
        else:
            high = probe
        if low == 0:
            probe = max(high - step, 1)
        elif high == limit:
            probe = min(low + step, limit - 1)
        else:
            probe = (low + high) // 2
        step *= 2
    return low


def _before_cluster(text: str, start: int, end: int) -> int:
    """Return the cut at or before `end` that parts no letter from its accents and no emoji from its parts; `end` if there is none near."""
    for cut in range(end, max(start, end - 16), -1):
        if cut == len(text):
            return cut
        joined = "\u200d" in text[cut - 1 : cut + 1] or "\U0001f3fb" <= text[cut] <= "\U0001f3ff"
        if not joined and not unicodedata.category(text[cut]).startswith("M"):
            return cut
    return end
