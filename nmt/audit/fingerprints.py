"""Duplicates and leakage: each pair has two hashes of 8 bytes, which lie in a temporary file and are compared a part at a time.

All pairs whose hash has the same remainder are in the same part, so equal ones meet. A part has half a million pairs, or a sixteenth of all
where that is more: comparing takes about 60 bytes for each of its pairs, whatever the corpus. Of a million different sentences two have
the same hash with a probability of 3·10⁻⁸ (n²/2⁶⁵).
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.audit.findings import BROKEN, Finding, bits
from nmt.audit.repeats import Records, leaked, repeated

RECORD = np.dtype([("source", "<u8"), ("target", "<u8"), ("line", "<u4"), ("found", "<u4")])
_PART_PAIRS = 500_000
_MOST_PARTS = 16
_READ_PAIRS = 100_000
_BROKEN = np.uint32(bits(BROKEN))
_FIRST = 10


class Partner(NamedTuple):
    """A pair and the one that it repeats, as numbers of records."""

    row: int
    partner: int


class Place(NamedTuple):
    """What a set is to the others."""

    training: bool
    """Whether it is trained on, not held out."""
    swapped: bool
    """Whether its source is in the main direction's target language: sides are compared by language."""


class Fingerprints:
    """The records of all pairs of all sets, on disk: 24 bytes each."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="nmt-audit-")  # noqa: SIM115 - lives as long as this object
        self.ends: list[int] = []
        """Number of records up to the end of each set."""
        self._rows = 0

    def close(self) -> None:
        """Let the temporary file go."""
        self._file.close()

    def add(
        self, place: int, lines: NDArray[np.uint32], found: NDArray[np.uint32], hashes: NDArray[np.uint64], swapped: bool = False
    ) -> None:
        """Append the pairs of a block of the set number `place`; sets come one after the other."""
        records = np.empty(len(lines), RECORD)
        records["source"], records["target"] = hashes[:, int(swapped)], hashes[:, 1 - int(swapped)]
        records["line"], records["found"] = lines, found
        self._file.write(records.tobytes())
        self._rows += len(lines)
        self.ends += [self.ends[-1] if self.ends else 0] * (place + 1 - len(self.ends))
        self.ends[place] = self._rows

    def bounds(self, place: int) -> tuple[int, int]:
        """First record of a set, and the one after its last."""
        self.ends += [self._rows] * (place + 1 - len(self.ends))
        return self.ends[place - 1] if place else 0, self.ends[place]

    def records(self, start: int, end: int) -> Iterator[Records]:
        """Yield the records from `start` to `end`, some at a time."""
        self._file.flush()
        while start < end:
            count = min(_READ_PAIRS, end - start)
            self._file.seek(start * RECORD.itemsize)
            yield np.frombuffer(self._file.read(count * RECORD.itemsize), RECORD)
            start += count

    def found(self, start: int, end: int) -> Iterator[int]:
        """Yield the bits of the records from `start` to `end`, one by one."""
        for records in self.records(start, end):
            yield from records["found"].tolist()

    def line(self, row: int) -> int:
        """Return the line of a record."""
        return int(next(self.records(row, row + 1))["line"][0])

    def set_of(self, row: int) -> int:
        """Return the set of a record."""
        return int(np.searchsorted(self.ends, row, side="right"))

    def compare(self, sets: Sequence[Place], progress: Callable[[int, int], None]) -> dict[Finding, list[Partner]]:
        """Find duplicates in each set and what training and held-out sets share, and record it.

        Args:
            sets: what the sets are, in order.
            progress: is told how many parts of how many are done.

        Returns:
            the first few of each finding and set, with what they repeat.
        """
        self.bounds(len(sets) - 1)
        training, swapped = np.array([place.training for place in sets]), np.array([place.swapped for place in sets])
        parts = max(1, min(_MOST_PARTS, -(-self._rows // _PART_PAIRS)))
        first: dict[Finding, list[Partner]] = {}
        # All of the sources come first: what is no duplicate pair is known only then.
        for done, (column, part) in enumerate(product(("source", "target"), range(parts)), start=1):
            rows, records = self._part(column, part, parts)
            of_set = self._set_of(rows)
            own_source = swapped[of_set] == (column == "target")
            found = [*repeated(rows, records, column, of_set, own_source)]
            found += leaked(rows, records, column, training[of_set], ~training[of_set] & own_source)
            for finding, partners in found:
                self._record(finding, partners[:, 0])
                first.setdefault(finding, []).extend(Partner(*pair) for pair in self._first_of_sets(partners))
            progress(done, 2 * parts)
        return {finding: sorted(partners) for finding, partners in first.items()}

    def _set_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.ends, rows, side="right")

    def _first_of_sets(self, partners: NDArray[np.int64]) -> list[list[int]]:
        ordered = partners[np.argsort(partners[:, 0], kind="stable")]
        sets = self._set_of(ordered[:, 0])
        return [row for place in np.unique(sets) for row in ordered[sets == place][:_FIRST].tolist()]

    def _part(self, column: str, part: int, parts: int) -> tuple[NDArray[np.int64], Records]:
        """The usable records whose hash falls into a part, with their numbers."""
        rows, found = [], []
        for place, records in enumerate(self.records(0, self._rows)):
            chosen = np.flatnonzero(((records["found"] & _BROKEN) == 0) & (records[column] % parts == part))
            rows.append(chosen + place * _READ_PAIRS)
            found.append(records[chosen])
        if not rows:
            return np.zeros(0, np.int64), np.zeros(0, RECORD)
        return np.concatenate(rows), np.concatenate(found)

    def _record(self, finding: Finding, rows: NDArray[np.int64]) -> None:
        """Set the bit of a finding in the records of some pairs."""
        rows = np.unique(rows)
        for start in range(0, self._rows, _READ_PAIRS):
            low, high = np.searchsorted(rows, [start, start + _READ_PAIRS])
            if low < high:
                records = next(self.records(start, min(start + _READ_PAIRS, self._rows))).copy()
                records["found"][rows[low:high] - start] |= np.uint32(finding.bit)
                self._file.seek(start * RECORD.itemsize)
                self._file.write(records.tobytes())
        self._file.flush()
