"""Greedy and beam search in NumPy, one sentence at a time, for engines that run single steps: the searches of `nmt.search`, to the letter.

Every rule is theirs: no first token is EOS, EOS is forced at the limit, hypotheses are ranked by the length penalty of Wu et al. (2016),
equation 14, a finished one stays in the beam until better ones push it out, and the coverage penalty of the same equation ranks those
that are left at the end. A test holds the two to each other.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.special_tokens import BOS, EOS, PAD

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

Step = Callable[[Ints, Floats], tuple[Floats, Floats, Floats]]
"""(tokens [n], state [n, ·]) -> (logits [n, V], next state [n, ·], attention [n, S]); the logits are the caller's to change."""

IMPOSSIBLE = np.float32(-1e9)
"""A score that no hypothesis can have; finite, so that differences stay numbers."""

LEAST_SEEN = np.float32(1e-6)
"""A source piece that nothing looked at counts as seen this much, so that its logarithm is a number."""

_STRIPES = 64
"""A vocabulary is looked at in so many stripes: the k greatest maxima of stripes bound the k greatest numbers from below."""

_ROUNDING = np.float32(1e-3)
"""More than two ways to add the same numbers can differ by."""


class Found(NamedTuple):
    """The K hypotheses of one sentence, the best first; padding after each one's length."""

    ids: Ints
    """[K, T] without EOS."""
    lengths: Ints
    """[K], EOS not counted."""
    scores: Floats
    """[K] log-probability, EOS included, after length and coverage penalty; -inf for what is no hypothesis at all."""
    attention: Floats
    """[K, T, S]."""


def search(step: Step, state: Floats, limit: int, beam_size: int, alpha: float, beta: float = 0.0) -> Found:
    """Decode one sentence.

    Args:
        step: scores the next token of n hypotheses; special tokens are impossible already.
        state: [1, ·] what `step` needs for the first token.
        limit: the most pieces of a hypothesis, EOS counted, at least 1.
        beam_size: K, at least 1; 1 searches greedily.
        alpha: of the length penalty; 0 ranks by log-probability alone.
        beta: of the coverage penalty; 0 does without it.
    """
    return _greedy(step, state, limit, alpha, beta) if beam_size == 1 else _beam(step, state, limit, beam_size, alpha, beta)


def length_penalty(length: Ints, alpha: float) -> Floats:
    """Return ((5 + |Y|) / 6) ** alpha, with |Y| counting EOS."""
    return ((np.float32(5) + length.astype(np.float32)) / np.float32(6)) ** np.float32(alpha)


def coverage_penalty(attention: Floats, lengths: Ints, beta: float) -> Floats:
    """Return beta · Σ_i log(min(Σ_j p_ij, 1)) [K] for attention [K, T, S] of hypotheses of `lengths` pieces [K], EOS counted."""
    said = np.arange(attention.shape[1]) < lengths[:, np.newaxis]
    seen = (attention * said[..., np.newaxis]).sum(axis=1)
    penalty: Floats = np.float32(beta) * np.log(np.clip(seen, LEAST_SEEN, np.float32(1))).sum(axis=1)
    return penalty


