"""What every search asks for: one step of some scoring function, and the length penalty its hypotheses are ranked by."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from nmt.tensors import Tensor

State = Any
"""Any nest of tensors with n rows, one for each live hypothesis: the search only gathers rows of it."""

Step = Callable[[Tensor, Tensor, State], tuple[Tensor, State, Tensor]]
"""(tokens [n] int32, rows [n] int32, state) -> (logits [n, V], next state, attention [B · K, S]).

A search holds K hypotheses for each of B sentences, row b · K + k for the k-th of sentence b. Only those that are not finished are asked
about: `rows` says which they are, ascending. Attention comes for every row; that of the others is not read.
"""

IMPOSSIBLE = -1e9
"""A score no hypothesis can have; finite, so that differences and quotients stay numbers."""


class Hypotheses(NamedTuple):
    """Search results, best hypothesis first; padding after each one's length."""

    ids: Tensor
    """[B, K, T] int32 without EOS."""
    lengths: Tensor
    """[B, K] int32, EOS not counted."""
    scores: Tensor
    """[B, K] log-probability, EOS included, divided by the length penalty; plus the coverage penalty where there is one."""
    attention: Tensor
    """[B, K, T, S]."""


def length_penalty(length: Tensor, alpha: Tensor) -> Tensor:
    """Wu et al. (2016), equation 14: lp(Y) = ((5 + |Y|) / 6) ** alpha, with |Y| counting EOS."""
    return ((5.0 + tf.cast(length, tf.float32)) / 6.0) ** alpha


def forbid(logits: Tensor, token: int, when: Tensor) -> Tensor:
    """Make `token` impossible in logits [n, V] where the scalar `when` holds."""
    column = tf.one_hot(token, tf.shape(logits)[1], on_value=IMPOSSIBLE, off_value=0.0)
    return tf.cond(when, lambda: logits + column, lambda: logits)
