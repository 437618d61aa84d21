"""A selection holds what it must, as a batch and as single sentences; the file comes back whole, or says that it does not."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.errors import ModelError
from nmt.shortlist import SPECIAL_TOKENS, Shortlist
from nmt.special_tokens import EOS, PAD

V = 20
SENTENCES = st.lists(st.lists(st.integers(0, 11), max_size=6), max_size=5)


def toy(frequent: int = 2) -> Shortlist:
    """Twelve source pieces, of which 4, 5 and 6 have candidates; the target pieces are frequent in the order 19, 18, ..., 0."""
    candidates = np.full((12, 3), PAD, np.int32)
    candidates[4], candidates[5], candidates[6, 0] = [7, 8, 9], [9, 10, 19], 11
    return Shortlist(candidates, np.arange(V, dtype=np.int32)[::-1].copy(), frequent)


def test_a_selection_is_special_tokens_frequent_pieces_and_candidates() -> None:
    selection = toy().select([[4, 6], [6]])
    assert selection.dtype == np.int32
    assert selection.tolist() == [*SPECIAL_TOKENS, 7, 8, 9, 11, 18, 19]
    assert toy().select([[5]]).tolist() == [*SPECIAL_TOKENS, 9, 10, 18, 19]


def test_special_tokens_keep_their_ids_even_with_nothing_to_translate() -> None:
    nothings: list[Any] = [[], [[]], np.zeros((0, 0), np.int32), np.full((2, 3), PAD), [[EOS]]]
    for nothing in nothings:
        assert toy(frequent=0).select(nothing).tolist() == list(SPECIAL_TOKENS)


def test_a_multiple_is_filled_up_with_the_next_frequent_pieces_or_is_the_whole_vocabulary() -> None:
    assert toy().select([[5]], multiple=5).tolist() == [*SPECIAL_TOKENS, 9, 10, 16, 17, 18, 19]
    assert toy().select([[5]], multiple=8).tolist() == toy().select([[5]]).tolist()
    assert toy().select([[5]], multiple=64).tolist() == list(range(V))
    assert toy().select([[5]], multiple=18).tolist() == [*SPECIAL_TOKENS, *range(6, 20)]


def test_candidates_of_everything_give_everything() -> None:
    everything = Shortlist(np.tile(np.arange(V, dtype=np.int32), (12, 1)), np.arange(V, dtype=np.int32), 0)
    assert everything.select([[7]]).tolist() == list(range(V))
    assert toy(frequent=V).select([]).tolist() == list(range(V))


def test_an_id_outside_the_source_vocabulary_is_an_error() -> None:
    with pytest.raises(IndexError):
        toy().select([[12]])


@given(SENTENCES, st.integers(0, V), st.integers(1, 64))
def test_any_selection_is_rising_and_holds_the_candidates_of_each_piece(sentences: list[list[int]], frequent: int, multiple: int) -> None:
    shortlist = toy(frequent)
    selection = shortlist.select(sentences, multiple=multiple)
    assert (np.diff(selection) > 0).all()
    assert set(shortlist.select(sentences).tolist()) <= set(selection.tolist()) <= set(range(V))
    assert len(selection) % multiple == 0 or len(selection) == V
    assert {*SPECIAL_TOKENS, *shortlist.by_frequency[:frequent].tolist()} <= set(selection.tolist())
    for piece in {piece for sentence in sentences for piece in sentence}:
        assert set(shortlist.candidates[piece].tolist()) <= set(selection.tolist())


@given(SENTENCES)
def test_a_batch_gets_the_union_of_its_sentences_padded_or_not(sentences: list[list[int]]) -> None:
    shortlist = toy()
    padded = np.full((len(sentences), 6), PAD, np.int32)
    for row, sentence in zip(padded, sentences, strict=True):
        row[: len(sentence)] = sentence
    alone = [shortlist.select([sentence]).tolist() for sentence in sentences]
    together = sorted({*shortlist.select([]).tolist(), *(piece for selection in alone for piece in selection)})
    assert shortlist.select(sentences).tolist() == shortlist.select(padded).tolist() == together


@pytest.mark.parametrize("vocabulary", [V, 70_000])
def test_it_comes_back_from_disk_the_same_bytes_each_time(vocabulary: int, tmp_path: Path) -> None:
    shortlist = Shortlist(toy().candidates, np.arange(vocabulary, dtype=np.int32)[::-1].copy(), 2)
    for name in ("a.npz", "b.npz"):
        shortlist.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]
    loaded = Shortlist.load(tmp_path / "a.npz")
    assert loaded.candidates.dtype == loaded.by_frequency.dtype == np.int32
    assert np.array_equal(loaded.candidates, shortlist.candidates)
    assert np.array_equal(loaded.by_frequency, shortlist.by_frequency)
    assert loaded.frequent == 2
    assert loaded.select([[4]]).tolist() == shortlist.select([[4]]).tolist()


def failure(path: Path) -> str:
    with pytest.raises(ModelError) as error:
        Shortlist.load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_missing_file_and_files_of_another_kind_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "shortlist.npz"
    assert failure(path).startswith("no lexical shortlist at ")
    path.write_bytes(b"")
    assert "damaged" in failure(path)
    path.write_text("no zip file", encoding="utf-8")
    assert "damaged" in failure(path)
    np.savez(path, weights=np.zeros(3))
    assert "candidates" in failure(path)
    path.unlink()
    path.mkdir()
    assert "damaged" in failure(path)


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        ("candidates", np.full((12, 3), V), "a candidate outside the vocabulary of 20 pieces"),
        ("candidates", np.full((12, 3), -1), "a candidate outside"),
        ("candidates", np.zeros(12, np.int32), "shapes (12,), (20,) and ()"),
        ("candidates", np.zeros((12, 3)), "holds no integers"),
        ("candidates", np.full((1, 1), None), "allow_pickle=False"),
        ("by_frequency", np.zeros(V, np.int32), "does not hold every target piece once"),
        ("by_frequency", np.arange(3), "shapes"),
        ("frequent", np.int64(21), "21 frequent pieces of 20"),
        ("frequent", np.int64(-1), "-1 frequent pieces"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(part: str, value: Any, why: str, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"candidates": toy().candidates, "by_frequency": toy().by_frequency, "frequent": np.int64(2)} | {part: value}
    np.savez(tmp_path / "shortlist.npz", **parts)
    assert why in failure(tmp_path / "shortlist.npz")


@given(st.data())
@settings(max_examples=300)
def test_any_damaged_byte_and_any_cut_is_a_model_error_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    toy().save(path)
    whole = path.read_bytes()
    place, cut = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.booleans())
    path.write_bytes(whole[:place] if cut else whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    if cut:
        failure(path)
        return
    try:
        loaded = Shortlist.load(path)
    except ModelError as error:
        assert "\n" not in str(error)
    else:  # a field that no reader needs, such as a date
        assert np.array_equal(loaded.candidates, toy().candidates)
        assert np.array_equal(loaded.by_frequency, toy().by_frequency)


def test_selecting_is_quick() -> None:
    draw = np.random.default_rng(1)
    shortlist = Shortlist(draw.integers(4, 32_000, (32_000, 50), np.int32), draw.permutation(32_000).astype(np.int32), 100)
    batch = draw.integers(4, 32_000, (64, 30))
    seconds = []
    for _ in range(20):
        begin = time.perf_counter()
        shortlist.select(batch, multiple=64)
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.005  # under a millisecond on an idle machine
