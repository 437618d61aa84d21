"""What must be on both sides alike: numbers, web and mail addresses, placeholders and tags. Each side's are compared in any order."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from nmt.copying import ADDRESS_PATTERN

_NUMBER = re.compile(r"\d+(?:[.,:'’\u00a0\u202f]\d+)*")
_ADDRESS = re.compile(ADDRESS_PATTERN)
_AROUND = "\"'“”„‘’«»()[]{}<>.,;:!?…。，"
_PLACEHOLDER = re.compile(
    r"%%|(?<!\d)%(?:\d+\$|\(\w+\))?[-+0#]*\d*(?:\.\d+)?(?:hh?|ll?|[zjtL])?[diouxXeEfFgGcsp@]"  # printf: %s, %1$d, %(name)s
    r"|%\{\w+\}|\$\{[\w.]+\}|\{\{\s*[\w.]+\s*\}\}|\{[\w.]*\}"  # %{name}, ${name}, {{ name }}, {0}, {name}, {}
    r"|</?[A-Za-z][\w:-]*(?=[\s/>])[^<>]*>"
)
_ICU_ARGUMENT = re.compile(r"\{\s*(\w+)\s*,\s*(?:plural|select|selectordinal|number|date|time)\b")
_POSITION = re.compile(r"(?<=^%)\d+\$")
_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)")


def numbers_differ(source: str, target: str) -> str | None:
    """Return which numbers only one side has: `5 ≠ 7`. What groups digits or parts decimals is not looked at: 1,000.5 is 1.000,5."""
    return _difference(source, target, _numbers)


def addresses_differ(source: str, target: str) -> str | None:
    """Return which web or mail addresses only one side has."""
    return _difference(source, target, _addresses)


def placeholders_differ(source: str, target: str) -> str | None:
    """Return which placeholders or tags only one side has. Of a tag its name counts: attributes may be translated."""
    return _difference(source, target, _placeholders)


def without_addresses(text: str) -> str:
    """Return a text without its web and mail addresses."""
    return _ADDRESS.sub("", text)


def _difference(source: str, target: str, parts: Callable[[str], Iterable[str]]) -> str | None:
    left, right = Counter(parts(source)), Counter(parts(target))
    if left == right:
        return None
    return " ≠ ".join(" ".join(sorted(side.elements())) or "none" for side in (left - right, right - left))


def _numbers(text: str) -> Iterable[str]:
    for match in _NUMBER.finditer(text):
        digits = "".join(character for character in match[0] if character.isdecimal())
        if not digits.isascii():
            digits = "".join(str(unicodedata.decimal(character)) for character in digits)
        yield digits.lstrip("0") or "0"


def _addresses(text: str) -> Iterable[str]:
    return (match[0].strip(_AROUND).rstrip("/").lower() for match in _ADDRESS.finditer(text))


def _placeholders(text: str) -> Iterable[str]:
    if "," in text and (arguments := _ICU_ARGUMENT.findall(text)):  # an ICU message: what its cases say is text
        yield from (f"{{{argument},}}" for argument in arguments)
        return
    for match in _PLACEHOLDER.finditer(text):
        found = match[0]
        if tag := _TAG.match(found):
            yield f"<{tag[1]}{tag[2].lower()}>"
        elif found != "%%":
            yield _POSITION.sub("", "".join(found.split()))  # {{ x }} is {{x}}; %1$s is %s in a fixed order
