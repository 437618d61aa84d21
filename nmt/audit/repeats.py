"""Which records have the same hashes: the comparisons of one part of the fingerprints, as sorts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmt.audit.findings import Finding

Records = NDArray[Any]
"""Fields source, target, line and found: two hashes, in the order of the main direction, the line, and a bit for each finding."""
Partners = NDArray[np.int64]
"""[found, 2]: the number of a record, and that of the one that it repeats."""


def repeated(
    rows: NDArray[np.int64], records: Records, column: str, sets: NDArray[np.int64], own_source: NDArray[np.bool_]
) -> Iterator[tuple[Finding, Partners]]:
    """Yield what is in a set again: whole pairs, and this side beside another one; each with the first pair that has it.

    Args:
        rows: numbers of the records.
        records: those whose `column` falls into this part.
        column: the side that is compared; whole pairs are compared with `source`.
        sets: the set of each.
        own_source: whether the column is the source of that set, not its target.
    """
    if column == "source":
        order = np.lexsort((rows, records["target"], records["source"], sets))
        again = _again(sets[order], records["source"][order], records["target"][order])
        yield Finding.DUPLICATE_PAIR, _with_first(rows[order], again)
        fresh = np.sort(order[~again])
    else:
        fresh = np.flatnonzero((records["found"] & np.uint32(Finding.DUPLICATE_PAIR.bit)) == 0)
    order = fresh[np.lexsort((rows[fresh], records[column][fresh], sets[fresh]))]
    again = _again(sets[order], records[column][order])
    for finding, chosen in ((Finding.DUPLICATE_SOURCE, own_source[order]), (Finding.DUPLICATE_TARGET, ~own_source[order])):
        partners = _with_first(rows[order], again)
        yield finding, partners[chosen[again]]


def leaked(
    rows: NDArray[np.int64], records: Records, column: str, training: NDArray[np.bool_], held: NDArray[np.bool_]
) -> Iterator[tuple[Finding, Partners]]:
    """Yield training and held-out pairs that share both sides, and those that share only the held-out source; each with one of the other.

    Args:
        rows: numbers of the records.
        records: those whose `column` falls into this part.
        column: the side in which the sources of `held` are.
        training: which records are trained on.
        held: which are of held-out sets that have their sources in this column.
    """
    other = "target" if column == "source" else "source"
    seen, kept = np.flatnonzero(training), np.flatnonzero(held)
    whole: list[Partners] = []
    sources: list[Partners] = []
    for one, two in ((seen, kept), (kept, seen)):
        pair = _partner(_mixed(records, column, other)[one], _mixed(records, column, other)[two])
        source = _partner(records[column][one], records[column][two])
        for places, chosen, found in ((pair, pair >= 0, whole), (source, (source >= 0) & (pair < 0), sources)):
            found.append(np.stack([rows[one[chosen]], rows[two[places[chosen]]]], axis=1))
    yield Finding.LEAKED_PAIR, np.concatenate(whole)
    yield Finding.LEAKED_SOURCE, np.concatenate(sources)


def _again(*keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each of the sorted rows has the keys of the row before."""
    again = np.ones(len(keys[0]), np.bool_)
    again[:1] = False
    for key in keys:
        again[1:] &= key[1:] == key[:-1]
    return again


def _with_first(rows: NDArray[np.int64], again: NDArray[np.bool_]) -> Partners:
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
    return np.stack([rows[again], rows[first[again]]], axis=1)


def _partner(wanted: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The place of the first equal hash among `known`, or -1."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    return np.where(known[order][place] == wanted, order[place], -1)


def _mixed(records: Records, column: str, other: str) -> NDArray[np.uint64]:
    """One hash of both sides; its last bits, too, depend on both."""
    mixed: NDArray[np.uint64] = records[column] * np.uint64(0x9E3779B97F4A7C15) ^ (
        records[other] * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(7)
    )
    return mixed
