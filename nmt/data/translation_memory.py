"""A translator's own memory as sentence pairs: TMX as a stream, PO, MO and XLIFF through translate-toolkit.

Units are numbered from 1 over all files of a list, and a unit that is left out comes through with its reason, so that it is counted:
`fuzzy` (marked as needing work, unless they are asked for), `untranslated` (a side is empty), `obsolete` (kept by gettext for later), and
`other_language` (no text in one of the two languages). Each plural form of a PO unit is a pair of its own. A line break in a unit
becomes a space.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from nmt.data.language_codes import best_match, same_language
from nmt.data.parallel_text import FUZZY, OBSOLETE, OTHER_LANGUAGE, UNTRANSLATED, SentencePair, one_line
from nmt.data.tmx import read_tmx
from nmt.data.xliff import read_xliff
from nmt.errors import CorpusError

_CHARSET = re.compile(rb"charset=([A-Za-z0-9_-]+)")
_HEADER_BYTES = 4096


class _Unit(NamedTuple):
    """A unit in the direction that is asked for; `languages` are the file's own codes where it has one side only or neither."""

    source: str = ""
    target: str = ""
    fault: str | None = None
    languages: tuple[str, ...] = ()


def read_memories(paths: tuple[Path, ...], source: str, target: str, *, fuzzy: bool = False) -> Iterator[SentencePair]:
    """Yield the units of some memories as pairs; those that are left out have a `fault`.

    Args:
        paths: .tmx, .po, .mo, .xlf or .xliff, plain or .gz.
        source, target: language codes; a file's own may be finer (en-US for en), and it may be of the opposite direction.
        fuzzy: units that are marked as unfinished are used too.

    Raises:
        CorpusError: a file that is missing, damaged, or in other languages; translate-toolkit is needed and not installed.
    """
    number = 0
    for path in paths:
        others: dict[str, None] = {}
        met = False
        for unit in _units(path, source, target, fuzzy=fuzzy):
            number += 1
            met = met or unit.fault != OTHER_LANGUAGE
            others |= dict.fromkeys(unit.languages)
            left, right = one_line(unit.source), one_line(unit.target)
            fault = unit.fault or (None if left and right else UNTRANSLATED)
            yield SentencePair(left, right, number, fault)
        if not met:
            found = f"it has {', '.join(others) or 'no language codes'}" if others or number else "it has no units at all"
            raise CorpusError(f"{path} has no unit in {source} and {target}; {found}")


def _units(path: Path, source: str, target: str, *, fuzzy: bool) -> Iterator[_Unit]:
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    try:
        with cast(BinaryIO, gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")) as file:
            if kind == ".tmx":
                for texts in read_tmx(file, path):
                    yield _of_tmx(texts, source, target)
                return
            data = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{path}: damaged or truncated gzip: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error
    reader = _of_xliff if kind in {".xlf", ".xliff"} else _of_po
    try:
        yield from reader(path, data, source, target, fuzzy=fuzzy)
    except ImportError as error:
        raise CorpusError(
            f"{path.name} is read by translate-toolkit, which is not installed: pip install 'carousel-nmt[corpora]'"
        ) from error
    except CorpusError:
        raise
    except Exception as error:  # each format of the library has its own kinds: syntax, Unicode, struct, StopIteration
        said = " ".join(str(error).split()) or "it ends too early, or is of another kind"
        raise CorpusError(f"{path} is damaged or no {kind} file: {said}") from error


def _of_tmx(texts: dict[str, str], source: str, target: str) -> _Unit:
    left, right = best_match(texts, source), best_match(texts, target)
    if left is None or right is None or left == right:
        return _Unit(fault=OTHER_LANGUAGE, languages=tuple(texts))
    return _Unit(texts[left], texts[right])


def _of_xliff(path: Path, data: bytes, source: str, target: str, *, fuzzy: bool) -> Iterator[_Unit]:
    if b"<!ENTITY" in data:
        raise CorpusError(f"{path} declares entities of its own, which an XLIFF has no need of: remove them")
    for first, second, first_language, second_language, unfinished in read_xliff(data):
        order = _direction(first_language, second_language, source, target)
        fault = FUZZY if unfinished and second and not fuzzy else None
        if order is None:
            yield _Unit(fault=OTHER_LANGUAGE, languages=tuple(filter(None, (first_language, second_language))))
        else:
            yield _Unit(*((first, second) if order else (second, first)), fault)


def _of_po(path: Path, data: bytes, source: str, target: str, *, fuzzy: bool) -> Iterator[_Unit]:
    """PO or MO. Only the language of the translations is written there; the source is taken to be the other one of the run."""
    from translate.storage.mo import mofile
    from translate.storage.pypo import pofile

    store: Any = pofile.parsestring(_as_utf8(data)) if path.name.lower().removesuffix(".gz").endswith(".po") else mofile.parsestring(data)
    language = store.parseheader().get("Language")
    order = _direction(None, language, source, target)
    for unit in store.units:
        if unit.isheader():
            continue
        if order is None:
            yield _Unit(fault=OTHER_LANGUAGE, languages=(str(language),))
            continue
        fault = OBSOLETE if unit.isobsolete() else FUZZY if unit.isfuzzy() and not fuzzy else None
        forms = [[str(form) for form in getattr(side, "strings", [side or ""])] for side in (unit.source, unit.target)]
        for place in range(max(map(len, forms))):  # each form a pair; a side with fewer forms uses its last one again
            first, second = (side[min(place, len(side) - 1)] for side in forms)
            yield _Unit(*((first, second) if order else (second, first)), fault if second else fault or UNTRANSLATED)


def _direction(first: str | None, second: str | None, source: str, target: str) -> bool | None:
    """Whether a file's two sides are source and target (True), the other way round (False), or neither; a side may be unnamed."""
    if _fits(first, source) and _fits(second, target):
        return True
    return False if _fits(first, target) and _fits(second, source) else None


def _fits(code: str | None, wanted: str) -> bool:
    return not code or same_language(code, wanted)


def _as_utf8(data: bytes) -> bytes:
    """A PO file whose header names another character set, in UTF-8; an unknown name, such as the template's CHARSET, is left alone."""
    named = _CHARSET.search(data, 0, _HEADER_BYTES)
    charset = named[1].decode() if named else "utf-8"
    try:
        return (
            data
            if named is None or charset.lower() in {"utf-8", "utf8"}
            else data.decode(charset).encode().replace(named[0], b"charset=UTF-8", 1)
        )
    except LookupError:
        return data
