"""Micro-batches and replicas: however one batch is cut, the update is the same; only masks differ, and they do."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.batching import Batch, BatchPlan, make_batch
from nmt.data.prepare import Prepared
from nmt.training.accumulation import accumulated, every_nth
from nmt.training.update import Updater
from tests.training.test_update import updater_of


def without_dropout(config: Config) -> Config:
    return config.model_copy(update={"model": config.model.model_copy(update={"dropout": 0.0, "word_dropout": 0.0})})


def rows(*ids: int) -> Batch:
    column = tf.constant(ids)[:, tf.newaxis]
    return Batch(column, tf.ones_like(column[:, 0]), column, column, column[:, 0], tf.zeros([len(ids), 0, 0]))


def test_every_row_is_in_one_micro_batch() -> None:
    dealt = [every_nth(rows(5, 6, 7, 8, 9), first, 3).source[:, 0].numpy().tolist() for first in range(3)]
    assert dealt == [[5, 8], [6, 9], [7]]


def test_sums_are_added_and_seeds_differ() -> None:
    seen: list[list[int]] = []

    def note(seed: np.ndarray) -> None:
        seen.append(seed.tolist())

    def sums_of(batch: Batch, seed: tf.Tensor) -> tuple[list[tf.Tensor], tuple[tf.Tensor, ...]]:
        tf.numpy_function(note, [seed], [])
        total = tf.reduce_sum(tf.cast(batch.source, tf.float32))
        return [tf.fill([2], total)], (total, 2 * total, tf.cast(tf.shape(batch.source)[0], tf.float32))

    variables, seed = [tf.Variable([0.0, 0.0])], tf.constant([1, 2])
    for parts in (1, 2, 3):
        gradients, sums = accumulated(sums_of, rows(1, 2, 3, 4, 5), seed, parts, variables)
        np.testing.assert_array_equal(gradients[0], [15.0, 15.0])
        assert [float(value) for value in sums] == [15.0, 30.0, 5.0]
    assert seen[0] == [1, 2]  # a single micro-batch draws as it did before there were several
    assert len({tuple(one) for one in seen}) == 1 + 3  # those of two are the first two of three


def updates(updater: Updater, plan: BatchPlan, number: int) -> list[float]:
    """Losses of some updates, an epoch's ragged last batches among them."""
    losses: list[float] = []
    batches = [indices for epoch in range(9) for indices in plan.epoch(epoch)]
    for update, indices in enumerate(batches[:number], start=1):
        result = updater.update(plan.batch(indices), update, 0.003)
        losses.append(float(result.smoothed / result.tokens))
    return losses


@pytest.mark.parametrize("parts", [pytest.param(2, marks=pytest.mark.slow), 3, pytest.param(4, marks=pytest.mark.slow)])
def test_micro_batches_equal_one_large_batch(tiny_config: Callable[..., Config], prepared: Prepared, parts: int) -> None:
    config = without_dropout(tiny_config())
    plan = BatchPlan(prepared.train, 256, seed=1)
    ragged = [len(indices) for indices in plan.epoch(0)]
    assert any(size % 2 and size % 3 and size % 4 for size in ragged)
    whole = updater_of(config, prepared)
    expected = updates(whole, plan, 12)
    assert expected[-1] < expected[0]
    training = config.training.model_copy(update={"accumulate": parts})
    cut = updater_of(config.model_copy(update={"training": training}), prepared)
    found = updates(cut, BatchPlan(prepared.train, 256, seed=1, micro_batches=parts), 12)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for one, other in zip(cut.variables, whole.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=2e-5, rtol=2e-3)


def test_fewer_rows_than_micro_batches_with_the_sums_of_attention(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    """Coverage and guided attention add to what is minimised, one sum of each micro-batch like any other."""
    gradients = []
    for parts in (1, 4):
        config = without_dropout(tiny_config(accumulate=parts))
        model = config.model.model_copy(update={"attention": "coverage"})
        updater = updater_of(config.model_copy(update={"model": model}), prepared)
        updater.guided = True
        batch = make_batch(prepared.train, np.array([0, 1, 2]), parts)
        wanted = np.zeros((len(batch.source), batch.target.shape[1], batch.source.shape[1]), np.float32)
        wanted[:3, :2, 0] = 1.0
        found = updater.update(batch._replace(alignment=wanted), 1, 1e-3)
        gradients.append((float(found.gradient_norm), float(found.smoothed), float(found.tokens)))
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-5)
    assert gradients[0][2] == sum(len(prepared.train.target(i)) + 1 for i in range(3))


