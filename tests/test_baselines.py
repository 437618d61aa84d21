"""What a model must beat: copying the nearest sentence, and looking words up."""

import time

import pytest
import sacrebleu

from nmt.baselines import nearest_neighbour, word_by_word, word_table
from nmt.data.grammar import generate_pairs

PAIRS = [
    ("The dog sleeps.", "Der Hund schläft."),
    ("The cat sleeps.", "Die Katze schläft."),
    ("The cat eats.", "Die Katze isst."),
    ("Anna eats.", "Anna isst."),
    ("Anna sleeps.", "Anna schläft."),
]


def test_the_nearest_sentence_shares_the_rare_words() -> None:
    assert nearest_neighbour(PAIRS, ["The dog eats.", "Anna sleeps."]) == ["Der Hund schläft.", "Anna schläft."]


def test_an_earlier_pair_wins_a_tie() -> None:
    assert nearest_neighbour([("a b", "first"), ("a b", "second")], ["a b"]) == ["first"]


def test_a_sentence_unlike_any_other_still_gets_a_line() -> None:
    assert nearest_neighbour(PAIRS, ["xyzzy"]) == ["Der Hund schläft."]
    assert nearest_neighbour([], ["a", "b"]) == ["", ""]


def test_the_word_table_aligns_words_that_occur_together() -> None:
    table = word_table(PAIRS)
    assert (table["sleeps"], table["eats"], table["cat"], table["dog"], table["Anna"]) == ("schläft", "isst", "Katze", "Hund", "Anna")


def test_word_by_word_keeps_source_order_and_unknown_words() -> None:
    assert word_by_word(PAIRS, ["Sleeps the dog Rex?"])[0].split()[0] == "Schläft"
    assert word_by_word(PAIRS, ["Anna Rex."]) == ["Anna Rex."]
    assert word_by_word([], ["Anna"]) == ["Anna"]


@pytest.fixture(scope="module")
def demo() -> tuple[list[tuple[str, str]], list[str], list[str]]:
    test = list(generate_pairs("test", 1_000, 1))
    return list(generate_pairs("train", 30_000, 1)), [source for source, _ in test], [target for _, target in test]


@pytest.mark.parametrize("baseline", [nearest_neighbour, word_by_word])
def test_neither_baseline_solves_the_demo_corpus(baseline, demo) -> None:  # type: ignore[no-untyped-def]
    train, sources, references = demo
    began = time.process_time()
    hypotheses = baseline(train, sources)
    assert time.process_time() - began < 20
    assert 5 < sacrebleu.corpus_bleu(hypotheses, [references]).score < 40
