"""What a vocabulary is made of, and how training text uses it."""

from pathlib import Path

import numpy as np

from nmt.inspect.run import open_run
from nmt.inspect.tokenizer import Usage, Vocabulary, open_vocabularies
from nmt.inspect.tokenizer_plots import draw_tokenizer, tokenizer_lines, zipf_exponent


def usage(counts: list[int]) -> Usage:
    return Usage(("source",), np.array(counts), {"source": np.array([0, 2, 1])})


def test_a_vocabulary_worked_by_hand() -> None:
    by_hand = Vocabulary("source vocabulary", np.array([0, 1, 2, 3]), usage([5, 6, 2, 0]))
    assert by_hand.never_seen == 1
    assert by_hand.characters_per_piece == (6 * 1 + 2 * 2) / 8
    np.testing.assert_allclose(by_hand.coverage(), [6 / 13, 11 / 13, 1.0, 1.0])
    lines = tokenizer_lines([by_hand])
    assert ["pieces", "of", "text", "never", "seen", "1", "(33.3%)"] in [line.split() for line in lines]
    assert lines[-1] == "source sentences of 0 to 2 pieces: ▁█▅"


def test_a_text_that_follows_zipf_is_known_by_its_exponent() -> None:
    counts = (1e7 / np.arange(1, 2001) ** 1.2).astype(np.int64)
    assert abs(zipf_exponent(usage(counts.tolist())) - 1.2) < 0.01
    assert np.isnan(zipf_exponent(usage([3, 2, 1])))


def test_a_run_counts_every_piece_of_its_training_text(plain_run: Path) -> None:
    (found,) = open_vocabularies(plain_run)
    prepared = open_run(plain_run).prepared
    assert found.usage is not None
    store = prepared.train
    assert found.usage.counts.sum() == store.source_lengths.sum() + store.target_lengths.sum()
    assert found.usage.sentence_pieces["target"].sum() == len(store)
    three = prepared.tokenizers.source.encode(["3"])[0][-1]
    assert found.usage.counts[three] == sum((store.source(i) == three).sum() + (store.target(i) == three).sum() for i in range(len(store)))
    pieces = prepared.tokenizers.source.pieces(range(len(found.characters)))
    assert [len(piece) for piece, text in zip(pieces, found.is_text, strict=True) if text] == found.characters[found.is_text].tolist()
    assert not found.is_text[:4].any()
    assert (~found.is_text).sum() == 4 + 256


def test_pictures_with_and_without_text_are_the_same_each_time(plain_run: Path, tmp_path: Path) -> None:
    (found,) = open_vocabularies(plain_run)
    for number, vocabulary in enumerate((found, Vocabulary(found.name, found.characters, None))):
        paths = [draw_tokenizer(vocabulary, tmp_path / f"{number}{name}.png", title="a title") for name in "ab"]
        assert paths[0].read_bytes() == paths[1].read_bytes()
