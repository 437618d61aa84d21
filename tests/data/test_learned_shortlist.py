"""What a shortlist keeps of a lexical table, and how its losses are measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmt.data.learned_shortlist import coverage, learn_shortlist, write_shortlist
from nmt.data.prepare import prepare
from nmt.shortlist import SHORTLIST_FILE, SPECIAL_TOKENS, Shortlist
from nmt.special_tokens import EOS, PAD
from tests.data.test_lexical_table import BOOK, BUCH, DAS, EIN, HAUS, HOUSE, SOURCES, TARGETS, THE, A, V, store_of
from tests.data.test_prepare import PAIRS, config


def test_one_candidate_is_the_obvious_translation(tmp_path: Path) -> None:
    shortlist = learn_shortlist(store_of(tmp_path, SOURCES, TARGETS), V, V, candidates=1, frequent=0, iterations=20)
    assert shortlist.select([[THE, HOUSE]]).tolist() == [*SPECIAL_TOKENS, DAS, HAUS]
    assert shortlist.select([[A], [BOOK]]).tolist() == [*SPECIAL_TOKENS, BUCH, EIN]
    assert EOS in shortlist.select([])


def test_frequent_pieces_take_no_place_from_rarer_ones(tmp_path: Path) -> None:
    """ "das" and "Buch" are in anyway, so the one candidate of "the" and of "book" is the best of the others."""
    shortlist = learn_shortlist(store_of(tmp_path, SOURCES, TARGETS), V, V, candidates=1, frequent=2, iterations=20)
    assert shortlist.by_frequency[:4].tolist() == [DAS, BUCH, HAUS, EIN]
    assert shortlist.candidates[[THE, BOOK]].tolist() == [[HAUS], [EIN]]


def test_a_joint_vocabulary_lets_a_piece_be_copied(tmp_path: Path) -> None:
    store = store_of(tmp_path, SOURCES, TARGETS)
    joint = learn_shortlist(store, V, V, candidates=1, frequent=0, iterations=20, joint=True)
    assert joint.select([[HOUSE]]).tolist() == [*SPECIAL_TOKENS, HOUSE, HAUS]
    assert joint.select([[V - 1]]).tolist() == [*SPECIAL_TOKENS, V - 1]  # never seen: all that is known of it
    assert joint.select([[PAD, EOS]]).tolist() == list(SPECIAL_TOKENS)


def test_more_candidates_and_frequent_pieces_than_there_are(tmp_path: Path) -> None:
    shortlist = learn_shortlist(store_of(tmp_path, SOURCES, TARGETS), V, V, candidates=2 * V, frequent=2 * V)
    assert shortlist.frequent == V
    assert shortlist.select([]).tolist() == list(range(V))


@pytest.mark.parametrize("wrong", [{"candidates": -1}, {"frequent": -1}])
def test_negative_numbers_are_an_error(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither can be negative"):
        learn_shortlist(store_of(tmp_path, SOURCES, TARGETS), V, V, **wrong)


def test_coverage_counts_pieces_and_whole_sentences(tmp_path: Path) -> None:
    candidates = np.full((V, 1), PAD, np.int32)
    candidates[[THE, HOUSE, BOOK], 0] = [DAS, HAUS, BUCH]  # "a" has none
    measured = coverage(Shortlist(candidates, np.arange(V, dtype=np.int32), 0), store_of(tmp_path, SOURCES, TARGETS))
    assert measured == pytest.approx((5 / 6, 2 / 3, (6 + 6 + 5) / 3, V, 3))
    assert str(measured) == (
        "lexical shortlist: 6 of 20 target pieces for a sentence, with 83.33% of the reference's pieces and all of them in 66.7% of 3 "
        "validation sentences"
    )


def test_coverage_of_no_pairs_is_no_error(tmp_path: Path) -> None:
    shortlist = learn_shortlist(store_of(tmp_path, SOURCES, TARGETS), V, V)
    assert coverage(shortlist, store_of(tmp_path, [], [])) == (0, 0, 0, V, 0)


@pytest.mark.parametrize("joint", [True, False])
def test_a_run_gets_its_shortlist_the_same_each_time(joint: bool, tmp_path: Path) -> None:
    prepared = prepare(config(tmp_path, tokenizer={"joint": joint}), tmp_path / "run")
    reports = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        reports.append(write_shortlist(prepared, tmp_path / name))
    assert (tmp_path / "a" / SHORTLIST_FILE).read_bytes() == (tmp_path / "b" / SHORTLIST_FILE).read_bytes()
    assert reports[0] == reports[1]
    assert reports[0].measured == len(PAIRS) // 10
    assert reports[0].pieces > 0.9
    loaded = Shortlist.load(tmp_path / "a" / SHORTLIST_FILE)
    assert len(loaded.candidates) == prepared.tokenizers.source.vocabulary_size
    assert loaded.target_vocabulary == prepared.tokenizers.target.vocabulary_size
