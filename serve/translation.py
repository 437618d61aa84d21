"""Texts to texts through a model's batcher: what `nmt translate --paragraphs` does, for many requests at once."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from nmt.hypotheses import Hypothesis
from nmt.searching import Search
from nmt.segmentation import Segment, rejoin, split_lines, split_paragraphs, split_sentences
from nmt.translator import Encoded, Translator
from serve.job import Answer, Job
from serve.loaded_model import DirectedModel

Split = Literal["paragraphs", "sentences", "lines", "none"]
"""Where a text is cut: at line breaks and sentence ends; at sentence ends alone; at line breaks alone; nowhere."""

# Text that takes longer than this to split and encode would hold up every other request: about 2 ms.
_AT_ONCE_CHARACTERS = 2000
# C0 controls but tab, line feed and carriage return: no tokenizer has seen them, and some terminals obey them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Sentence(NamedTuple):
    """One sentence of a text and what it became; `target_start` is where it begins in the translated text."""

    segment: Segment
    hypotheses: list[Hypothesis]
    target_start: int


@dataclass(frozen=True)
class Translated:
    """One text."""

    text: str
    alternatives: tuple[str, ...]  # other translations of the whole text, without equals
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Outcome:
    """All texts of a request, and what they took."""

    texts: list[Translated]
    tokens: int
    target_tokens: int
    queue_seconds: float
    inference_seconds: float
    batch_rows: int
    cut: int
    divided: int


def clean(text: str) -> str:
    """Return a text without control characters."""
    return _CONTROLS.sub("", text)


async def translate_texts(directed: DirectedModel, texts: Sequence[str], search: Search, split: Split, job: Job) -> Outcome:
    """Translate texts with one version of a model, which the caller holds (`LoadedModel.in_use`).

    Args:
        directed: the model and its direction.
        texts: any texts; white space between sentences comes back as it is.
        search: what is asked for, as `Translator.search_for` makes it.
        split: where texts are cut into sentences.
        job: the request.

    Raises:
        Busy, NeverFits, TimeoutError, Closed: as `Batcher.submit` does.
    """
    translator, batcher = directed.translator, directed.model.batcher
    batcher.check_queue(job)

    def prepare() -> tuple[list[list[Segment]], Encoded]:
        segments = [_SPLITS[split](text, translator.source_language) for text in texts]
        return segments, translator.encode([segment.text for row in segments for segment in row])

    short = sum(map(len, texts)) <= _AT_ONCE_CHARACTERS
    segments, encoded = prepare() if short else await asyncio.to_thread(prepare)
    sources = encoded.sources
    answers = await batcher.submit(sources, search, job) if sources else []
    found = {source: answer.hypotheses for source, answer in zip(sources, answers, strict=True)}

    def finish() -> Outcome:
        lines = iter(translator.join(encoded, found, search))
        translated = [_put_together(text, row, [next(lines) for _ in row], translator) for text, row in zip(texts, segments, strict=True)]
        return _outcome(translated, encoded, answers)

    return finish() if short else await asyncio.to_thread(finish)


def _whole(text: str, _language: str) -> list[Segment]:
    bare = text.strip()
    start = len(text) - len(text.lstrip())
    return [Segment(bare, start, start + len(bare))] if bare else []


_SPLITS: dict[Split, Callable[[str, str], list[Segment]]] = {
    "paragraphs": split_paragraphs,
    "sentences": split_sentences,
    "lines": lambda text, _: split_lines(text),
    "none": _whole,
}


def _put_together(text: str, segments: Sequence[Segment], found: Sequence[list[Hypothesis]], translator: Translator) -> Translated:
    ranks = max(map(len, found), default=1)
    whole = [
        rejoin(text, segments, [one[min(rank, len(one) - 1)].text for one in found], between=translator.between) for rank in range(ranks)
    ]
    sentences = []
    place = 0
    for segment, hypotheses in zip(segments, found, strict=True):
        # What lies between two translations has no letter in common with them by chance: it is white space, and its length is known.
        place = whole[0].index(hypotheses[0].text, place)
        sentences.append(Sentence(segment, hypotheses, place))
        place += len(hypotheses[0].text)
    return Translated(whole[0], tuple(dict.fromkeys(one for one in whole[1:] if one != whole[0])), tuple(sentences))


def _outcome(texts: list[Translated], encoded: Encoded, answers: Sequence[Answer]) -> Outcome:
    best = [sentence.hypotheses[0] for text in texts for sentence in text.sentences]
    return Outcome(
        texts,
        sum(len(ids) for line in encoded.ids for ids in line),
        sum(one.pieces for one in best),
        max((answer.queue_seconds for answer in answers), default=0.0),
        max((answer.inference_seconds for answer in answers), default=0.0),
        max((answer.batch_rows for answer in answers), default=0),
        sum(one.cut for one in best),
        sum(len(line) > 1 for line in encoded.ids),
    )
