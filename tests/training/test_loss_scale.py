"""Dynamic loss scaling, and runs in 16 bits: they learn, skip what overflows, resume and are exported in float32."""

import io
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

from nmt.config import Config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import Prepared
from nmt.errors import DivergedError, InterruptedRun
from nmt.inference import build_model
from nmt.recipes import train
from nmt.training.distribution import make_distribution
from nmt.training.loss_scale import FIRST, GREATEST, LEAST, LossScale
from nmt.training.optimizer import Adam
from nmt.training.trainer import Trainer
from nmt.training.update import Updater
from tests.training.test_trainer import final_arrays, metrics, signal_after, trainer_of


def test_the_scale_halves_on_overflow_and_doubles_after_good_updates() -> None:
    scale = LossScale(good_updates=3)
    seen = []
    for finite in (False, True, True, False, True, True, True, True):
        scale.follow(tf.constant(finite))
        seen.append(float(scale.scale) / FIRST)
    assert seen == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.5, 0.5]
    assert int(scale.good) == 1


def test_the_scale_has_limits() -> None:
    scale = LossScale(good_updates=1)
    for finite, limit in ((True, GREATEST), (False, LEAST)):
        for _ in range(60):
            scale.follow(tf.constant(finite))
        assert float(scale.scale) == limit


def updater_of(config: Config, prepared: Prepared) -> Updater:
    keras.utils.set_random_seed(1)
    model = build_model(config, prepared.tokenizers, precision=config.training.precision)
    optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
    return Updater(model, optimizer, make_distribution("none"), config.training)


@pytest.mark.slow
def test_each_precision_learns_as_float32_does(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    """Micro-batches and dropout on: the masks are the same in every precision."""
    plan = BatchPlan(prepared.train, 256, seed=1, micro_batches=2)
    batches = [plan.batch(indices) for epoch in range(3) for indices in plan.epoch(epoch)][:25]
    losses = {}
    for precision in ("float32", "bfloat16", "float16"):
        updater = updater_of(tiny_config(precision=precision, accumulate=2), prepared)
        results = [updater.update(batch, number, 0.01) for number, batch in enumerate(batches, start=1)]
        losses[precision] = np.array([float(result.cross_entropy / result.tokens) for result in results])
        assert all(bool(result.finite) for result in results)
        assert updater.scale_of(results[-1]) == ({"loss_scale": FIRST} if precision == "float16" else {})
        assert {variable.dtype for variable in updater.variables} == {tf.float32}
    assert losses["float32"][-5:].mean() < 0.7 * losses["float32"][0]
    for precision in ("bfloat16", "float16"):
        assert (losses[precision] != losses["float32"]).any()
        np.testing.assert_allclose(losses[precision], losses["float32"], rtol=0.03)


def test_an_overflow_skips_halves_and_is_counted_but_is_no_divergence(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = tiny_config(max_updates=12, precision="float16", non_finite_limit=2, validate_every=12)
    trainer = trainer_of(config, tmp_path)
    scale = trainer.updater.loss_scale
    assert scale is not None
    scale.scale.assign(2.0**40)
    before = [variable.numpy() for variable in trainer.updater.variables]
    first = next(iter(trainer.plan.epoch(0)))
    assert not bool(trainer.updater.update(trainer.plan.batch(first), 1, 0.01).finite)
    for variable, value in zip(trainer.updater.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert float(scale.scale) == 2.0**39
    scale.scale.assign(2.0**22)
    state = trainer.train()
    halvings = np.log2(2.0**22 / float(scale.scale))
    assert state.skipped == halvings >= 3  # more in a row than non_finite_limit
    assert int(scale.good) == state.update - state.skipped > 0
    skipped = [event["loss_scale"] for event in metrics(tmp_path, "event") if event["event"] == "skipped"]
    assert skipped == [2.0 ** (22 - n) for n in range(state.skipped)]


def test_what_no_scale_can_mend_is_divergence(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    trainer = trainer_of(tiny_config(max_updates=60, precision="float16", non_finite_limit=3, validate_every=60), tmp_path)
    trainer.model.output_bias.assign(np.full(trainer.model.output_bias.shape, np.nan))
    with pytest.raises(DivergedError, match="3 updates in a row"):
        trainer.train()
    assert trainer.state.skipped == 15 + 3  # down from 2 to the 15th first


def test_a_resumed_run_in_float16_equals_an_uninterrupted_one(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """Stopped while the scale falls, and once more while good updates are counted."""

    def large_scale(trainer: Trainer) -> Trainer:
        assert trainer.updater.loss_scale is not None
        if trainer.state.update == 0:
            trainer.updater.loss_scale.scale.assign(2.0**22)
        return trainer

    config = tiny_config(max_updates=14, precision="float16", validate_every=14, validate_bleu_lines=0, metric="loss")
    large_scale(trainer_of(config, tmp_path / "whole")).train()
    for stop in (2, 9):
        part = large_scale(trainer_of(config, tmp_path / "parts"))
        signal_after(part, stop)
        with pytest.raises(InterruptedRun):
            part.train()
    last = trainer_of(config, tmp_path / "parts")
    assert last.updater.loss_scale is not None
    assert float(last.updater.loss_scale.scale) < 2.0**20
    assert int(last.updater.loss_scale.good) > 0
    last.train()
    expected, found = final_arrays(tmp_path / "whole"), final_arrays(tmp_path / "parts")
    assert {"loss_scale/scale", "loss_scale/good"} <= expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)


def test_a_run_in_bfloat16_is_exported_in_float32(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    said = io.StringIO()
    config = tiny_config(max_updates=4, validate_every=4, precision="bfloat16")
    model = train(config, tmp_path / "run", Console(file=said, width=300))
    assert "products in bfloat16" in said.getvalue()
    assert "decoded alike by the live model and by the SavedModel" in said.getvalue()
    loaded = tf.saved_model.load(str(model))
    graphs = [loaded.signatures[name].graph.as_graph_def() for name in loaded.signatures]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for function in graph.library.function for node in function.node_def]
    kinds = {kind.type for node in nodes for kind in node.attr.values() if kind.WhichOneof("value") == "type"}
    assert tf.float32.as_datatype_enum in kinds
    assert not kinds & {tf.bfloat16.as_datatype_enum, tf.half.as_datatype_enum}
