import numpy as np
import pytest

from nmt.audit.language import LANGUAGES, LanguageIdentifier, is_known

LINES = [
    "This is the house of my friends.",
    "Dies ist das Haus meiner Freunde.",
    "Это дом моих друзей.",
    "Ceci est la maison de mes amis, près de la rivière.",
    "THE HOUSE OF MY FRIENDS",
    "私の友達の家です",
    "12",
    "",
    "Hiša mojih prijateljev " * 40,
]


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


def test_all_lines_at_once_are_as_likely_as_one_at_a_time(identifier: LanguageIdentifier) -> None:
    from py3langid.langid import MODEL_FILE
    from py3langid.langid import LanguageIdentifier as TheirIdentifier

    theirs = TheirIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    theirs.set_languages(sorted(LANGUAGES))
    short = [line.encode()[:300].decode() for line in LINES]
    expected = [[dict(theirs.rank(line))[label] for label in identifier.labels] for line in short]
    np.testing.assert_allclose(identifier.probabilities(LINES), expected, atol=1e-3)
    assert identifier._automaton is not None  # the fast way, not the other


def test_a_model_of_other_insides_is_asked_line_by_line(monkeypatch: pytest.MonkeyPatch, identifier: LanguageIdentifier) -> None:
    monkeypatch.setattr("nmt.audit.language._automaton", lambda model, labels: None)
    np.testing.assert_allclose(LanguageIdentifier().probabilities(LINES[:6]), identifier.probabilities(LINES[:6]), atol=1e-3)


def test_the_languages_that_we_say_it_knows_are_those_it_knows(identifier: LanguageIdentifier) -> None:
    assert set(identifier.labels) == LANGUAGES


def test_what_is_surely_in_another_language(identifier: LanguageIdentifier) -> None:
    found = identifier.others(LINES[:4], "de-AT", 0.9)
    assert [(place, language) for place, language, _ in found] == [(0, "en"), (3, "fr")]


def test_languages_that_no_one_can_tell_apart_are_no_other_ones(identifier: LanguageIdentifier) -> None:
    danish = ["Jeg har købt et hus ved siden af den gamle kirke i byen."]
    assert identifier.others(danish, "nb", 0.5) == []
    assert identifier.others(danish, "sv", 0.5) != []


def test_a_language_that_is_not_known_is_not_asked_for(identifier: LanguageIdentifier) -> None:
    assert not is_known("tlh")
    assert identifier.others(LINES, "tlh", 0.5) == []
    assert all(map(is_known, ("nb", "pt-BR", "zh-Hant", "sr-Latn")))
