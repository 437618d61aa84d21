"""The store gives back what was written, alone and in padded rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.data.pair_store import PairStore, PairWriter
from nmt.special_tokens import PAD

Sentences = list[list[int]]


def write(folder: Path, sources: Sentences, targets: Sentences, vocabulary: int = 8000, chunk: int = 2) -> PairStore:
    with PairWriter(folder, "train", vocabulary, vocabulary) as writer:
        for begin in range(0, len(sources), chunk):
            writer.append(sources[begin : begin + chunk], targets[begin : begin + chunk])
    return PairStore.open(folder, "train")


def test_three_pairs(tmp_path: Path) -> None:
    store = write(tmp_path, [[4, 5, 6], [7], [8, 9]], [[10], [11, 12], []])
    assert len(store) == 3
    assert store.source_lengths.tolist() == [3, 1, 2]
    assert store.target_lengths.tolist() == [1, 2, 0]
    assert store.source_lengths.dtype == np.int32
    assert store.source(0).tolist() == [4, 5, 6]
    assert store.target(-1).tolist() == []
    rows = store.gather_source([2, 0], width=4)
    assert rows.dtype == np.int32
    assert rows.tolist() == [[8, 9, PAD, PAD], [4, 5, 6, PAD]]
    assert store.gather_target(np.array([1, 1, 2]), width=2).tolist() == [[11, 12], [11, 12], [PAD, PAD]]


def test_narrow_rows_cut_and_no_rows_are_no_rows(tmp_path: Path) -> None:
    store = write(tmp_path, [[4, 5, 6]], [[7]])
    assert store.gather_source([0], width=2).tolist() == [[4, 5]]
    assert store.gather_source([], width=3).shape == (0, 3)
    assert store.gather_source([0], width=0).shape == (1, 0)


def test_an_index_outside_is_an_error(tmp_path: Path) -> None:
    store = write(tmp_path, [[4]], [[5]])
    for index in (1, -2):
        with pytest.raises(IndexError):
            store.source(index)


def test_an_empty_store(tmp_path: Path) -> None:
    store = write(tmp_path, [], [])
    assert len(store) == 0
    assert store.source_lengths.tolist() == []


@pytest.mark.parametrize(("vocabulary", "dtype"), [(1 << 16, np.uint16), ((1 << 16) + 1, np.int32)])
def test_ids_are_as_narrow_as_the_vocabulary_allows_and_plain_numpy_reads_them(vocabulary: int, dtype: type, tmp_path: Path) -> None:
    write(tmp_path, [[4, vocabulary - 1]], [[5]], vocabulary)
    ids = np.load(tmp_path / "train.source.ids.npy", mmap_mode="r")
    assert ids.dtype == dtype
    assert ids.tolist() == [4, vocabulary - 1]
    assert np.load(tmp_path / "train.source.offsets.npy").tolist() == [0, 2]


def test_unequal_sides_are_an_error(tmp_path: Path) -> None:
    with PairWriter(tmp_path, "train", 10, 10) as writer, pytest.raises(ValueError, match="2 sources for 1 targets"):
        writer.append([[4], [5]], [[6]])


@given(
    pairs=st.lists(st.tuples(*[st.lists(st.integers(4, 7999), max_size=9)] * 2), min_size=1, max_size=12),
    chunk=st.integers(1, 5),
    width=st.integers(0, 10),
    data=st.data(),
)
@settings(max_examples=50, deadline=None)
def test_rows_equal_sentences_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[list[int], list[int]]], chunk: int, width: int, data: st.DataObject
) -> None:
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    store = write(tmp_path_factory.mktemp("store"), sources, targets, chunk=chunk)
    assert [store.source(index).tolist() for index in range(len(store))] == sources
    assert [store.target(index).tolist() for index in range(len(store))] == targets
    indices = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=8))
    expected = [(targets[index] + [PAD] * width)[:width] for index in indices]
    assert store.gather_target(indices, width).tolist() == expected
