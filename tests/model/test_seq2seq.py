"""The whole model: step by step equals teacher forcing, padding changes nothing, tying ties."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.config import ModelConfig
from nmt.model.seq2seq import SearchWeights, Seq2Seq
from nmt.special_tokens import BOS, EOS, PAD

V = 20


def small(**changes: object) -> Seq2Seq:
    settings = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8} | changes
    return Seq2Seq(ModelConfig(**settings), V, V, joint=True)  # type: ignore[arg-type]


SOURCE = np.array([[5, 6, 7, EOS], [8, EOS, PAD, PAD]], np.int32)
LENGTHS = np.array([4, 2], np.int32)
TARGET = np.array([[BOS, 9, 10], [BOS, 11, PAD]], np.int32)
TARGET_LENGTHS = np.array([3, 2], np.int32)


@pytest.mark.parametrize("attention", ["general", "scaled_dot"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("table", [True, False])
def test_step_by_step_equals_teacher_forcing(attention: str, layers: int, table: bool) -> None:
    model = small(attention=attention, decoder_layers=layers, encoder_layers=layers, tying="none", readout_units=10)
    whole = model(SOURCE, LENGTHS, TARGET, TARGET_LENGTHS)  # [B, T, V]
    memory, state = model.encode(SOURCE, LENGTHS)
    weights = SearchWeights(
        model.input_gates(tf.range(V if table else 0)), tf.transpose(model.output_weights), model.output_bias, tf.range(V)
    )
    for t in range(3):
        logits, state, attention_weights = model.step(TARGET[:, t], tf.range(2), tf.constant(1), state, memory, weights)
        rows = [row for row in range(2) if t < TARGET_LENGTHS[row]]
        np.testing.assert_allclose(logits.numpy()[rows], whole.numpy()[rows, t], atol=1e-5)
        np.testing.assert_allclose(tf.reduce_sum(attention_weights, axis=1), 1.0, rtol=1e-5)


def test_padding_changes_nothing() -> None:
    model = small()
    tight = model(SOURCE[1:, :2], LENGTHS[1:], TARGET[1:, :2], TARGET_LENGTHS[1:])
    wide = model(np.pad(SOURCE, [[0, 0], [0, 3]]), LENGTHS, np.pad(TARGET, [[0, 0], [0, 2]]), TARGET_LENGTHS)
    np.testing.assert_allclose(tight[0], wide[1, :2], atol=1e-6)


@pytest.mark.parametrize(("tying", "matrices"), [("three_way", 1), ("two_way", 2), ("none", 3), ("auto", 1)])
def test_tying_shares_matrices(tying: str, matrices: int) -> None:
    model = small(tying=tying)
    large = [variable for variable in model.trainable_variables if tuple(variable.shape) == (V, 6)]
    assert len(large) == matrices


def test_a_seed_makes_training_noisy_and_repeatable() -> None:
    model = small(dropout=0.5, word_dropout=0.2)
    call = (SOURCE, LENGTHS, TARGET, TARGET_LENGTHS)
    one, again, other = (model(*call, tf.constant(seed)) for seed in ([1, 1], [1, 1], [1, 2]))
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)


def test_a_filler_row_is_harmless() -> None:
    model = small()
    filler = model(*(np.array(part, np.int32) for part in ([[EOS, PAD]], [1], [[BOS, PAD]], [1])))
    assert np.isfinite(filler).all()
