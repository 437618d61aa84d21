"""One update: replicas against one device, and what is not finite."""

import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np

from nmt.config import Config
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
import json, sys
import tensorflow as tf
replicas = int(sys.argv[1])
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
import keras, numpy as np
from nmt.config import load_config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import prepare
from nmt.inference import build_model
from nmt.training.distribution import make_distribution
from nmt.training.optimizer import Adam
from nmt.training.update import Updater
config = load_config(Path(sys.argv[2]))
prepared = prepare(config, Path(sys.argv[3]))
distribution = make_distribution("mirrored" if replicas == 2 else "none")
assert distribution.replicas == replicas, distribution
keras.utils.set_random_seed(1)
with distribution.strategy.scope():
    model = build_model(config, prepared.tokenizers)
    optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
updater = Updater(model, optimizer, distribution, config.training)
plan = BatchPlan(prepared.train, 256, seed=1, replicas=2)
losses, update = [], 0
for epoch in range(2):
    for indices in plan.epoch(epoch):
        update += 1
        result = updater.update(plan.batch(indices), update, 0.01)
        losses.append([float(result.cross_entropy), float(result.tokens), float(result.gradient_norm)])
weights = [float(np.abs(variable.numpy()).sum()) for variable in updater.variables]
averages = [float(np.abs(variable.numpy()).sum()) for variable in optimizer.average]
print(json.dumps({"losses": losses, "weights": weights, "averages": averages}))
"""


def test_two_replicas_equal_one_device(tiny_config: Callable[..., Config], prepared: Prepared, tmp_path) -> None:
    """Dropout off, because replicas draw different masks: then losses, tokens, gradient norms and weights are the same."""
    import json

    from nmt.config import save_config

    config = tiny_config()
    config = config.model_copy(update={"model": config.model.model_copy(update={"dropout": 0.0, "word_dropout": 0.0})})
    save_config(config, tmp_path / "config.yaml")
    found = []
    for replicas in (1, 2):
        call = [sys.executable, "-c", REPLICAS, str(replicas), str(tmp_path / "config.yaml"), str(tmp_path / "run")]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(json.loads(done.stdout.splitlines()[-1]))
    one, two = found
    assert len(one["losses"]) > 10
    for name in ("losses", "weights", "averages"):
        np.testing.assert_allclose(one[name], two[name], rtol=2e-4)
