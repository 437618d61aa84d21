"""The text a second time: the lines of examples that were known only when all had been compared, and what `--write` writes."""

from collections.abc import Callable

from nmt.audit.block import Example
from nmt.audit.findings import Finding
from nmt.audit.fingerprints import Fingerprints, Partner
from nmt.audit.reading import TextSet
from nmt.audit.tally import EXAMPLES
from nmt.audit.write import CleanedText
from nmt.errors import CorpusError


def read_again(
    sets: list[TextSet],
    fingerprints: Fingerprints,
    partners: dict[Finding, list[Partner]],
    writer: CleanedText | None,
    moved: Callable[[int], None],
) -> dict[tuple[str, Finding], list[Example]]:
    """Read every set as far as a line of it is needed, and return the examples of what was found by comparing.

    Raises:
        CorpusError: the text has changed since it was read first.
    """
    wanted: dict[int, list[tuple[Finding, str]]] = {}
    for finding, found in partners.items():
        shown: dict[int, int] = {}
        for row, partner in found:
            place = fingerprints.set_of(row)
            shown[place] = shown.get(place, 0) + 1
            if shown[place] <= EXAMPLES:
                wanted.setdefault(row, []).append((finding, _as(sets, fingerprints, place, partner)))
    examples: dict[tuple[str, Finding], list[Example]] = {}
    for place, text in enumerate(sets):
        start, end = fingerprints.bounds(place)
        mine = [row for row in wanted if start <= row < end]
        writes = writer if text.training else None
        if not mine and writes is None:
            continue
        last = end if writes else max(mine) + 1
        count = 0
        for row, (pair, bits) in enumerate(zip(text.pairs(moved), fingerprints.found(start, last), strict=False), start=start):
            count += 1
            if writes:
                writes.add(text, pair, bits)
            for finding, note in wanted.get(row, ()):
                examples.setdefault((text.name, finding), []).append(Example(pair.line, pair.source, pair.target, note))
        if count != last - start:
            raise CorpusError(f"{text.label} has become shorter while it was audited: audit it again")
    return examples


def _as(sets: list[TextSet], fingerprints: Fingerprints, place: int, partner: int) -> str:
    other = fingerprints.set_of(partner)
    where = "" if other == place else f" of {sets[other].name}"
    return f"as line {fingerprints.line(partner):,}{where}"
