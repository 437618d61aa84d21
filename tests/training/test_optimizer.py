"""Adam against Keras' own, and the moving average."""

import keras
import numpy as np
import tensorflow as tf

from nmt.config import TrainingConfig
from nmt.training.optimizer import Adam


def run(config: TrainingConfig, gradients: list[np.ndarray]) -> tuple[tf.Variable, Adam]:
    variable = tf.Variable(np.ones(3, np.float32))
    adam = Adam([variable], config)
    for update, gradient in enumerate(gradients, start=1):
        adam.apply(tf.distribute.get_strategy(), [tf.constant(gradient)], tf.constant(0.1), tf.constant(float(update)))
    return variable, adam


def test_it_is_keras_adam() -> None:
    config = TrainingConfig(beta_2=0.98, epsilon=1e-7)
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=3).astype(np.float32) for _ in range(5)]
    ours, _ = run(config, gradients)
    theirs = keras.Variable(np.ones(3, np.float32))
    reference = keras.optimizers.Adam(0.1, beta_1=0.9, beta_2=0.98, epsilon=1e-7)
    for gradient in gradients:
        reference.apply([tf.constant(gradient)], [theirs])
    np.testing.assert_allclose(ours, theirs.value, rtol=1e-5)


def test_the_average_lags_behind_the_weights() -> None:
    variable, adam = run(TrainingConfig(ema_decay=0.9), [np.ones(3, np.float32)] * 30)
    assert np.all(adam.average[0] > variable)  # the weights fall, the average follows from above
    assert np.all(adam.average[0] < 1.0)


def test_without_decay_there_is_no_average() -> None:
    assert run(TrainingConfig(ema_decay=0.0), [np.ones(3, np.float32)])[1].average == []
