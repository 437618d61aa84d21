"""XLIFF 1.2 and 2.0 as units: source and target with their languages, their state, and their inline codes as text.

What stands inside an inline element (`g`, `pc`, `mrk`, `bpt`, `ept`, `ph`, `it`) stays. An element without content (`x`, `bx`, `ex`, `ph`,
`sc`, `ec`) stands for a code of the original document: it leaves the original data that the unit keeps for it (2.0), else its `equiv-text`
(1.2) or `equiv` (2.0), else nothing.
"""

from collections.abc import Iterator
from typing import Any

_UNSURE_STATES = {
    "new",
    "initial",
    "needs-translation",
    "needs-adaptation",
    "needs-l10n",
    "needs-review-translation",
    "needs-review-adaptation",
    "needs-review-l10n",
}
"""Values of `state` that say that somebody has yet to work on the target: of 1.2, and `initial` of 2.0."""


def read_xliff(data: bytes) -> Iterator[tuple[str, str, str | None, str | None, bool]]:
    """Yield source, target, their languages as the file names them, and whether the unit is marked as unfinished.

    Raises:
        Exception: what the library or its XML parser says of a damaged file.
    """
    for unit in _units(data):
        element = unit.xmlelement
        originals = {str(one.get("id")): _text(one, {}) for one in unit.getunitelement().iter("{*}data")} if _is_version_2(unit) else {}
        source, target = (_text(side, originals) if side is not None else "" for side in (unit.source_dom, unit.target_dom))
        state = element.get("state") or (unit.target_dom.get("state") if unit.target_dom is not None else None)
        unfinished = state in _UNSURE_STATES or element.get("approved") == "no"
        yield (
            source,
            target,
            _inherited(element, "source-language", "srcLang"),
            _inherited(element, "target-language", "trgLang"),
            unfinished,
        )


def _units(data: bytes) -> list[Any]:
    from translate.storage.xliff import xlifffile
    from translate.storage.xliff2 import Xliff2File

    try:
        store: Any = xlifffile.parsestring(data)
    except ValueError:  # how the library says that it is of version 2
        store = Xliff2File.parsestring(data)
    return list(store.units)


def _is_version_2(unit: Any) -> bool:
    return hasattr(unit, "getunitelement")


def _inherited(element: Any, *names: str) -> str | None:
    """The first of these attributes on the nearest element round this one."""
    for place in element.iterancestors():
        for name in names:
            if place.get(name):
                return str(place.get(name))
    return None


def _text(element: Any, originals: dict[str, str]) -> str:
    """The text below an element, inline codes as the module says."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):  # else a comment or a processing instruction
            begin = originals.get(child.get("dataRef") or child.get("dataRefStart") or "", "")
            end = originals.get(child.get("dataRefEnd") or "", "")
            inner = _text(child, originals)
            parts.append(f"{begin}{inner}{end}" or child.get("equiv-text") or child.get("equiv") or "")
        parts.append(child.tail or "")
    return "".join(parts)
