"""English inflection: persons, articles, verb groups with do-support, comparison."""

from nmt.data.grammar.lexicon import Adjective, Verb, plural_of

BE = {"I": ("am", "was"), "he": ("is", "was"), "she": ("is", "was"), "it": ("is", "was")}


def be(agreement: str, past: bool = False) -> str:
    """Return the form of "be" for an agreement word: a pronoun that stands for the subject ("he" for any third singular)."""
    return BE.get(agreement, ("are", "were"))[past]


def have(agreement: str) -> str:
    """Return "has" or "have"."""
    return "has" if agreement in {"he", "she", "it"} else "have"


def do(agreement: str, past: bool = False) -> str:
    """Return "do", "does" or "did"."""
    return "did" if past else "does" if agreement in {"he", "she", "it"} else "do"


def present(verb: Verb, agreement: str) -> str:
    """Return the simple present."""
    return plural_of(verb.english) if agreement in {"he", "she", "it"} else verb.english


def article(word: str) -> str:
    """Return "a" or "an"; every vowel letter that begins a word of the lexicon is also a vowel sound."""
    return "an" if word[0] in "aeiou" else "a"


def comparative(adjective: Adjective) -> str:
    """Return "older" or "more beautiful"."""
    return adjective.english_degrees[0] if adjective.english_degrees else f"more {adjective.english}"


def superlative(adjective: Adjective) -> str:
    """Return "oldest" or "most beautiful"."""
    return adjective.english_degrees[1] if adjective.english_degrees else f"most {adjective.english}"
