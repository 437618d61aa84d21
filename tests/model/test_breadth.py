"""Every cell, attention, layout, encoder and bridge: step by step equals teacher forcing, and padding changes nothing."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.seq2seq import SearchWeights, Seq2Seq
from nmt.special_tokens import BOS, EOS, PAD

V = 20
SOURCE = np.array([[5, 6, 7, EOS], [8, EOS, PAD, PAD]], np.int32)
LENGTHS = np.array([4, 2], np.int32)
TARGET = np.array([[BOS, 9, 10], [BOS, 11, PAD]], np.int32)
TARGET_LENGTHS = np.array([3, 2], np.int32)

STEP_BY_STEP = ["input_feeding", "attend_first"]
VARIANTS: list[dict[str, object]] = [
    *({"cell": cell} for cell in ("lstm", "gru", "rnn", "lstm1997", "layernorm_lstm")),
    *({"cell": cell, "decoder": layout} for cell in ("gru", "layernorm_lstm") for layout in STEP_BY_STEP),
    *({"attention": attention} for attention in ("scaled_dot", "additive", "multi_head", "multi_head_additive", "coverage")),
    *({"attention": attention, "decoder": layout} for attention in ("additive", "multi_head", "coverage") for layout in STEP_BY_STEP),
    {"attention": "none", "reverse_source": True, "encoder": "unidirectional", "encoder_units": 8, "bridge": "copy"},
    {"attention": "none", "decoder": "input_feeding"},
    {"encoder": "gnmt", "encoder_layers": 3, "decoder_layers": 3, "residual": True},
    {"encoder": "unidirectional", "encoder_layers": 2, "residual": True, "bridge": "zero", "cell": "gru"},
    {"bridge": "copy", "reverse_source": True},
    {"readout_embedding": True, "decoder_layers": 2},
    {"readout_embedding": True, "decoder_layers": 2, "decoder": "attend_first", "residual": True, "cell": "layernorm_lstm"},
    {"decoder_layers": 3, "decoder": "input_feeding", "residual": True, "readout_embedding": True},
]


GRADIENTS = [
    {"cell": "gru", "decoder": "input_feeding", "attention": "coverage"},
    {"cell": "rnn", "attention": "multi_head", "bridge": "copy", "reverse_source": True},
    {"cell": "lstm1997", "attention": "additive", "encoder": "unidirectional", "encoder_layers": 2},
    {"cell": "layernorm_lstm", "decoder": "attend_first", "decoder_layers": 2, "residual": True, "attention": "multi_head_additive"},
    {"encoder": "gnmt", "encoder_layers": 2, "attention": "coverage", "readout_embedding": True},
]


def model_of(changes: dict[str, object]) -> Seq2Seq:
    tf.keras.utils.set_random_seed(3)
    settings = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8, "attention_heads": 2} | changes
    model = Seq2Seq(ModelConfig(**settings), V, V, joint=True)  # type: ignore[arg-type]
    for variable in model.trainable_variables:  # no weight may be where it does not matter, such as at zero
        variable.assign(variable + tf.random.stateless_normal(variable.shape, [1, len(variable.path)], stddev=0.1))
    return model


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda changes: "-".join(map(str, changes.values())))
def test_step_by_step_equals_teacher_forcing_and_padding_changes_nothing(changes: dict[str, object]) -> None:
    model = model_of(changes)
    paths = [variable.path for variable in model.trainable_variables]
    assert len(set(paths)) == len(paths)
    whole = model(SOURCE, LENGTHS, TARGET, TARGET_LENGTHS)  # [B, T, V]
    _, attended = model.readout(model.embed_source(SOURCE)[1], LENGTHS, model.embed_target(TARGET)[1], TARGET_LENGTHS)
    memory, state = model.encode(SOURCE, LENGTHS)
    weights = SearchWeights(model.input_gates(tf.range(V)), tf.transpose(model.output_weights), model.output_bias, tf.range(V))
    for t in range(3):
        # Three rows a sentence, of which one is alive: a grid, as in beam search.
        logits, state, attention = model.step(TARGET[:, t], tf.constant([1, 5]), tf.constant(3), state, memory, weights)
        for row in range(2):
            if t < TARGET_LENGTHS[row]:
                np.testing.assert_allclose(logits[row], whole[row, t], atol=2e-5)
                np.testing.assert_allclose(attention[(1, 5)[row]], attended[row, t], atol=2e-5)
    np.testing.assert_allclose(tf.reduce_sum(attended, axis=2), 0.0 if model.decoder.attention.context_units == 0 else 1.0, atol=1e-5)
    wide = model(np.pad(SOURCE, [[0, 0], [0, 3]]), LENGTHS, np.pad(TARGET, [[0, 0], [0, 2]]), TARGET_LENGTHS)
    np.testing.assert_allclose(whole[1, :2], wide[1, :2], atol=2e-5)


@pytest.mark.parametrize("changes", GRADIENTS, ids=lambda changes: "-".join(map(str, changes.values())))
def test_every_weight_gets_a_gradient(changes: dict[str, object]) -> None:
    model = model_of(changes)

    @tf.function
    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(SOURCE, LENGTHS, TARGET, TARGET_LENGTHS, tf.constant([1, 2]))[..., :5] ** 2)
        return tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    for variable, gradient in zip(model.trainable_variables, gradients(), strict=True):
        assert gradient is not None, variable.path
        assert np.any(tf.convert_to_tensor(gradient).numpy() != 0), variable.path
