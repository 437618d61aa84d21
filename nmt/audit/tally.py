"""Counts of what is found while blocks come in: for each set and finding the number, the first lines and the first examples."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from nmt.audit.block import Example
from nmt.audit.checker import Checked
from nmt.audit.findings import Finding
from nmt.audit.report import Found

FIRST_LINES = 10
EXAMPLES = 3
COMPARED = (
    *(Finding.DUPLICATE_PAIR, Finding.DUPLICATE_SOURCE, Finding.DUPLICATE_TARGET, Finding.LEAKED_PAIR),
    Finding.LEAKED_SOURCE,
)
"""Findings that are known only when all pairs have been read."""


class Tally:
    """What was found in all sets."""

    def __init__(self, dropped: frozenset[Finding]) -> None:
        self._dropped = dropped
        self._found: dict[tuple[str, Finding], Found] = {}
        self.characters: dict[Finding, Counter[str]] = {}

    def add(self, set_name: str, training: bool, block: Checked) -> None:
        """Add a block of a set."""
        for finding in Finding:
            places = np.flatnonzero(block.found & np.uint32(finding.bit))
            if len(places):
                self.count(set_name, training, finding, len(places), block.lines[places[:FIRST_LINES]].tolist())
                self.show(set_name, finding, block.examples.get(finding, ()))
        for finding, characters in block.characters.items():
            self.characters.setdefault(finding, Counter()).update(characters)

    def count(self, set_name: str, training: bool, finding: Finding, count: int, lines: Iterable[int]) -> None:
        """Add a number of pairs, with the first lines among them."""
        one = self._found.setdefault((set_name, finding), Found(finding, set_name, training and finding in self._dropped))
        one.count += count
        one.lines += list(lines)[: FIRST_LINES - len(one.lines)]

    def show(self, set_name: str, finding: Finding, examples: Iterable[Example]) -> None:
        """Add examples, while there are few."""
        one = self._found[set_name, finding]
        one.examples += list(examples)[: EXAMPLES - len(one.examples)]

    def found(self, set_names: list[str]) -> list[Found]:
        """Return all findings, set by set in the order of the kinds."""
        return [self._found[name, finding] for name in set_names for finding in Finding if (name, finding) in self._found]
