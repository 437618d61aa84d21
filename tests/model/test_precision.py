"""Products in 16 bits: what is rounded, what stays float32, and that every kind of model is near itself in float32."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.precision import Dense, Precision, choose_precision, lowered, product
from nmt.model.recurrent import RecurrentLayer
from nmt.model.seq2seq import Seq2Seq
from nmt.training.loss import loss_sums
from tests.model.test_breadth import GRADIENTS, LENGTHS, SOURCE, TARGET, TARGET_LENGTHS, V, model_of

LOW: list[Precision] = ["bfloat16", "float16"]


def test_factors_are_rounded_and_the_product_is_float32() -> None:
    a, b = tf.constant([[1.0 + 2.0**-9, 1.0]]), tf.constant([[1.0], [-1.0]])
    assert float(product(a, b, "float32")[0, 0]) == 2.0**-9
    assert float(product(a, b, "float16")[0, 0]) == 2.0**-9  # ten bits behind the point
    assert float(product(a, b, "bfloat16")[0, 0]) == 0.0  # seven
    assert product(a, b, "bfloat16").dtype == tf.float32
    assert lowered(a, "float32") is a


@pytest.mark.parametrize("gpus", [[], ["GPU:0"]])
@pytest.mark.parametrize("instructions", [True, False])
def test_auto_is_bfloat16_on_a_processor_that_is_fast_at_it(instructions: bool, gpus: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nmt.model.precision.multiplies_bfloat16", lambda: instructions)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    assert choose_precision("auto") == ("bfloat16" if instructions and not gpus else "float32")
    assert [choose_precision(setting) for setting in ("float32", "bfloat16", "float16")] == ["float32", "bfloat16", "float16"]


def test_a_dense_layer_keeps_its_weights_in_float32() -> None:
    layer = Dense(3, "bfloat16", name="dense")
    assert layer(tf.ones([2, 4])).dtype == tf.float32
    assert {weight.dtype for weight in layer.weights} == {"float32"}


def gradients(model: Seq2Seq) -> tuple[float, list[tf.Tensor]]:
    variables = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        embedded = model.embed_source(SOURCE)[1], model.embed_target(TARGET)[1]
        readout, attention = model.readout(embedded[0], LENGTHS, embedded[1], TARGET_LENGTHS)
        W, b = (tf.convert_to_tensor(variable) for variable in (model.output_weights, model.output_bias))
        loss = loss_sums(readout, W, b, TARGET, 0.1, model.precision).smoothed
    assert {readout.dtype, attention.dtype, loss.dtype} == {tf.float32}
    return float(loss), tape.gradient(loss, variables)


@pytest.mark.parametrize("precision", LOW)
@pytest.mark.parametrize("changes", [{}, *GRADIENTS], ids=lambda changes: "-".join(map(str, changes.values())) or "lstm")
def test_every_model_is_near_itself_in_float32(changes: dict[str, object], precision: Precision) -> None:
    plain = model_of(changes)
    settings = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8, "attention_heads": 2} | changes
    low = Seq2Seq(ModelConfig(**settings), V, V, joint=True, precision=precision)  # type: ignore[arg-type]
    for variable, value in zip(low.trainable_variables, plain.trainable_variables, strict=True):
        assert (variable.path, variable.dtype) == (value.path, "float32")
        variable.assign(value)
    (loss, expected), (low_loss, found) = gradients(plain), gradients(low)
    near = {"bfloat16": 0.25, "float16": 0.05}[precision]  # eight times the rounding, and layer normalisation makes it larger
    assert low_loss == pytest.approx(loss, rel=0.03)
    assert low_loss != loss
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == tf.float32
        assert float(tf.norm(one - other)) < near * float(tf.norm(other)) + 1e-3


@pytest.mark.parametrize("precision", LOW)
def test_the_layer_of_keras_takes_and_gives_float32(precision: Precision) -> None:
    """Which runs cuDNN on a GPU."""
    x, lengths = tf.random.stateless_normal([5, 2, 3], [1, 2]), tf.constant([5, 3])
    layers = [RecurrentLayer("lstm", 4, kernel="keras", name="layer", precision=one) for one in ("float32", precision)]
    for layer in layers:
        layer(x, lengths)
    layers[1].set_weights(layers[0].get_weights())
    (expected, _), (h, state) = (layer(x, lengths) for layer in layers)
    assert {h.dtype, *(part.dtype for part in state)} == {tf.float32}
    np.testing.assert_allclose(h, expected, atol=0.03)
    assert float(tf.reduce_max(tf.abs(h - expected))) > 0.0
