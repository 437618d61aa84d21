"""One sentence as a translator sees it, and where its model looks while it translates it."""

from nmt.errors import ModelError
from nmt.hypotheses import Alignment, Hypothesis
from nmt.translator import Translator


def one_source(translator: Translator, source: str) -> tuple[int, ...]:
    """The ids of a source that is one sentence for the model, EOS not among them.

    Raises:
        ModelError: it is blank, is copied instead of translated, or is too long for one sentence.
    """
    segments = translator.encode([source]).ids[0]
    if len(segments) > 1:
        raise ModelError(
            f"the source has more than {translator.limits.max_source_pieces} pieces, so that the model reads it in {len(segments)} parts: "
            "give one of them"
        )
    if not segments[0]:
        problem = "is copied, not translated" if source.strip() else "is empty"
        raise ModelError(f"the source {problem}: give a sentence with words in it")
    return segments[0]


def own_translation(translator: Translator, source: str) -> tuple[Hypothesis, Alignment]:
    """A model's best translation of one sentence, and where it looked.

    Raises:
        ModelError: as in `one_source`.
    """
    one_source(translator, source)
    hypothesis = translator.hypotheses([source], alignment=True)[0][0]
    assert hypothesis.alignment is not None
    return hypothesis, hypothesis.alignment
