"""An update by expected risk: its gradient against plain autodiff, what it does to the risk, and a run that is stopped and carried on."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from nmt.config import Config
from nmt.data.batching import make_batch
from nmt.data.prepare import Prepared
from nmt.errors import InterruptedRun
from nmt.inference import Inference, build_model
from nmt.run_directory import RunDirectory
from nmt.special_tokens import BOS, PAD
from nmt.training.candidates import packed
from nmt.training.criterion import make_updater
from nmt.training.distribution import make_distribution
from nmt.training.minimum_risk import MinimumRiskUpdater, RiskBatch
from nmt.training.optimizer import Adam
from nmt.training.sequence_loss import expected_risk
from nmt.training.update import Updater
from tests.training.test_accumulation import without_dropout
from tests.training.test_trainer import final_arrays, metrics, signal_after, trainer_of


def updater_of(config: Config, prepared: Prepared) -> MinimumRiskUpdater:
    keras.utils.set_random_seed(1)
    model = build_model(config, prepared.tokenizers)
    optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
    updater = make_updater(model, optimizer, make_distribution("none"), config, prepared, Inference(model, config.search))
    assert isinstance(updater, MinimumRiskUpdater)
    return updater


def risky(make: Callable[..., Config], **training: object) -> Config:
    return make(criterion="minimum_risk", init_from="anywhere", **training)


def by_hand(prepared: Prepared, micro_batches: int = 1) -> RiskBatch:
    """Three pairs with made-up candidates and costs, one of which has a single one; filler rows have share 0."""
    batch = make_batch(prepared.train, np.array([0, 1, 2]), micro_batches)
    rows: list[dict[tuple[int, ...], float]] = [{(9, 8): 0.9, (7,): 0.2, (9, 8, 7, 6): 0.4}, {(5, 6, 7): 0.3}, {(8, 8): 0.0, (9,): 1.0}]
    tokens = float((batch.labels != PAD).sum())
    filler = len(batch.labels) - 3
    return RiskBatch(batch, packed(rows + [{(9,): 0.5}] * filler, np.array([tokens / 3] * 3 + [0.0] * filler)))


def test_gradient_is_that_of_plain_autodiff(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    """Without dropout, from whole logits: mean over sentences of Σ Q Δ, plus 0.3 times the gradient of the ordinary loss."""
    config = without_dropout(risky(tiny_config))
    config = config.model_copy(update={"model": config.model.model_copy(update={"attention": "coverage", "decoder": "input_feeding"})})
    updater = updater_of(config, prepared)
    model, (pairs, candidates) = updater.model, by_hand(prepared)
    constants = RiskBatch(*tf.nest.map_structure(tf.constant, (pairs, candidates)))
    gradients, _ = updater._gradients(None, constants, tf.constant([1, 1]))
    ordinary, (_, _, tokens) = Updater._gradients(updater, None, constants.pairs, tf.constant([1, 1]))
    with tf.GradientTape() as tape:
        risk = []
        for place, source in enumerate(pairs.source):
            scores, costs = [], []
            for row, length, cost in zip(candidates.labels[place], candidates.lengths[place], candidates.costs[place], strict=True):
                if length:
                    target = np.array([[BOS, *row[: length - 1]]])
                    logits = model(source[np.newaxis], pairs.source_lengths[place : place + 1], target, np.array([length]))
                    log_prob = tf.reduce_sum(tf.gather(tf.nn.log_softmax(logits[0]), row[:length], batch_dims=1))
                    scores.append(log_prob / ((5.0 + length) / 6.0) ** config.search.length_penalty)
                    costs.append(cost)
            risk.append(tf.reduce_sum(tf.nn.softmax(tf.stack(scores)) * costs))
        minimised = tokens * tf.reduce_mean(risk)
    of_risk = tape.gradient(minimised, model.trainable_variables)
    assert max(float(tf.reduce_max(tf.abs(tf.convert_to_tensor(one)))) for one in of_risk) > 0.01
    for variable, found, one, other in zip(model.trainable_variables, gradients, of_risk, ordinary, strict=True):
        np.testing.assert_allclose(found, tf.convert_to_tensor(one) + 0.3 * other, atol=2e-5, rtol=2e-3, err_msg=variable.path)


def test_risk_falls_and_micro_batches_change_nothing(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    """Towards the candidates that cost least, whatever the references say; a filler row, in which there is one of them, does nothing."""
    norms, begun, ended = [], [], []
    for parts in (1, 2):
        config = without_dropout(risky(tiny_config, accumulate=parts, minimum_risk={"likelihood_weight": 0.0}))
        updater, batch = updater_of(config, prepared), by_hand(prepared, parts)
        begun.append(risk_of(updater, batch))
        results = [updater.update_with(batch, update, 0.01) for update in range(1, 7)]
        assert all(bool(result.finite) for result in results)
        norms.append([float(result.gradient_norm) for result in results])
        ended.append(risk_of(updater, batch))
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-3)
    np.testing.assert_allclose(ended[0], ended[1], atol=1e-3)
    assert ended[0] < begun[0] - 0.1


def risk_of(updater: MinimumRiskUpdater, batch: RiskBatch) -> float:
    """The mean over the first three sentences, from whole logits."""
    model, candidates, total = updater.model, batch.candidates, 0.0
    for place in range(3):
        source, length = batch.pairs.source[place : place + 1], batch.pairs.source_lengths[place : place + 1]
        log_prob = []
        for row, own in zip(candidates.labels[place], np.maximum(candidates.lengths[place], 1), strict=True):
            logits = model(source, length, np.array([[BOS, *row[: own - 1]]]), np.array([own]))
            log_prob.append(tf.reduce_sum(tf.gather(tf.nn.log_softmax(logits[0]), row[:own], batch_dims=1)))
        lengths, costs = (tf.constant(part[place : place + 1]) for part in (candidates.lengths, candidates.costs))
        total += float(expected_risk(tf.stack(log_prob)[tf.newaxis], lengths, costs, 1.0, updater.length_penalty)[0])
    return total / 3


def test_a_stopped_run_that_is_carried_on_is_one_that_was_not_bit_for_bit(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """With dropout and samples, from a run of a few updates: every draw is a function of seed, update and place."""
    silent = {"validate_bleu_lines": 0, "metric": "loss"}
    origin = tiny_config(**silent, max_updates=6)
    trainer_of(origin, tmp_path / "origin").train()
    RunDirectory(tmp_path / "origin").adopt(origin)
    risk = {"search": "sample", "reference": True}
    begun = {"criterion": "minimum_risk", "minimum_risk": risk, "init_from": tmp_path / "origin"}
    config = tiny_config(**silent, **begun, max_updates=7, log_every=2, validate_every=4)
    trainer_of(config, tmp_path / "whole").train()
    first = trainer_of(config, tmp_path / "parts")
    signal_after(first, 3)
    with pytest.raises(InterruptedRun):
        first.train()
    last = trainer_of(config, tmp_path / "parts")
    assert last.state.update == 3
    last.train()
    expected, found = final_arrays(tmp_path / "whole"), final_arrays(tmp_path / "parts")
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    lines = metrics(tmp_path / "whole", "train")
    for line in lines:
        assert 0.0 <= line["candidate_bleu"] <= line["best_candidate_bleu"] <= 100.0
        assert 0.0 <= line["expected_risk"] <= 1.0
    assert lines[-1]["candidate_bleu"] == metrics(tmp_path / "parts", "train")[-1]["candidate_bleu"]
