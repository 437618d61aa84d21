from pathlib import Path

import pytest

from nmt.audit.reading import sets_of
from nmt.audit.tokenizers import configured_tokenizer, given_tokenizer, learned_tokenizer
from nmt.config import DataConfig, TokenizerConfig
from nmt.errors import TokenizerError
from nmt.tokenizer import Tokenizer, TokenizerPair


def test_a_model_or_the_folder_of_a_run_is_taken_as_it_is(letters_model: Path) -> None:
    for path in (letters_model, letters_model.parent):
        chosen = given_tokenizer(path)
        assert chosen.tokenizers.joint
        assert "ß" in chosen.alphabets[0].characters
        assert chosen.alphabets[0].bytes
    with pytest.raises(TokenizerError, match="gone does not exist"):
        given_tokenizer(letters_model.parent / "gone")


def test_the_two_models_of_a_run_are_those_of_its_sides(tmp_path: Path, letters_model: Path) -> None:
    TokenizerPair(Tokenizer.load(letters_model), Tokenizer.load(letters_model)).save(tmp_path)
    assert not given_tokenizer(tmp_path).tokenizers.joint


def test_the_models_that_a_config_names_are_taken(letters_model: Path) -> None:
    assert configured_tokenizer(TokenizerConfig()) is None
    chosen = configured_tokenizer(TokenizerConfig(model=letters_model))
    assert chosen
    assert chosen.origin == str(letters_model)


@pytest.mark.parametrize("joint", [True, False])
def test_one_is_learned_from_text_that_is_not_all_text(tmp_path: Path, joint: bool) -> None:
    (tmp_path / "s").write_bytes(b"one two\n\xff\xfe\xfd\nthree ab\n\n" * 20)
    (tmp_path / "t").write_bytes("eins zwei\ngrün\ndrei äb\n\n".encode() * 20)
    data = {"source_language": "en", "target_language": "de", "train": {"source": tmp_path / "s", "target": tmp_path / "t"}}
    moved: list[int] = []
    config = TokenizerConfig(joint=joint, vocabulary_size=330)
    chosen = learned_tokenizer(sets_of(DataConfig.model_validate(data)), config, 1, moved.append)
    assert chosen.tokenizers.joint == joint
    assert ("ü" in chosen.alphabets[0].characters) == joint
    assert "ü" in chosen.alphabets[1].characters
    assert sum(moved) == sum((tmp_path / name).stat().st_size for name in ("s", "t"))
