"""One update: replicas against one device, and what is not finite."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from nmt.checkpoint import Checkpoints
from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import Prepared
from nmt.inference import build_model
from nmt.training.distribution import make_distribution
from nmt.training.optimizer import Adam
from nmt.training.update import Updater


def updater_of(config: Config, prepared: Prepared) -> Updater:
    distribution = make_distribution("none")
    keras.utils.set_random_seed(1)
    model = build_model(config, prepared.tokenizers)
    optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
    return Updater(model, optimizer, distribution, config.training)


def test_the_loss_falls(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    config = tiny_config()
    updater = updater_of(config, prepared)
    plan = BatchPlan(prepared.train, 256, seed=1)
    losses = []
    for epoch in range(3):
        for number, indices in enumerate(plan.epoch(epoch), start=1):
            result = updater.update(plan.batch(indices), number, 0.01)
            losses.append(float(result.cross_entropy / result.tokens))
    assert np.mean(losses[-3:]) < 0.6 * losses[0]


def test_an_update_that_is_not_finite_changes_nothing(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    updater = updater_of(tiny_config(), prepared)
    plan = BatchPlan(prepared.train, 256, seed=1)
    batch = plan.batch(next(plan.epoch(0)))
    bias = updater.model.output_bias
    bias.assign(np.where(np.arange(bias.shape[0]) == 7, np.nan, 0.0))
    before = [variable.numpy().copy() for variable in updater.variables]
    moments = [moment.numpy().copy() for moment in updater.optimizer.first_moment]
    assert not bool(updater.update(batch, 1, 0.01).finite)
    for variable, value in zip(updater.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    for moment, value in zip(updater.optimizer.first_moment, moments, strict=True):
        np.testing.assert_array_equal(moment.numpy(), value)


REPLICAS = """
import io, sys, time
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from rich.console import Console
from nmt.config_file import load_config
from nmt.data.prepare import prepare
from nmt.run_directory import RunDirectory
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer
name, config, run = sys.argv[1], load_config(Path(sys.argv[2]), ["training.distribution=" + sys.argv[1]]), Path(sys.argv[3])
display = TrainingDisplay("training", Console(file=io.StringIO()))
trainer = Trainer(config, prepare(config, run), RunDirectory(run), display, time.monotonic())
assert trainer.distribution.replicas == {"mirrored": 2, "none": 1}[name]
trainer.train()
"""


def test_two_replicas_equal_one_device(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    """A whole run on two logical CPU devices. Dropout off, because replicas draw different masks: losses and weights are then the same."""
    config = tiny_config(max_updates=20)
    config = config.model_copy(update={"model": config.model.model_copy(update={"dropout": 0.0, "word_dropout": 0.0})})
    save_config(config, tmp_path / "config.yaml")
    for name in ("none", "mirrored"):
        call = [sys.executable, "-c", REPLICAS, name, str(tmp_path / "config.yaml"), str(tmp_path / name)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = (Checkpoints(tmp_path / name / "checkpoints").load("last") for name in ("none", "mirrored"))
    assert one is not None
    assert two is not None
    for name, array in one[0].items():
        np.testing.assert_allclose(two[0][name], array, atol=2e-5, rtol=2e-3, err_msg=name)
    lines = [[json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()] for name in ("none", "mirrored")]
    for before, after in zip(*lines, strict=True):
        assert (before["kind"], before["update"]) == (after["kind"], after["update"])
        if "loss" in before:
            assert after["loss"] == pytest.approx(before["loss"], rel=1e-4)
