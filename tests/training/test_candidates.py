"""Candidates out of a scripted search: what is compared, what is left out, what is told."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import Config
from nmt.data.batching import Batch, make_batch
from nmt.data.prepare import Prepared
from nmt.evaluation import sentence_bleu
from nmt.special_tokens import EOS, PAD
from nmt.training.candidates import CandidateMaker, packed


class Found:
    """A search that finds the reference, a wrong line twice, and something impossible, for each sentence."""

    def __init__(self, right: list[list[int]], wrong: list[int]) -> None:
        self.rows = [[one, wrong, wrong, [wrong[0]]] for one in right]
        self.seeds: list[list[int]] = []

    def translate_ids(self, *_: Any) -> dict[str, tf.Tensor]:
        width = max(len(row) for rows in self.rows for row in rows)
        ids = [[row + [PAD] * (width - len(row)) for row in rows] for rows in self.rows]
        lengths = [[len(row) for row in rows] for rows in self.rows]
        scores = [[np.log(0.6), np.log(0.2), np.log(0.2), -1e9]] * len(self.rows)
        return {"ids": tf.constant(ids), "lengths": tf.constant(lengths), "scores": tf.constant(scores, tf.float32)}

    def sample_ids(self, *arguments: Any) -> dict[str, tf.Tensor]:
        self.seeds.append(arguments[-1].numpy().tolist())
        return self.translate_ids()


def maker(config: Config, prepared: Prepared, **risk: object) -> tuple[CandidateMaker, Batch, Found]:
    """Of a batch of two sentences and a filler row."""
    section = config.training.minimum_risk.model_copy(update=risk)
    config = config.model_copy(update={"training": config.training.model_copy(update={"minimum_risk": section})})
    batch = make_batch(prepared.train, np.array([0, 1]), parts=3)
    right = [[piece for piece in row if piece not in {PAD, EOS}] for row in batch.labels.tolist()]
    found = Found([right[0], right[1], right[0]], prepared.tokenizers.target.encode(["seven seven"])[0])
    return CandidateMaker(config, prepared.tokenizers.target, found), batch, found  # type: ignore[arg-type]


def test_duplicates_are_one_and_what_cannot_be_is_none(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    made, batch, found = maker(tiny_config(), prepared)
    labels, lengths, costs, share = made.make(batch, 1)
    assert (lengths > 0).sum(axis=1).tolist() == [2, 2, 2]
    assert labels[0, 0, : lengths[0, 0]].tolist() == [*found.rows[0][0], EOS]
    assert labels[1, 1, : lengths[1, 1]].tolist() == [*found.rows[1][1], EOS]
    texts = prepared.tokenizers.target.decode([found.rows[0][1], found.rows[0][0]])
    assert costs[0].tolist() == pytest.approx([0.0, 1 - sentence_bleu(texts[:1], texts[1:], "en")[0] / 100])
    tokens = (batch.labels != PAD).sum()
    np.testing.assert_allclose(share, [tokens / 2, tokens / 2, 0.0])


def test_the_reference_may_be_one_more(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    made, batch, found = maker(tiny_config(), prepared, reference=True)
    found.rows[1][0] = [*found.rows[1][0], found.rows[1][1][0]]
    candidates = made.make(batch, 1)
    assert (candidates.lengths > 0).sum(axis=1)[:2].tolist() == [2, 3]  # found in the first, added to the second
    assert candidates.costs[1, 2] == 0.0
    assert candidates.labels[1, 2, : candidates.lengths[1, 2]].tolist() == [p for p in batch.labels[1].tolist() if p != PAD]


def test_figures_are_means_of_what_was_found(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    made, batch, found = maker(tiny_config(), prepared)
    made.make(batch, 1)
    texts = [prepared.tokenizers.target.decode([rows[place] for rows in found.rows[:2]]) for place in (1, 0)]
    wrong = np.mean(sentence_bleu(*texts, "en"))
    figures = made.figures()
    assert figures["best_candidate_bleu"] == pytest.approx(100.0)
    assert figures["expected_risk"] == pytest.approx(1 - (0.6 * 100 + 0.4 * wrong) / 100, rel=1e-5)
    assert figures["candidate_bleu"] < 100.0
    assert made.figures() == {}


def test_updates_that_were_undone_leave_no_figures(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    made, batch, _ = maker(tiny_config(), prepared)
    for update in (5, 6, 4):
        made.make(batch, update)
    assert list(made._account) == [4]


def test_samples_are_a_function_of_seed_and_update(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    made, batch, found = maker(tiny_config(seed=3), prepared, search="sample")
    made.make(batch, 7)
    assert found.seeds == [[3, 7]]


def test_packed_rows_end_in_eos() -> None:
    labels, lengths, costs, _ = packed([{(5, 6): 0.5}, {(7,): 0.25, (8, 9): 1.0}], np.ones(2))
    assert labels.tolist() == [[[5, 6, EOS], [PAD] * 3], [[7, EOS, PAD], [8, 9, EOS]]]
    assert lengths.tolist() == [[3, 0], [2, 3]]
    assert costs.tolist() == [[0.5, 0.0], [0.25, 1.0]]
