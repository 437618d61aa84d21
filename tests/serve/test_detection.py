"""Which language a text is in, of those that are loaded."""

import pytest

from serve.detection import Detected, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dog runs across the street.", "en"),
        ("Der Hund läuft über die Straße.", "de"),
        ("Le chien traverse la rue en courant.", "fr"),
        ("Der Hund läuft über die Straße. " * 500, "de"),
    ],
)
def test_the_likeliest_comes_first(text: str, language: str) -> None:
    found = detect(text, ["en", "de", "fr"])
    assert found[0].language == language
    assert {one.language for one in found} == {"en", "de", "fr"}
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)
    assert sum(one.confidence for one in found) == pytest.approx(100, abs=0.2)


@pytest.mark.parametrize("text", ["", " \n", "🙂", "12.5 %", "?!"])
def test_text_without_a_letter_is_the_first_with_no_confidence(text: str) -> None:
    assert detect(text, ["de", "en"]) == [Detected("de", 0.0)]


def test_a_single_language_is_the_answer_without_looking() -> None:
    assert detect("Der Hund läuft.", ["en"]) == [Detected("en", 100.0)]


def test_a_language_that_the_detector_does_not_know_comes_last() -> None:
    assert detect("The dog runs across the street.", ["tlh", "en", "de"])[-1] == Detected("tlh", 0.0)
    assert detect("Whatever.", ["tlh", "xxx"]) == [Detected("tlh", 0.0), Detected("xxx", 0.0)]


def test_codes_with_a_script_or_region_are_answered_as_they_are() -> None:
    assert detect("你好，世界。", ["en-US", "zh-Hans"])[0].language == "zh-Hans"


def test_of_two_codes_of_one_language_the_first_is_told() -> None:
    found = detect("The dog runs across the street.", ["de", "en-GB", "en-US"])
    assert (found[0].language, found[-1]) == ("en-GB", Detected("en-US", 0.0))
