"""When two codes mean one language."""

import pytest

from nmt.data.language_codes import best_match, same_language


@pytest.mark.parametrize(
    ("one", "other"), [("en", "en-US"), ("en_GB", "en"), ("DE", "de"), ("zh-Hans", "zh-hans-CN"), ("de_DE.UTF-8", "de")]
)
def test_a_code_is_met_by_a_finer_one(one: str, other: str) -> None:
    assert same_language(one, other)
    assert same_language(other, one)


@pytest.mark.parametrize(("one", "other"), [("en", "de"), ("pt-BR", "pt-PT"), ("en", "eng"), ("", "en"), ("en", "")])
def test_other_codes_are_other_languages(one: str, other: str) -> None:
    assert not same_language(one, other)


def test_the_code_itself_comes_before_its_regions() -> None:
    assert best_match(["en-US", "en", "de"], "en") == "en"
    assert best_match(["en-GB", "en-US", "de"], "en") == "en-GB"
    assert best_match(["en-GB", "en-US", "de"], "en-US") == "en-US"
    assert best_match(["fr"], "en") is None
