"""Attention of pieces becomes attention of words."""

import numpy as np
import pytest

from nmt.hypotheses import Alignment
from serve.word_alignment import Word, WordAlignment, align_words

EOS = "</s>"


def align(
    source: str, target: str, source_pieces: str, target_pieces: str, attention: list[list[float]], languages: str = "en de"
) -> WordAlignment:
    """Pieces are given set apart by spaces."""
    alignment = Alignment(tuple(source_pieces.split()), tuple(target_pieces.split()), np.array(attention, np.float32))
    return align_words(alignment, source, target, *languages.split())


def test_words_sum_over_source_pieces_and_average_over_target_pieces() -> None:
    found = align("a dog", "ein Hund", f"▁a ▁d og {EOS}", "▁ein ▁Hu nd", [[0.9, 0, 0.1, 0], [0, 0.6, 0.4, 0], [0.2, 0.2, 0.2, 0.4]])
    assert found.source == [Word("a", 0, 1), Word("dog", 2, 5)]
    assert found.target == [Word("ein", 0, 3), Word("Hund", 4, 8)]
    np.testing.assert_allclose(found.weights, [[0.9, 0.1], [0.1, 0.7]], atol=1e-6)


def test_what_rests_on_the_end_of_sentence_is_of_no_word() -> None:
    found = align("a b", "x", f"▁a ▁b {EOS}", "▁x", [[0.25, 0.25, 0.5]])
    np.testing.assert_allclose(found.weights.sum(axis=1), [0.5])


def test_equal_words_have_places_of_their_own() -> None:
    found = align("no no", "no no", f"▁no ▁no {EOS}", "▁no ▁no", [[1, 0, 0], [0, 1, 0]])
    assert found.source == found.target == [Word("no", 0, 2), Word("no", 3, 5)]


def test_places_are_code_points() -> None:
    smile = "▁ <0xF0> <0x9F> <0x99> <0x82>"
    found = align("🙂 dog", "dog 🙂", f"{smile} ▁dog {EOS}", f"▁dog {smile}", np.eye(6, 7).tolist())
    assert found.source == [Word("🙂", 0, 1), Word("dog", 2, 5)]
    assert found.target == [Word("dog", 0, 3), Word("🙂", 4, 5)]


def test_a_word_that_the_text_does_not_hold_has_no_place() -> None:
    found = align("ﬁne x", "x", f"▁fine ▁x {EOS}", "▁x", [[0, 1, 0]])
    assert found.source == [Word("fine", None, None), Word("x", 4, 5)]


def test_without_spaces_every_piece_is_a_word() -> None:
    found = align("你好。", "Hi.", f"▁你 好 。 {EOS}", "▁Hi .", [[1, 0, 0, 0], [0, 0, 1, 0]], "zh en")
    assert found.source == [Word("你", 0, 1), Word("好", 1, 2), Word("。", 2, 3)]
    assert found.target == [Word("Hi.", 0, 3)]
    assert found.weights.shape == (1, 3)


def test_sentences_that_were_set_together_part_at_their_ends() -> None:
    found = align("a b", "x", f"▁a {EOS} b {EOS}", "▁x", [[0.5, 0, 0.5, 0]])
    assert [word.text for word in found.source] == ["a", "b"]


@pytest.mark.parametrize(("rows", "columns"), [("", ""), ("", f"▁a {EOS}"), ("▁x", "")])
def test_nothing_is_no_words(rows: str, columns: str) -> None:
    attention = np.zeros((len(rows.split()), len(columns.split()))).tolist()
    found = align("a", "x", columns, rows, attention)
    assert found.weights.shape == (len(found.target), len(found.source))
