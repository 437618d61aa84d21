"""Strings to scores: sacreBLEU's BLEU, chrF and TER with the signatures that make them comparable; perplexity; a collapse of the output."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nmt.errors import CorpusError
from nmt.segmentation import base_language, writes_spaces

Metric = Literal["bleu", "chrf", "ter"]
METRICS: tuple[Metric, ...] = ("bleu", "chrf", "ter")

_COLLAPSE_LINES = 20
_COLLAPSE_SHARE = 0.1


@dataclass(frozen=True)
class Score:
    """One corpus score, printed with its recipe: another run of sacreBLEU with this signature gives this number."""

    metric: str
    score: float
    signature: str

    def __str__(self) -> str:
        return f"{self.metric} {self.score:.2f} ({self.signature})"


@dataclass(frozen=True)
class Collapse:
    """Many different sources, few different outputs."""

    lines: int
    distinct: int
    most_common: str
    share: float  # of the lines, with `most_common` as output


def evaluate(
    hypotheses: Sequence[str], references: Sequence[str], target_language: str, metrics: Sequence[Metric] = METRICS
) -> list[Score]:
    """Score translations against one reference each.

    Args:
        hypotheses: Detokenised translations.
        references: As many, in the same order.
        target_language: Code such as de or zh-Hans; chooses the tokenizer of BLEU and TER.
        metrics: Which scores, in which order.

    Raises:
        CorpusError: no lines, or unequal numbers of them.
    """
    if len(hypotheses) != len(references):
        raise CorpusError(f"{len(hypotheses)} translations but {len(references)} references: they must match line for line")
    if not hypotheses:
        raise CorpusError("nothing to evaluate: there are no lines")
    return [_score(metric, hypotheses, references, target_language) for metric in metrics]


def bleu(hypotheses: Sequence[str], references: Sequence[str], target_language: str) -> Score:
    """Return corpus BLEU (Papineni et al. 2002; Post 2018) alone: cheap enough for every validation."""
    return evaluate(hypotheses, references, target_language, ["bleu"])[0]


def sentence_bleu(hypotheses: Sequence[str], references: Sequence[str], target_language: str) -> list[float]:
    """Return BLEU of each line by itself, 0 to 100: smoothed (`exp`), and of the n-grams that a short line has (effective order)."""
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(tokenize=bleu_tokenizer(target_language), effective_order=True)
    return [float(scorer.sentence_score(one, [other]).score) for one, other in zip(hypotheses, references, strict=True)]


def paired_bootstrap(before: Sequence[str], after: Sequence[str], references: Sequence[str], target_language: str) -> float:
    """Return the p-value of a difference in BLEU by paired bootstrap (Koehn 2004), 1,000 samples with sacreBLEU's seed."""
    from sacrebleu.significance import PairedTest

    systems: list[tuple[str, Sequence[str]]] = [("before", before), ("after", after)]
    test = PairedTest(systems, {"BLEU": _scorer("bleu", target_language)}, [list(references)], test_type="bs", n_samples=1000)
    return float(test()[1]["BLEU"][1].p_value)  # type: ignore[union-attr,arg-type]


def bleu_tokenizer(language: str) -> str:
    """Return sacreBLEU's tokenizer for a target language.

    Chinese has one of its own. Japanese and Korean have two that need dictionaries outside sacreBLEU (MeCab), and a score must not
    depend on what happens to be installed: they, and the other scripts without spaces, are counted by characters. All else is 13a.
    """
    base = base_language(language)
    if base in {"zh", "zho", "cmn", "yue", "wuu"}:
        return "zh"
    return "13a" if writes_spaces(language) and base not in {"ko", "kor"} else "char"


def perplexity(loss_sum: float, tokens: int) -> float:
    """Return exp(loss per token) from a sum of losses in nats; infinite where a float cannot hold it.

    Raises:
        ValueError: no tokens.
    """
    if tokens <= 0:
        raise ValueError("perplexity of no tokens")
    try:
        return math.exp(loss_sum / tokens)
    except OverflowError:
        return math.inf


def collapse(outputs: Sequence[str], sources: Sequence[str] | None = None) -> Collapse | None:
    """Tell whether the outputs have collapsed to a few sentences: fewer distinct ones than a tenth of the distinct sources.

    It is what a decoder does that has learnt the target language and not yet, or no longer, reads the source: training has barely begun,
    source and target lines do not belong together, or the learning rate is too high.

    Args:
        outputs: Translations of validation lines.
        sources: Their sources; without them each line counts as distinct.

    Returns:
        None if they have not, or if fewer than 20 distinct sources are too few to say.
    """
    distinct_sources = len(outputs) if sources is None else len(set(sources))
    counts = Counter(outputs)
    if distinct_sources < _COLLAPSE_LINES or len(counts) >= _COLLAPSE_SHARE * distinct_sources:
        return None
    most_common, count = counts.most_common(1)[0]
    return Collapse(len(outputs), len(counts), most_common, count / len(outputs))


def _score(metric: Metric, hypotheses: Sequence[str], references: Sequence[str], language: str) -> Score:
    scorer = _scorer(metric, language)
    result = scorer.corpus_score(list(hypotheses), [list(references)])
    return Score(result.name, float(result.score), str(scorer.get_signature()))


def _scorer(metric: Metric, language: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    if metric == "bleu":
        return BLEU(tokenize=bleu_tokenizer(language))
    if metric == "chrf":
        return CHRF()
    spaceless = not writes_spaces(language)
    return TER(normalized=spaceless, asian_support=spaceless)  # else a line without spaces is one word, right or wrong as a whole
