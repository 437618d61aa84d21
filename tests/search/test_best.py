"""The best few of a vocabulary, against the plain operations."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.search.best import BLOCK, log_sum_exp, top_k


@given(seed=st.integers(0, 10**6), k=st.integers(1, 40), blocks=st.sampled_from([1, 5, 16]), levels=st.sampled_from([3, 10**6]))
@settings(max_examples=40, deadline=None)
def test_it_is_the_plain_top_k_ties_included(seed: int, k: int, blocks: int, levels: int) -> None:
    """With few levels nearly every logit has equals: of those the one of lower index comes first."""
    logits = np.random.default_rng(seed).integers(0, levels, size=(3, blocks * BLOCK)).astype(np.float32)
    expected = tf.math.top_k(logits, k)
    values, indices = top_k(tf.constant(logits), tf.constant(k))
    np.testing.assert_array_equal(values, expected.values)
    np.testing.assert_array_equal(indices, expected.indices)


def test_a_width_that_is_known_only_later() -> None:
    run = tf.function(top_k, input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([], tf.int32)])
    logits = np.random.default_rng(1).normal(size=(2, 2 * BLOCK)).astype(np.float32)
    np.testing.assert_array_equal(run(logits, 7)[1], tf.math.top_k(logits, 7).indices)


def test_log_sum_exp_of_numbers_that_overflow() -> None:
    logits = np.array([[1000.0, 1000.0], [-3.0, 1.0]], np.float32)
    assert log_sum_exp(tf.constant(logits), tf.constant([1000.0, 1.0])).numpy() == pytest.approx(
        [1000 + np.log(2), np.log(np.exp(-3) + np.exp(1))]
    )
