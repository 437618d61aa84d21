"""Scores against sacreBLEU's own numbers and one BLEU worked by hand; the collapse warning."""

import math

import pytest
import sacrebleu

from nmt.errors import CorpusError
from nmt.evaluation import Score, bleu, bleu_tokenizer, collapse, evaluate, perplexity, sentence_bleu

HYPOTHESES = ["Ein Hund läuft durch den Schnee.", "Zwei Männer sitzen auf einer Bank.", "Das ist falsch"]
REFERENCES = ["Ein Hund rennt durch den Schnee.", "Zwei Männer sitzen auf einer Bank.", "Ein Kind spielt im Garten."]


def test_bleu_by_hand() -> None:
    # 13a: "a b c d e" against "a b c d f": precisions 4/5, 3/4, 2/3, 1/2 and no brevity penalty.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    score = bleu(["a b c d e"], ["a b c d f"], "en")
    assert score.metric == "BLEU"
    assert score.score == pytest.approx(expected)


def test_the_numbers_are_sacrebleus() -> None:
    found = evaluate(HYPOTHESES, REFERENCES, "de")
    assert [score.metric for score in found] == ["BLEU", "chrF2", "TER"]
    assert [score.score for score in found] == pytest.approx(
        [
            sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score,
            sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score,
            sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES]).score,
        ]
    )
    assert bleu(HYPOTHESES, REFERENCES, "de") == found[0]


def test_golden_numbers() -> None:
    """Fixed: a change here means that our scores no longer compare with older ones."""
    assert [round(score.score, 2) for score in evaluate(HYPOTHESES, REFERENCES, "de")] == [57.23, 65.86, 35.29]


def test_signatures_say_how() -> None:
    found = {score.metric: score.signature for score in evaluate(HYPOTHESES, REFERENCES, "de")}
    assert found["BLEU"] == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    assert found["chrF2"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|")
    assert "asian:no" in found["TER"]
    assert str(Score("BLEU", 12.345, "sig")) in {"BLEU 12.35 (sig)", "BLEU 12.34 (sig)"}


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [("de", "13a"), ("zh", "zh"), ("zh-Hans", "zh"), ("ZH_cn", "zh"), ("ja", "char"), ("ko", "char"), ("th", "char")],
)
def test_the_tokenizer_follows_the_target_language(language: str, tokenizer: str) -> None:
    assert bleu_tokenizer(language) == tokenizer
    assert f"tok:{tokenizer}|" in bleu(["x"], ["x"], language).signature


def test_ter_of_a_script_without_spaces_counts_characters() -> None:
    score = evaluate(["我喜欢狗。"], ["我喜欢猫。"], "zh", ["ter"])[0]
    assert score.score == pytest.approx(20.0)
    assert "asian:yes" in score.signature


def test_unequal_or_no_lines() -> None:
    with pytest.raises(CorpusError, match="1 translations but 2 references"):
        evaluate(["a"], ["a", "b"], "en")
    with pytest.raises(CorpusError, match="no lines"):
        bleu([], [], "en")


def test_empty_translations_score_nothing() -> None:
    assert [score.score for score in evaluate(["", ""], ["a dog", "a cat"], "en")] == pytest.approx([0.0, 0.0, 100.0])


def test_perplexity() -> None:
    assert perplexity(math.log(7) * 3, 3) == pytest.approx(7)
    assert perplexity(1e9, 1) == math.inf
    with pytest.raises(ValueError, match="no tokens"):
        perplexity(0.0, 0)


def test_a_collapse_is_told() -> None:
    outputs = ["A man."] * 30 + ["A dog."] * 10
    found = collapse(outputs, [f"source {n}" for n in range(40)])
    assert found is not None
    assert (found.lines, found.distinct, found.most_common, found.share) == (40, 2, "A man.", 0.75)
    assert collapse(outputs) == found


def test_what_is_no_collapse() -> None:
    assert collapse(["same"] * 19) is None  # too few to say
    assert collapse(["same"] * 40, ["source"] * 40) is None  # the sources are the same
    assert collapse([f"output {n % 4}" for n in range(40)]) is None  # a tenth
    assert collapse([]) is None


def test_bleu_of_one_line() -> None:
    """Not zero for want of a 4-gram that matches, and 100 for a line of two words that is right."""
    right = "a dog runs over the green grass"
    scores = sentence_bleu(["a dog", right, "a dog runs over green grass", "no"], ["a dog", right, right, right], "en")
    assert scores[:2] == pytest.approx([100.0, 100.0])
    assert 30.0 < scores[2] < 90.0
    assert 0.0 <= scores[3] < 5.0
