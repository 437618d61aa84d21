"""Which language a line is in, for many lines at once.

py3langid is a naive Bayes classifier over byte n-grams that an automaton finds (Lui and Baldwin 2011, 2012). Its own `classify` walks the
automaton in Python, one line at a time; here all lines of a block take a step together. The scores are the same, and where they are not,
since a newer version is made in another way, each line is asked for on its own.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.segmentation import base_language

Floats = NDArray[np.float32]

_BYTES = 300  # the beginning of a long line tells as much
_SCORED_LINES = 64  # at a time: the evidence of so many fits a processor's cache
_PROBES = ("This is the house of my friends.", "Dies ist das Haus meiner Freunde.", "Это дом моих друзей.", "12", "CECI EST LA MAISON")
_KNOWN = """af am an ar as az ba be bg bn br bs ca cs cy da de dz el en eo es et eu fa fi fo fr fy ga gd gl gu ha he hi hr ht hu hy id ig
is it ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt my ne nl nn no oc om or pa pl ps pt qu ro ru rw sa se si sk sl
sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz vi vo wa xh yo zh zu"""
LANGUAGES = frozenset(_KNOWN.split())
"""What py3langid 0.4 knows, with two-letter codes; loading its model to ask takes a hundred megabytes."""
# Languages that no one can tell apart by a line or two.
_ALIKE = (
    {"no", "nb", "nn", "da"},
    {"hr", "bs", "sr", "sh", "cnr"},
    {"id", "ms"},
    {"zh", "zt", "yue", "wuu", "cmn"},
    {"pt", "pb", "gl"},
    {"fa", "prs"},
)
_NAMES = {"nb": "no", "sh": "sr", "pb": "pt", "zt": "zh", "cmn": "zh"}


def installed() -> bool:
    """Whether the library is there."""
    return find_spec("py3langid") is not None


def is_known(language: str, labels: Collection[str] = LANGUAGES) -> bool:
    """Whether a language is among those that can be told."""
    return _label(language) in labels


@cache
def loaded_identifier() -> "LanguageIdentifier":
    """Return the one of this process."""
    return LanguageIdentifier()


class LanguageIdentifier:
    """The languages that lines are in, among those with two-letter codes."""

    def __init__(self) -> None:
        model = _model()
        self.labels: list[str] = model.labels
        self._rank: Callable[[str], list[tuple[str, float]]] = model.rank
        self._automaton = _automaton(model, self.labels)
        if self._automaton is not None and not self._agrees():
            self._automaton = None
        if self._automaton is not None:
            del self._rank  # a hundred megabytes

    def probabilities(self, lines: Sequence[str]) -> Floats:
        """Return how likely each language is for each line. [lines, labels]"""
        if self._automaton is None:
            return np.array([[dict(self._rank(line))[label] for label in self.labels] for line in lines], np.float32)
        return _probabilities(lines, self._automaton)

    def others(self, lines: Sequence[str], language: str, surely: float) -> list[tuple[int, str, float]]:
        """Return the lines that are surely in another language: place, language, probability. None if the language is not known."""
        if not is_known(language, self.labels):
            return []
        alike = {_label(language)}.union(*(group for group in _ALIKE if base_language(language) in group))
        found = self.probabilities(lines)
        best = found.argmax(axis=1)
        sure = np.flatnonzero(found[np.arange(len(found)), best] >= surely)
        return [(int(place), label, float(found[place, best[place]])) for place in sure if (label := self.labels[best[place]]) not in alike]

    def _agrees(self) -> bool:
        expected = [[dict(self._rank(line))[label] for label in self.labels] for line in _PROBES]
        return bool(np.allclose(self.probabilities(_PROBES), expected, atol=1e-3))


def _model() -> Any:
    """py3langid's model, of the languages with two-letter codes: the others are rare, or varieties of these."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(sorted({label for label in model.labels if len(label) == 2}))
    return model


def _label(language: str) -> str:
    base = base_language(language)
    return _NAMES.get(base, base)


class _Automaton(NamedTuple):
    """What py3langid's model is made of."""

    moves: NDArray[np.int64]
    """[rows · 256], the next state by row and byte."""
    rows: NDArray[np.int64]
    """[states], where each state's row begins in `moves`."""
    features: NDArray[np.int64]
    """[states], the n-gram that has just ended, or -1."""
    weights: NDArray[np.float16]
    """[features, columns], log-probabilities; as wide as the model has them, which is half the memory."""
    priors: Floats
    """[columns]"""
    labels: NDArray[np.int64]
    """[columns], the label of each: a language in two scripts has two columns."""


def _automaton(model: Any, labels: Sequence[str]) -> _Automaton | None:
    try:
        return _Automaton(
            np.asarray(model.tk_nextmove),
            np.asarray(model.tk_row, np.int64) << 8,
            np.asarray(model.tk_output),
            np.asarray(model.nb_ptc),
            np.asarray(model.nb_pc, np.float32),
            np.array([labels.index(name) for name in model.nb_classes]),
        )
    except (AttributeError, TypeError, ValueError):
        return None


def _probabilities(lines: Sequence[str], automaton: _Automaton) -> Floats:
    texts = [_encoded(line) for line in lines]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    line, feature, counts = _visits(texts, lengths, automaton)
    scores = np.zeros((len(texts), len(automaton.priors)), np.float32)
    amounts = np.log1p(counts, dtype=np.float32)[:, None]
    parts = np.searchsorted(line, range(0, len(texts) + _SCORED_LINES, _SCORED_LINES))
    for start, end in pairwise(parts.tolist()):
        if start < end:
            first = np.flatnonzero(np.diff(line[start:end], prepend=-1))
            evidence = automaton.weights[feature[start:end]].astype(np.float32) * amounts[start:end]
            scores[line[start:end][first]] = np.add.reduceat(evidence, first) + automaton.priors
    scores /= np.sqrt(np.maximum(lengths, 1))[:, None]
    likely = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    likely /= likely.sum(axis=1, keepdims=True)
    found = np.zeros((len(texts), int(automaton.labels.max()) + 1), np.float32)
    for column, label in enumerate(automaton.labels):
        found[:, label] += likely[:, column]
    return found


def _visits(
    texts: Sequence[bytes], lengths: NDArray[np.int64], automaton: _Automaton
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return line, feature and count of all that the automaton comes upon, sorted by line."""
    order = np.argsort(-lengths, kind="stable")  # the lines that have not ended yet are the first ones
    width = int(lengths.max(initial=0))
    grid = np.zeros((len(texts), width), np.uint8)
    for row, place in enumerate(order):
        grid[row, : lengths[place]] = np.frombuffer(texts[place], np.uint8)
    steps = np.ascontiguousarray(grid.T)
    going = np.searchsorted(-lengths[order], -np.arange(width), side="left")  # how many lines are longer than the step
    states = np.zeros(len(texts), np.int64)
    keys = [np.zeros(0, np.int64)]
    for step, active in zip(steps, going.tolist(), strict=True):
        states[:active] = automaton.moves[automaton.rows[states[:active]] + step[:active]]
        seen = automaton.features[states[:active]]
        there = np.flatnonzero(seen >= 0)
        keys.append(order[there] * len(automaton.weights) + seen[there])
    visited, counts = np.unique(np.concatenate(keys), return_counts=True)
    line, feature = np.divmod(visited, len(automaton.weights))
    return line, feature, counts


def _encoded(line: str) -> bytes:
    text = line[:_BYTES]
    if text.isupper():
        text = text.lower()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")[:_BYTES]
