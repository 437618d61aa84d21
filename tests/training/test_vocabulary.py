"""From the rows of one vocabulary to those of another."""

from pathlib import Path

import numpy as np
import pytest

from nmt.config import TokenizerConfig
from nmt.tokenizer import Tokenizer, train_tokenizer
from nmt.training.vocabulary import map_rows

OLD, NEW = ["the cat sat", "the dog ran", "a cat ran"] * 20, ["the catalogue ran", "a dogma sat", "the cat ran", "日 the"] * 20


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, Tokenizer]:
    folder, config = tmp_path_factory.mktemp("tokenizers"), TokenizerConfig(vocabulary_size=320)
    old = train_tokenizer(OLD, folder / "old.model", config, 1, tags=["2de"])
    return old, train_tokenizer(NEW, folder / "new.model", config, 1, tags=["2de", "2fr"])


def test_the_same_vocabulary_is_unchanged(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    old, _ = tokenizers
    found = map_rows(old, old)
    assert found.unchanged
    rows = np.random.default_rng(1).standard_normal((old.vocabulary_size, 3)).astype(np.float32)
    np.testing.assert_array_equal(found.rows(rows, np.zeros_like(rows)), rows)


def test_shared_pieces_keep_their_rows_and_others_begin_as_the_mean_of_their_parts(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    old, new = tokenizers
    found = map_rows(old, new)
    assert not found.unchanged
    old_pieces, new_pieces = (one.pieces(range(one.vocabulary_size)) for one in tokenizers)
    rows = np.arange(len(old_pieces), dtype=np.float32)[:, np.newaxis]
    begun = found.rows(rows, np.full((len(new_pieces), 1), -1.0, np.float32))[:, 0]
    assert set(found.copied) == {number for number, piece in enumerate(new_pieces) if piece in old_pieces}
    for number, piece in enumerate(new_pieces):
        if piece in old_pieces:
            assert begun[number] == old_pieces.index(piece), piece
    for number, parts in found.spelled.items():
        assert bytes_of(old, parts) == new_pieces[number].encode()
        assert begun[number] == pytest.approx(np.mean(parts))
    drawn = [new_pieces[number] for number in np.flatnonzero(begun == -1.0)]
    assert drawn == ["<2fr>"]
    assert str(found) == (
        f"{len(found.copied)} of {len(new_pieces)} pieces keep their rows, {len(found.spelled)} begin as the mean of the old pieces that "
        "spell them, 1 as drawn"
    )


def test_a_character_that_the_old_vocabulary_lacks_is_spelled_in_bytes(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    old, new = tokenizers
    place = new.pieces(range(new.vocabulary_size)).index("日")
    assert map_rows(old, new).spelled[place] == [old.byte_ids[byte] for byte in "日".encode()]


def test_without_bytes_it_begins_as_drawn(tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path) -> None:
    config = TokenizerConfig(vocabulary_size=30, byte_fallback=False)
    plain = train_tokenizer(OLD, tmp_path / "plain.model", config, 1)
    _, new = tokenizers
    found = map_rows(plain, new)
    place = new.pieces(range(new.vocabulary_size)).index("日")
    assert place not in found.spelled
    assert place not in found.copied


def bytes_of(tokenizer: Tokenizer, ids: list[int]) -> bytes:
    known = {piece: byte for byte, piece in tokenizer.byte_ids.items()}
    return b"".join(bytes([known[one]]) if one in known else tokenizer.pieces([one])[0].encode() for one in ids)
