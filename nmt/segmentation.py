"""Paragraphs and long lines to sentences with their offsets, and back; `--paragraphs` and the server use it alike.

A segment never has white space at its ends: that lies between the segments and is kept as it is.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from nmt.sentence_ends import MARKS, QUOTES, TOUCHING_END, sentence_ends


class Segment(NamedTuple):
    """A stretch of a text, `text[start:end]`: never empty, no white space at either end."""

    text: str
    start: int
    end: int


_CLAUSE_END = re.compile(rf"(?<![{MARKS};:,،؛–—-])[{MARKS};:,،؛–—-]+[{QUOTES})\]}}]*(?=\s)|[)\]}}](?=\s)|[，；：、—]+|{TOUCHING_END}")
_WORD_END = re.compile(r"\S+")
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Scripts that set no space between sentences: Thai, Lao, Burmese, Khmer, Chinese, Japanese and the full-width forms.
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef।॥]")
# Languages whose sentences stand side by side; the codes of ISO 639-1 and 639-3.
_SPACELESS_LANGUAGES = frozenset(
    {"zh", "zho", "cmn", "yue", "wuu", "ja", "jpn", "th", "tha", "lo", "lao", "km", "khm", "my", "mya", "bo", "bod"}
)


def split_sentences(text: str, language: str | None = None) -> list[Segment]:
    """Return the sentences of `text`, in order; only white space lies between them. A line break counts as any white space."""
    return _trimmed(text, sentence_ends(text, language))


def split_lines(text: str) -> list[Segment]:
    """Return the lines of `text` that are not blank, without the white space at their ends."""
    return [_moved(segment, line.start()) for line in _LINE.finditer(text) for segment in _trimmed(line[0], [])]


def split_paragraphs(text: str, language: str | None = None) -> list[Segment]:
    """Return the sentences of a text of many lines: a sentence never crosses a line break, and blank lines hold none."""
    return [_moved(part, line.start) for line in split_lines(text) for part in split_sentences(line.text, language)]


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


def split_long(text: str, fits: Callable[[str], bool], language: str | None = None) -> list[Segment]:
    """Cut a text into segments that fit: at sentence ends, where that is not enough at clause ends, white space, characters.

    Each sentence is a segment of its own, because that is what a model has learnt from; below sentences as much as fits goes into each
    segment. `fits` is asked some twenty times a segment at most, about texts of about a segment's length
    (a search that starts from the last segment's size), so the time is linear in the text even if one call's time is linear in its own.

    Args:
        text: Any text.
        fits: Whether a text is short enough. Assumed, not needed, to hold for every part of a text for which it holds.
        language: Code of the text's language.

    Returns:
        Segments that each fit; one that does not is a single character.
    """
    whole = _trimmed(text, [])
    return whole if not whole or fits(whole[0].text) else list(_cut(whole[0], fits, 0, language))


def _split_clauses(text: str, _language: str | None) -> list[Segment]:
    return _trimmed(text, (match.end() for match in _CLAUSE_END.finditer(text)))


def _split_words(text: str, _language: str | None) -> list[Segment]:
    return [Segment(match[0], match.start(), match.end()) for match in _WORD_END.finditer(text)]


_SPLITTERS: tuple[Callable[[str, str | None], list[Segment]], ...] = (split_sentences, _split_clauses, _split_words)


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


def _cut(segment: Segment, fits: Callable[[str], bool], level: int, language: str | None) -> Iterator[Segment]:
    """Cut a segment that does not fit at the ends that this level knows, and what still does not fit at the next level's."""
    text, offset = segment.text, segment.start
    if level == len(_SPLITTERS):
        yield from (_moved(part, offset) for part in _cut_characters(text, fits))
        return
    parts = _SPLITTERS[level](text, language)
    if len(parts) == 1:
        yield from _cut(segment, fits, level + 1, language)
        return
    if level == 0:
        for part in parts:
            whole = _moved(part, offset)
            yield from [whole] if fits(part.text) else _cut(whole, fits, level + 1, language)
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
            yield from _cut(_moved(parts[done], offset), fits, level + 1, language)
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
