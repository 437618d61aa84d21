from pathlib import Path

import numpy as np
import pytest

from nmt.audit.alphabet import FINE, LOST, SHATTERED, Alphabet, AlphabetCheck, count_characters, described
from nmt.audit.script import code_points
from nmt.config import TokenizerConfig
from nmt.tokenizer import Tokenizer, train_tokenizer


def trained(path: Path, **settings: object) -> Tokenizer:
    config = TokenizerConfig.model_validate({"vocabulary_size": 400, **settings})
    return train_tokenizer(["abc ab", "cab ä"] * 50 + ["xyz"], path / "t.model", config, seed=1)


def states(tokenizer: Tokenizer, text: str) -> list[int]:
    return AlphabetCheck(Alphabet.of_tokenizer(tokenizer), tokenizer).states(code_points([text])[0]).tolist()


def test_a_character_without_a_piece_is_spelled_as_bytes(tmp_path: Path) -> None:
    assert states(trained(tmp_path), "aä €") == [FINE, FINE, FINE, SHATTERED]


def test_without_byte_fallback_it_is_lost(tmp_path: Path) -> None:
    tokenizer = trained(tmp_path, byte_fallback=False, vocabulary_size=40)
    assert states(tokenizer, "a€") == [FINE, LOST]
    assert 1 in tokenizer.encode(["€"])[0]  # the unknown token


def test_what_normalisation_drops_is_lost(tmp_path: Path) -> None:
    tokenizer = trained(tmp_path)
    assert tokenizer.normalize("a\u00adb") in {"ab", "a\u00adb"}
    dropped = [LOST if tokenizer.normalize("a\u00adb") == "ab" else SHATTERED]
    assert states(tokenizer, "\u00ad") == dropped


def test_a_letter_with_a_combining_accent_is_the_letter_that_the_tokenizer_sees(tmp_path: Path) -> None:
    tokenizer = trained(tmp_path)
    check = AlphabetCheck(Alphabet.of_tokenizer(tokenizer), tokenizer)
    assert check.is_fine_composed("ba\u0308")
    assert not check.is_fine_composed("bo\u0308")
    assert not check.is_fine_composed("b€")


@pytest.mark.parametrize("coverage", [1.0, 0.99])
def test_the_alphabet_of_counts_is_that_of_the_tokenizer_that_training_makes(tmp_path: Path, coverage: float) -> None:
    lines = ["abc ab", "cab ä"] * 50 + ["xyz"]
    tokenizer = trained(tmp_path, character_coverage=coverage)
    counts = np.zeros(0x110000, np.int64)
    count_characters(code_points(lines)[0], counts)
    found = Alphabet.of_counts(counts, len(lines), coverage, byte_fallback=True, tokenizer=tokenizer)
    assert found.characters - {" "} == Alphabet.of_tokenizer(tokenizer).characters - {"▁"}


def test_characters_are_described_by_how_often_they_occur() -> None:
    assert described([("€", 2), ("\u00ad", 9), ("x", 1)], 2) == [
        {"character": "\u00ad", "code": "U+00AD", "name": "SOFT HYPHEN", "count": 9},
        {"character": "€", "code": "U+20AC", "name": "EURO SIGN", "count": 2},
    ]
