"""R-Drop against its definition with dense predictions of both passes."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import Config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import Prepared
from nmt.special_tokens import PAD
from nmt.training import r_drop
from nmt.training.loss import loss_sums
from nmt.training.memory import estimate_memory
from nmt.training.r_drop import r_drop_sums, twice
from tests.training.test_update import updater_of

R, V = 5, 7
LABELS = tf.constant([[4, 1, 6, PAD], [2, 2, PAD, PAD]] * 2)


def tensors(dtype: str = "float64") -> list[tf.Tensor]:
    rng = np.random.default_rng(0)
    return [tf.constant(rng.normal(size=shape) * 2, dtype) for shape in ([4, 4, R], [V, R], [V])]


def dense(readout: tf.Tensor, W: tf.Tensor, b: tf.Tensor, smoothing: float, alpha: float) -> tf.Tensor:
    """Half of Liang et al., equation 4, as the paper prints it."""
    logits = tf.matmul(readout, W, transpose_b=True) + b
    inside = tf.cast(LABELS != PAD, readout.dtype)
    target = tf.one_hot(LABELS, V, dtype=readout.dtype) * (1 - smoothing) + smoothing / V
    nll = tf.reduce_sum(inside * tf.nn.softmax_cross_entropy_with_logits(target, logits))
    p, q = tf.split(tf.nn.softmax(logits), 2)
    kl = 0.5 * tf.reduce_sum((p * tf.math.log(p / q) + q * tf.math.log(q / p)) * inside[:2, :, tf.newaxis])
    return 0.5 * (nll + alpha * kl)


@pytest.mark.parametrize("chunk", [1, 2, 256])
@pytest.mark.parametrize(("smoothing", "alpha"), [(0.0, 1.0), (0.1, 3.0)])
def test_value_and_gradients_are_the_papers(smoothing: float, alpha: float, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r_drop, "CHUNK_ROWS", chunk)
    given = tensors()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(given)
        ours = r_drop_sums(*given, LABELS, smoothing, alpha)
        doubled = 2.0 * ours.smoothed
        expected = dense(*given, smoothing, alpha)
    assert float(ours.tokens) == 5
    assert float(ours.smoothed) == pytest.approx(float(expected), rel=1e-12)
    for found, one in zip(tape.gradient(doubled, given), tape.gradient(expected, given), strict=True):
        np.testing.assert_allclose(found, 2 * one, atol=1e-12)


def test_two_equal_passes_cost_what_one_does() -> None:
    readout, W, b = tensors()
    same = tf.concat([readout[:2]] * 2, axis=0)
    found, one = r_drop_sums(same, W, b, LABELS, 0.1, 5.0), loss_sums(readout[:2], W, b, LABELS[:2], 0.1)
    for ours, theirs in zip(found, one, strict=True):
        assert float(ours) == pytest.approx(float(theirs), rel=1e-12)


def test_padding_alone_costs_nothing() -> None:
    given = tensors("float32")
    with tf.GradientTape() as tape:
        tape.watch(given)
        sums = tf.function(r_drop_sums)(*given, tf.fill([4, 4], PAD), 0.1, 1.0)
    assert [float(value) for value in sums] == [0, 0, 0]
    assert not any(tf.convert_to_tensor(gradient).numpy().any() for gradient in tape.gradient(sums.smoothed, given))


def test_an_update_draws_two_masks_and_counts_each_token_once(tiny_config: Callable[..., Config], prepared: Prepared) -> None:
    """With a huge weight the passes come together: in the end the divergence, which is what the losses differ by, is small."""
    plan = BatchPlan(prepared.train, 256, seed=1)
    batch = plan.batch(next(plan.epoch(0)))
    assert twice(batch).labels.shape[0] == 2 * len(batch.labels)
    config = tiny_config(r_drop=5.0)
    updater = updater_of(config, prepared)
    losses = []
    for update in range(1, 40):
        result = updater.update(batch, update, 0.01)
        assert float(result.tokens) == (batch.labels != PAD).sum()
        losses.append(float(result.smoothed))
    assert losses[-1] < 0.6 * losses[0]
    plain = updater_of(tiny_config(), prepared)
    assert float(updater_of(config, prepared).update(batch, 1, 0.01).smoothed) > float(plain.update(batch, 1, 0.01).smoothed) * 1.0001


def test_the_activations_of_two_passes_are_estimated(tiny_config: Callable[..., Config]) -> None:
    one, two = (estimate_memory(tiny_config(r_drop=alpha), 1000, 300, {(64, 20, 20)}, set()).activations for alpha in (0.0, 1.0))
    assert two == 2 * one
