"""What is copied: sentences without a letter, and single addresses."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.copying import is_copied


@pytest.mark.parametrize(
    "sentence",
    [
        "42", "3.14", "1.000,50 €", "50 %", "24.11.2026", "+49 30 1234", "…", "?!", "---", "👍🏽", "♫ ♫", "(1)", "٣", "²", "½",
        "🏴\u200d☠\ufe0f", "",
        "https://example.org", "HTTP://EXAMPLE.ORG/a?b=c#d", "ftp://example.org/file.txt", "www.example.org", "WWW.example.org/ä",
        "me@example.org", "first.last+tag@mail.example.org", "ö@ü.de",
    ],
)  # fmt: skip
def test_copied(sentence: str) -> None:
    assert is_copied(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "a", "é", "中", "あ", "ß", "ª", "A1", "5 km", "1st", "no.", "👍 ok", "www. example",
        "see https://example.org", "https://example.org now",
        "https://", "www.", "me@example", "@me", "me@ example.org", "me or you@example.org", "example.org", "http:/example.org",
    ],
)  # fmt: skip
def test_translated(sentence: str) -> None:
    assert not is_copied(sentence)


@given(st.text(string.digits + string.punctuation + " €👍…"))
def test_nothing_without_a_letter_is_translated(sentence: str) -> None:
    assert is_copied(sentence)


@given(st.text(st.characters(categories=["L"]), min_size=1))
def test_words_are_translated(sentence: str) -> None:
    assert not is_copied(sentence)
