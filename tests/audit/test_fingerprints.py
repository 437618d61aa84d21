"""Duplicates and leakage against the plainest program that finds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.audit import fingerprints
from nmt.audit.findings import Finding
from nmt.audit.fingerprints import Fingerprints, Place

Pairs = list[tuple[int, int]]
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


def plainly(sets: list[Pairs], places: list[Place]) -> dict[Finding, set[tuple[int, int]]]:
    """(set, place in the set) of each finding."""
    found: dict[Finding, set[tuple[int, int]]] = {}
    for number, these in enumerate(sets):
        for row, (source, target) in enumerate(these):
            before = these[:row]
            kinds = []
            if (source, target) in before:
                kinds.append(Finding.DUPLICATE_PAIR)
            else:
                kinds += [Finding.DUPLICATE_SOURCE] * any(source == other for other, _ in before)
                kinds += [Finding.DUPLICATE_TARGET] * any(target == other for _, other in before)
            for other_number, others in enumerate(sets):
                if places[number].training == places[other_number].training:
                    continue
                turned = places[number].swapped != places[other_number].swapped
                theirs = [(b, a) if turned else (a, b) for a, b in others]
                if (source, target) in theirs:
                    kinds.append(Finding.LEAKED_PAIR)
                held_swapped = turned and places[number].training
                side = 1 if held_swapped else 0  # where the held-out source lies in this set
                if any((source, target)[side] == other[side] for other in theirs):
                    kinds.append(Finding.LEAKED_SOURCE)
            for kind in kinds:
                found.setdefault(kind, set()).add((number, row))
    found[Finding.LEAKED_SOURCE] = found.get(Finding.LEAKED_SOURCE, set()) - found.get(Finding.LEAKED_PAIR, set())
    return {kind: rows for kind, rows in found.items() if rows}


def compared(sets: list[Pairs], places: list[Place]) -> dict[Finding, set[tuple[int, int]]]:
    store = Fingerprints()
    for number, these in enumerate(sets):
        if these:
            hashes = np.array([[source * 7919, target * 104_729] for source, target in these], np.uint64)
            if places[number].swapped:  # a language has the same hashes on either side
                hashes = np.array([[source * 104_729, target * 7919] for source, target in these], np.uint64)
            lines = np.arange(1, len(these) + 1, dtype=np.uint32)
            store.add(number, lines, np.zeros(len(these), np.uint32), hashes, places[number].swapped)
    store.compare(places, lambda done, of: None)
    found: dict[Finding, set[tuple[int, int]]] = {}
    for number in range(len(sets)):
        for row, bits in enumerate(store.found(*store.bounds(number))):
            for finding in Finding:
                if bits & finding.bit:
                    found.setdefault(finding, set()).add((number, row))
    store.close()
    return found


@given(pairs, pairs, pairs, st.tuples(st.booleans(), st.booleans()))
@settings(max_examples=60, deadline=None)
def test_what_is_there_again_is_found_whatever_the_parts(one: Pairs, two: Pairs, held: Pairs, swapped: tuple[bool, bool]) -> None:
    places = [Place(True, False), Place(True, swapped[0]), Place(False, swapped[1])]
    sets = [one, two, held]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_PART_PAIRS", 5)
        patch.setattr(fingerprints, "_READ_PAIRS", 4)
        assert compared(sets, places) == plainly(sets, places)


def test_the_first_of_each_are_told_with_what_they_repeat() -> None:
    store = Fingerprints()
    hashes = np.array([[1, 1], [2, 2], [1, 1], [1, 3]], np.uint64)
    store.add(0, np.array([5, 6, 7, 8], np.uint32), np.zeros(4, np.uint32), hashes)
    first = store.compare([Place(True, False)], lambda done, of: None)
    assert first[Finding.DUPLICATE_PAIR] == [(2, 0)]
    assert first[Finding.DUPLICATE_SOURCE] == [(3, 0)]
    assert store.line(2) == 7
    store.close()


def test_what_is_no_text_repeats_nothing() -> None:
    store = Fingerprints()
    broken = np.array([Finding.EMPTY.bit, 0, Finding.EMPTY.bit], np.uint32)
    store.add(0, np.array([1, 2, 3], np.uint32), broken, np.ones((3, 2), np.uint64))
    assert [partners for partners in store.compare([Place(True, False)], lambda done, of: None).values() if partners] == []
    store.close()
