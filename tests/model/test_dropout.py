"""Stateless dropout: the mask is a function of (seed, site) and nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from nmt.model.dropout import dropout, recurrent_mask, word_dropout
from nmt.special_tokens import BOS, PAD, UNK
from tests.model.test_breadth import LENGTHS, SOURCE, TARGET, TARGET_LENGTHS, model_of

SEED = tf.constant([1, 2])


def test_without_a_seed_nothing_happens() -> None:
    x = tf.ones([3, 3])
    assert dropout(x, 0.5, None, "a") is x
    assert word_dropout(x, 0.5, None, "a") is x


def test_same_seed_and_site_same_mask() -> None:
    x = tf.ones([50, 50])
    first, again = dropout(x, 0.5, SEED, "a"), dropout(x, 0.5, SEED, "a")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, dropout(x, 0.5, SEED, "b"))
    assert not np.array_equal(first, dropout(x, 0.5, SEED + 1, "a"))


def test_the_mean_is_kept() -> None:
    dropped = dropout(tf.ones([1000, 100]), 0.3, SEED, "a").numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(256 / (256 - 77))}  # 0.3 is 77 bytes of 256
    assert abs(dropped.mean() - 1) < 0.01


def test_a_width_that_no_words_fill() -> None:
    dropped = dropout(tf.ones([4, 1000, 7]), 0.5, SEED, "a").numpy()
    assert dropped.shape == (4, 1000, 7)
    assert all(abs(dropped[..., column].mean() - 1) < 0.1 for column in range(7))


def test_a_rate_next_to_one_stays_finite() -> None:
    assert np.isfinite(dropout(tf.ones([9, 8]), 0.9999, SEED, "a")).all()


def test_word_dropout_spares_padding_and_bos() -> None:
    ids = tf.constant([[BOS] + [9] * 500 + [PAD] * 20])
    dropped = word_dropout(ids, 0.2, SEED, "a").numpy()[0]
    assert dropped[0] == BOS
    assert (dropped[-20:] == PAD).all()
    assert set(dropped[1:-20]) == {9, UNK}
    assert 60 < (dropped == UNK).sum() < 140


def test_word_dropout_spares_tags() -> None:
    """A piece that says which language is wanted must never be unknown."""
    ids = tf.constant([[7, 9] * 50])
    found = word_dropout(ids, 0.9, tf.constant([1, 2]), "source", spared=(7,)).numpy()[0]
    assert np.all(found[::2] == 7)
    assert np.mean(found[1::2] == UNK) > 0.5


def test_a_variational_mask_is_one_for_all_steps() -> None:
    dropped = dropout(tf.ones([4, 6, 50]), 0.5, SEED, "a", steps=1).numpy()
    assert (dropped == dropped[:, :1]).all()
    assert (dropped[0] != dropped[1]).any()


VARIATIONAL: list[dict[str, object]] = [
    {"decoder_layers": 2, "encoder_layers": 2},
    {"cell": "gru", "encoder": "unidirectional"},
    {"decoder": "input_feeding"},
    {"decoder": "attend_first", "cell": "layernorm_lstm"},
]


@pytest.mark.parametrize("changes", VARIATIONAL, ids=lambda changes: "-".join(map(str, changes.values())))
def test_a_model_with_variational_and_recurrent_dropout_is_one_function_of_its_seed(changes: dict[str, object]) -> None:
    rates = {"dropout": 0.3, "variational_dropout": True, "recurrent_dropout": 0.3}
    model = model_of(changes | rates)
    given = SOURCE, LENGTHS, TARGET, TARGET_LENGTHS
    one, again, other, without = (model(*given, seed).numpy() for seed in (SEED, SEED, SEED + 1, None))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    np.testing.assert_array_equal(without, model_of(changes)(*given).numpy())


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrent_dropout_changes_what_a_step_is_told_and_nothing_else(cell: str) -> None:
    """The first step of a layer that begins with zeros is told nothing, so its output is the same; the next one's is not."""
    layer = model_of({"cell": cell}).decoder.layers[0]
    x, lengths = tf.random.stateless_normal([3, 2, 6], SEED), tf.constant([3, 3])
    plain = layer(x, lengths)[0].numpy()
    masked = layer(x, lengths, state_mask=recurrent_mask([2, 8], 0.5, SEED, "a"))[0].numpy()
    np.testing.assert_allclose(plain[0], masked[0], atol=1e-6)
    assert abs(plain[1] - masked[1]).max() > 1e-3
