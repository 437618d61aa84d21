"""Where sentences end: with sentencex, where it is installed and a language is known, and by our own rules alone."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.sentence_ends import sentence_ends
from tests.test_segmentation import TEXTS

LANGUAGES = st.sampled_from(["en", "de", "fr", "cs", "zh", "ja", "hi", "ar", "th", "num", "x-unknown", "de-AT", "zh_TW"])


@pytest.fixture
def no_sentencex(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system for which it has no wheel."""
    monkeypatch.setattr("nmt.sentence_ends._sentencex", lambda: None)


def sentences(text: str, language: str | None) -> list[str]:
    ends = [0, *sentence_ends(text, language), len(text)]
    return [part for start, end in pairwise(ends) if (part := text[start:end].strip())]


CASES = [
    ("en", ["A dog runs.", "Two men sit!", "Why?", "So."]),
    ("en", ["Dr. Smith paid 3.14 at example.org.", "He left."]),
    ("en", ["She lives in the U.S. Army base, e.g. Fort No. 500.", "Really?!"]),
    ("de", ["Am 3. Mai kam z. B. Frau Dr. Weiß.", "„Gut.“", "Na ja …"]),
    ("fr", ["« Quoi ? » demanda M. Dupont.", "Bien\u00a0!"]),
    ("cs", ["Dne 5. května přišel prof. Novák.", "Ano."]),
    ("en", ["version 2.0 of file.txt today. or tomorrow."]),  # a small letter: unsure, so no end
    ("en", ["👍🏽👍🏽 Hello.", "🏴\u200d☠\ufe0f World!", "Ok 🎉"]),
    ("hi", ["यह एक वाक्य है।", "दूसरा।"]),
    ("zh", ["你好。", "再见！", "好"]),
    ("ar", ["ماذا؟", "لا شيء."]),
]


@pytest.mark.parametrize(("language", "expected"), CASES)
def test_with_a_language(language: str, expected: list[str]) -> None:
    assert sentences(" ".join(expected), language) == expected


@pytest.mark.parametrize(("_language", "expected"), CASES)
def test_without_a_language(_language: str, expected: list[str]) -> None:
    assert sentences(" ".join(expected), None) == expected


@pytest.mark.usefixtures("no_sentencex")
@pytest.mark.parametrize(("language", "expected"), CASES)
def test_with_a_language_but_without_sentencex(language: str, expected: list[str]) -> None:
    text = " ".join(expected)
    assert sentences(text, language) == expected
    assert sentence_ends(text, language) == sentence_ends(text, None)


@pytest.mark.parametrize("language", ["en", None])
@pytest.mark.parametrize("space", ["\n", "\r\n", "\n\n", "\t", "\u00a0", "\u2028", "\u2029", "\u0085", "\f", " \n "])
def test_a_line_break_is_any_white_space(language: str | None, space: str) -> None:
    assert sentences(f"A dog runs.{space}Two{space}men sit.", language) == ["A dog runs.", f"Two{space}men sit."]
    assert sentences(f"Dr.{space}Smith left", language) == [f"Dr.{space}Smith left"]


@given(TEXTS, LANGUAGES | st.none())
def test_ends_are_offsets_in_order(text: str, language: str | None) -> None:
    ends = sentence_ends(text, language)
    assert ends == sorted(set(ends))
    assert all(0 < end <= len(text) for end in ends)


@pytest.mark.parametrize("language", ["en", "zh", None])
@pytest.mark.parametrize("one", ["🎉", "𝄞", "👍🏽", "é", "e\u0301", "中", "\u200d"])
def test_offsets_are_code_points(one: str, language: str | None) -> None:
    """Not bytes, and not units of UTF-16, of which an emoji takes two."""
    assert sentences(f"{one * 3} ran. So {one}! Then", language) == [f"{one * 3} ran.", f"So {one}!", "Then"]


@pytest.mark.parametrize("language", ["en", None])
def test_in_a_long_text_no_end_is_lost_or_made_up(language: str | None) -> None:
    expected = [f'Sentence number {number}00 of a "long" text it\'s in, 3.14 and Dr. Smith.' for number in range(1000)]
    assert sentences(" ".join(expected), language) == expected
    endless = "A word and " * 5000
    assert sentences(endless, language) == [endless.strip()]


@given(TEXTS, LANGUAGES)
def test_where_a_rule_is_unsure_there_is_no_end(text: str, language: str) -> None:
    """Sentencex or not, none ends between an abbreviation and its name, nor before a small letter."""
    for unsure in ("Dr. Smith", "3. Mai", "J. Jones", "one. two"):
        whole = f"{text} and {unsure}"
        assert not [end for end in sentence_ends(whole, language) if whole[:end].rstrip().endswith(unsure.split()[0])]


@pytest.mark.parametrize("language", ["en", None])
@pytest.mark.parametrize("pattern", ["x", ".", '."', "? »", "A. ", "One. ", "a.b", "。", " ", "\n", "'", "👍"])
def test_time_is_linear(pattern: str, language: str | None) -> None:
    begin = time.process_time()
    sentence_ends((pattern * 300_000)[:300_000], language)
    assert time.process_time() - begin < 5
