"""Word vectors of other programs: the three forms they are written in, what a piece is looked up by, and files that cannot be used."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmt.config import TokenizerConfig
from nmt.data.word_vectors import Matched, match_word_vectors
from nmt.errors import WordVectorError
from nmt.tokenizer import Tokenizer, train_tokenizer

VECTORS = {"sea": [1.0, 2.0, 3.0], "Berlin": [0.5, -0.25, 4.0], "zebra": [9.0, 9.0, 9.0]}


def glove(vectors: dict[str, list[float]]) -> bytes:
    return "".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in vectors.items()).encode()


def word2vec_text(vectors: dict[str, list[float]]) -> bytes:
    return b"%d 3\n" % len(vectors) + glove(vectors)


def word2vec_binary(vectors: dict[str, list[float]], line_break: bytes = b"\n") -> bytes:
    words = (f"{word} ".encode() + np.array(numbers, "<f4").tobytes() + line_break for word, numbers in vectors.items())
    return b"%d 3\n" % len(vectors) + b"".join(words)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    lines = ["the Berlin wall", "The sea of Berlin", "the the Berlin sea"] * 20
    train_tokenizer(lines, path, TokenizerConfig(vocabulary_size=300), seed=1)
    return Tokenizer(path.read_bytes())


@pytest.fixture
def matched(tokenizer: Tokenizer, tmp_path: Path) -> Callable[[bytes], Matched]:
    def match(content: bytes, name: str = "vectors") -> Matched:
        (tmp_path / name).write_bytes(content)
        return match_word_vectors(tmp_path / name, tokenizer, 3, lambda done, total: None)

    return match


def by_piece(found: Matched, tokenizer: Tokenizer) -> dict[str, list[float]]:
    return dict(zip(tokenizer.pieces(found.ids), found.rows.tolist(), strict=True))


@pytest.mark.parametrize(
    "written",
    [
        glove,
        word2vec_text,
        word2vec_binary,
        lambda vectors: word2vec_binary(vectors, b""),
        lambda vectors: b"\xef\xbb\xbf" + glove(vectors),
    ],
    ids=["GloVe", "word2vec text", "word2vec binary", "binary without line breaks", "byte order mark"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_gives_the_same_vectors(
    written: Callable[[dict[str, list[float]]], bytes], packed: bool, matched: Callable[..., Matched], tokenizer: Tokenizer
) -> None:
    content = written(VECTORS)
    found = matched(gzip.compress(content), "vectors.gz") if packed else matched(content)
    rows = by_piece(found, tokenizer)
    assert rows["▁sea"] == VECTORS["sea"]
    assert rows["▁Berlin"] == VECTORS["Berlin"]
    assert not any("zebra" in piece for piece in rows)
    assert found.of > len(rows)


def test_a_piece_prefers_its_own_spelling_and_takes_the_lower_case_one_otherwise(
    matched: Callable[..., Matched], tokenizer: Tokenizer
) -> None:
    lower = by_piece(matched(glove({"sea": [1.0, 1.0, 1.0], "berlin": [2.0, 2.0, 2.0]})), tokenizer)
    assert lower["▁Berlin"] == [2.0, 2.0, 2.0]
    both = by_piece(matched(glove({"berlin": [2.0, 2.0, 2.0], "Berlin": [3.0, 3.0, 3.0]})), tokenizer)
    assert both["▁Berlin"] == [3.0, 3.0, 3.0]


def test_bytes_special_tokens_and_the_bare_mark_of_a_space_never_match(matched: Callable[..., Matched], tokenizer: Tokenizer) -> None:
    names = {name: [1.0, 1.0, 1.0] for name in ("<s>", "</s>", "<pad>", "<unk>", "<0x41>", "▁", "sea")}
    assert set(by_piece(matched(glove(names)), tokenizer)) == {"▁sea"}


def test_words_with_spaces_and_vectors_of_zeros_are_passed_over(matched: Callable[..., Matched], tokenizer: Tokenizer) -> None:
    content = glove({"sea": [1.0, 2.0, 3.0], "sea end": [7.0, 7.0, 7.0], "Berlin": [0.0, 0.0, 0.0]})
    rows = by_piece(matched(content), tokenizer)
    assert rows["▁sea"] == [1.0, 2.0, 3.0]
    assert "▁Berlin" not in rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"sea 1 2\n", "vectors of 2 numbers, but model.embedding_units is 3: set model.embedding_units=2"),
        (b"", "no word vectors in its first line"),
        (b"PK\x03\x04 zip", "unpack it first"),
        (b"the cat sat\n", "no word vectors in its first line"),
        (b"4 3\n" + glove(VECTORS), "cut off: its first line says 4 words, it has 3"),
        (word2vec_binary(VECTORS)[:-8], "cut off: its first line says 3 words, it has 2"),
        (glove({"zebra": [1.0, 2.0, 3.0]}), "none of the .* pieces of the vocabulary is a word of it"),
        (b"a 1 2 3\nsea 1 2\n", "word 2: expected 3 finite numbers, got 2"),
        (b"a 1 2 3\nsea 1 2 x\n", "word 2: could not convert"),
        (b"a 1 2 3\nsea 1 2 nan\n", "word 2: expected 3 finite numbers, got 2"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_place(content: bytes, said: str, matched: Callable[..., Matched]) -> None:
    with pytest.raises(WordVectorError, match=said):
        matched(content)


def test_a_damaged_gzip_and_a_missing_file_are_told(matched: Callable[..., Matched], tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(WordVectorError, match="damaged or truncated gzip"):
        matched(gzip.compress(glove(VECTORS) * 100)[:-20], "vectors.gz")
    with pytest.raises(WordVectorError, match=re.escape(f"cannot read {tmp_path / 'gone'}: No such file")):
        match_word_vectors(tmp_path / "gone", tokenizer, 3, lambda done, total: None)


def test_a_large_binary_file_is_read_in_chunks(matched: Callable[..., Matched], tokenizer: Tokenizer) -> None:
    """Words and numbers lie across the borders of what is read at once."""
    many = {f"word{number}": [1.0, 2.0, 3.0] for number in range(100_000)}
    rows = by_piece(matched(word2vec_binary(many | VECTORS)), tokenizer)
    assert rows["▁Berlin"] == VECTORS["Berlin"]
