"""Language codes: what a file's name says, and whether two mean one language (`en` is met by `en-US`; `pt-BR` not by `pt-PT`)."""

import re
from collections.abc import Iterable
from pathlib import Path

_CODE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")


def same_language(one: str, other: str) -> bool:
    """Whether one code is the other, or its beginning subtag by subtag (RFC 4647, basic filtering, in either direction)."""
    first, second = _subtags(one), _subtags(other)
    shorter = min(len(first), len(second))
    return shorter > 0 and first[:shorter] == second[:shorter]


def best_match(codes: Iterable[str], wanted: str) -> str | None:
    """Return the code that is `wanted` itself, else the first that means the same language, else None."""
    matching = [code for code in codes if same_language(code, wanted)]
    return next((code for code in matching if _subtags(code) == _subtags(wanted)), matching[0] if matching else None)


def language_of_file(path: Path) -> str | None:
    """The language that a file's name ends in: `train.en`, `train.pt-BR.gz`; None where it ends in something else, such as .txt."""
    ending = Path(path.name.removesuffix(".gz")).suffix.removeprefix(".")
    return ending if _CODE.fullmatch(ending) and ending not in {"txt", "csv", "tsv", "gz", "xml"} else None


def _subtags(code: str) -> list[str]:
    return [part for part in code.lower().replace("_", "-").partition(".")[0].split("-") if part]
