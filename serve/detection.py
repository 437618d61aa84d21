"""Which of the loaded source languages a text is in."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from nmt.segmentation import base_language

_CHARACTERS = 2000  # the beginning of a long text tells as much


class Detected(NamedTuple):
    """A language and how sure it is, 0 to 100."""

    language: str
    confidence: float


def detect(text: str, sources: Sequence[str]) -> list[Detected]:
    """Rank the source languages by how likely the text is in each, the best first.

    A single one is the answer without looking; text without a letter is in no language: the first, with confidence 0. Of languages that
    the detector does not know, none can be told: they come last, with confidence 0.

    Args:
        text: Any text.
        sources: Codes of the loaded source languages, at least one.
    """
    if not any(map(str.isalpha, text)):
        return [Detected(sources[0], 0.0)]
    if len(sources) == 1:
        return [Detected(sources[0], 100.0)]
    identifier, known = _identifier()
    by_base = {base_language(code): code for code in reversed(sources)}
    asked = sorted(by_base.keys() & known)
    found: list[Detected] = []
    if asked:
        identifier.set_languages(asked)
        ranked = identifier.rank(text[:_CHARACTERS])
        found = [Detected(by_base[language], round(100 * float(share), 1)) for language, share in ranked]
    rest = [Detected(code, 0.0) for code in sources if code not in {one.language for one in found}]
    return found + rest


@cache
def _identifier() -> tuple[Any, frozenset[str]]:
    """Loaded when first asked for: it takes a moment that most servers never need."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier, frozenset(identifier.labels)