def candidates(logits: Floats, added: Floats, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of a few more than the k greatest of `logits + added[:, None]`, row by row, at least k where there are so many.

    Not more than a comparison of each number: sorting, or choosing in each row, is several times the work.

    Args:
        logits: [n, V].
        added: [n], what each row's logits are to be raised by.
        k: at least 1.

    Returns:
        Rows and columns.
    """
    totals = logits + added[:, np.newaxis]
    height = logits.shape[1] // _STRIPES
    pool = totals
    if height >= 4 and len(logits) * _STRIPES >= k:
        pool = totals[:, : height * _STRIPES].reshape(len(logits), height, _STRIPES).max(axis=1)
    bound = np.partition(pool, max(pool.size - k, 0), axis=None)[max(pool.size - k, 0)]
    return np.divmod(np.flatnonzero(totals >= bound - _ROUNDING), logits.shape[1])


def _log_sum_exp(logits: Floats) -> Floats:
    """[n, V] -> [n]."""
    greatest = logits.max(axis=1)
    shifted = logits - greatest[:, np.newaxis]
    return greatest + np.log(np.exp(shifted, out=shifted).sum(axis=1))


def _greedy(step: Step, state: Floats, limit: int, alpha: float, beta: float) -> Found:
    tokens, attentions = [], []
    last, log_prob = np.array([BOS], np.int32), np.float32(0)
    for t in range(limit):
        logits, state, attention = step(last, state)
        if t == 0 and limit > 1:
            logits[:, EOS] += IMPOSSIBLE
        chosen = EOS if t + 1 == limit else int(logits[0].argmax())
        log_prob += logits[0, chosen] - _log_sum_exp(logits)[0]
        attentions.append(attention)
        if chosen == EOS:
            break
        tokens.append(chosen)
        last = np.array([chosen], np.int32)
    length = np.array([len(tokens)], np.int32)
    whole = np.concatenate(attentions)[np.newaxis]
    score = log_prob / length_penalty(length + 1, alpha)
    if beta > 0:
        score = score + coverage_penalty(whole, length + 1, beta)
    return Found(np.array([tokens], np.int32), length, score, whole[:, : len(tokens)])


def _beam(step: Step, state: Floats, limit: int, K: int, alpha: float, beta: float) -> Found:
    """K rows; at first all but one are impossible, so that the first step fills the beam from one row."""
    last = np.full(K, BOS, np.int32)
    log_prob = np.full(K, IMPOSSIBLE, np.float32)
    log_prob[0] = 0
    lengths = np.zeros(K, np.int32)  # EOS counted
    finished = np.zeros(K, bool)
    rows = np.array([0])  # those that are neither finished nor impossible: only these are shown to the model
    history: list[tuple[Ints, NDArray[np.intp]]] = []  # of each step [K]: tokens, and the row of the step before that each continues
    attentions: list[Floats] = []  # of each step [K, S], in the order of the rows before the step
    while rows.size:
        t = len(history)
        logits, states, attention = step(last[rows], state)
        if t == 0 and limit > 1:
            logits[:, EOS] += IMPOSSIBLE
        normalizer = _log_sum_exp(logits)
        if t + 1 >= limit:
            at, pieces = np.arange(rows.size), np.full(rows.size, EOS)
        else:
            at, pieces = candidates(logits, log_prob[rows] - normalizer, K)
        values = logits[at, pieces]
        frozen = np.flatnonzero(finished)
        missing = np.zeros(max(0, K - frozen.size - at.size), np.intp)  # a beam wider than what can be said
        parents = np.concatenate([rows[at], frozen, missing])
        tokens = np.concatenate([pieces, np.full(frozen.size + missing.size, PAD)])  # padding, at no cost
        continued = log_prob[rows[at]] + (values - normalizer[at])
        totals = np.concatenate([continued, log_prob[frozen], np.full(missing.size, IMPOSSIBLE)])
        lengths = np.where(finished, lengths, t + 1).astype(np.int32)
        ranking = totals / length_penalty(lengths, alpha)[parents]
        within = np.concatenate([-values, np.zeros(frozen.size + missing.size, np.float32)])
        # Of equals the one of the lower row comes first, and in a row that of the greater logit.
        best = np.lexsort((tokens, within, parents, -ranking))[:K]
        parents = parents[best]
        seen = np.zeros((K, attention.shape[1]), np.float32)
        seen[rows] = attention
        place = np.zeros(K, np.int64)  # of a row among those that the model was shown
        place[rows] = np.arange(rows.size)
        last, log_prob = tokens[best].astype(np.int32), totals[best]
        lengths, finished = lengths[parents], finished[parents] | (last == EOS)
        history.append((last, parents))
        attentions.append(seen)
        rows = np.flatnonzero(~finished & (log_prob > IMPOSSIBLE / 2))
        state = states[place[parents[rows]]]
    return _follow_parents(history, attentions, log_prob, lengths, alpha, beta)


def _follow_parents(
    history: list[tuple[Ints, NDArray[np.intp]]], attentions: list[Floats], log_prob: Floats, lengths: Ints, alpha: float, beta: float
) -> Found:
    """Walk back from the last rows through their parents, collecting tokens and attention, and rank."""
    steps, K = len(history), len(log_prob)
    ids = np.empty((K, steps), np.int32)
    weights = np.empty((K, steps, attentions[0].shape[1]), np.float32)
    at: NDArray[np.intp] = np.arange(K)
    for t in range(steps - 1, -1, -1):
        tokens, parents = history[t]
        ids[:, t] = tokens[at]
        at = parents[at]
        weights[:, t] = attentions[t][at]
    possible = log_prob > IMPOSSIBLE / 2
    pieces = np.where(possible, lengths - 1, 0).astype(np.int32)
    inside = np.arange(steps) < pieces[:, np.newaxis]  # EOS is not part of the text
    scores = np.where(possible, log_prob / length_penalty(lengths, alpha), -np.inf).astype(np.float32)
    found = Found(np.where(inside, ids, PAD).astype(np.int32), pieces, scores, weights * inside[..., np.newaxis])
    if beta <= 0:
        return found
    scores = scores + coverage_penalty(weights, lengths, beta)
    order = np.argsort(-scores, kind="stable")
    return Found(found.ids[order], found.lengths[order], scores[order], found.attention[order])