REPLICAS = """
import sys
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 4)
import keras
from pathlib import Path
from nmt.config_file import load_config
from nmt.data.batching import BatchPlan, make_batch
from nmt.data.prepare import prepare
from nmt.inference import build_model
from nmt.training.distribution import Distribution
from nmt.training.optimizer import Adam
from nmt.training.update import Updater
folder = Path(sys.argv[1])
prepared = prepare(load_config(folder / "config.yaml", []), folder / "data")


def updater_on(replicas, accumulate, *settings):
    config = load_config(folder / "config.yaml", [f"training.accumulate={accumulate}", *settings])
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)]) if replicas > 1 else tf.distribute.get_strategy()
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = build_model(config, prepared.tokenizers, precision=config.training.precision)
        optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
    return Updater(model, optimizer, Distribution(strategy, replicas, ""), config.training)


def spy(updater):
    # Note the loss of every micro-batch of every replica.
    plain, seen = updater._gradients, []

    def spied(weight, own, seed):
        found = plain(weight, own, seed)
        tf.numpy_function(lambda loss: seen.append(float(loss)), [found[1][1]], [])
        return found

    updater._gradients = spied
    return seen


def different_losses(updater, seen):
    # Of the same sentence in every micro-batch of every replica.
    updater.update(make_batch(prepared.train, np.array([4] * 4)), 1, 1e-3)
    return len(set(np.round(seen[-4:], 4)))


for replicas, accumulate in ((1, 1), (4, 1), (2, 2)):
    updater = updater_on(replicas, accumulate)
    seen = spy(updater)
    plan = BatchPlan(prepared.train, 256, 1, replicas, micro_batches=accumulate)
    batches = [indices for epoch in range(99) for indices in plan.epoch(epoch)][:50]
    losses = [updater.update(plan.batch(indices), place + 1, 0.003) for place, indices in enumerate(batches)]
    losses = np.array([float(result.smoothed / result.tokens) for result in losses])
    weights = {f"w{place}": variable.numpy() for place, variable in enumerate(updater.variables)}
    np.savez(folder / f"{replicas}x{accumulate}.npz", losses=losses, **weights)

print(different_losses(updater, seen))
updater = updater_on(2, 2, "model.dropout=0.5", "training.precision=float16")
print(different_losses(updater, spy(updater)))
updater.loss_scale.scale.assign(2.0**40)
finite = updater.update(make_batch(prepared.train, np.array([4] * 4)), 2, 1e-3).finite
print(int(finite), float(updater.loss_scale.scale.numpy()) / 2**40)
"""


@pytest.mark.slow
def test_replicas_equal_one_device_over_50_updates(tiny_config: Callable[..., Config], prepared: Prepared, tmp_path: Path) -> None:
    """On 1, 2 and 4 of four logical CPU devices; the two with two micro-batches each. Without dropout everything is the same.

    With it, each micro-batch of each replica draws masks of its own: were they the same, the same sentence would have the same loss.
    A loss scale is one for all replicas.
    """
    save_config(without_dropout(tiny_config()), tmp_path / "config.yaml")
    done = subprocess.run([sys.executable, "-c", REPLICAS, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["1", "4", "0", "0.5"]
    one = np.load(tmp_path / "1x1.npz")
    assert one["losses"].shape == (50,)
    assert one["losses"][-1] < 0.8 * one["losses"][0]
    for other in ("4x1", "2x2"):
        found = np.load(tmp_path / f"{other}.npz")
        np.testing.assert_allclose(found["losses"], one["losses"], rtol=1e-3)
        for name in one.files:
            np.testing.assert_allclose(found[name], one[name], atol=2e-4, rtol=5e-3, err_msg=f"{other} {name}")
