"""A seeded, resumable plan of length-bucketed batches, in an order that depends on (seed, epoch) alone.

Every pair comes once an epoch, or as often as the weight of its corpus says (`mixture.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.data.alignment import AlignmentStore
from nmt.data.mixture import Mixture
from nmt.data.pair_store import PairStore
from nmt.data.permutation import permuted
from nmt.data.sampling import SubwordSampler
from nmt.special_tokens import BOS, EOS, PAD

WINDOW_PAIRS = 131_072
"""Pairs that are sorted into buckets together; memory for the plan is that of one window, whatever the corpus."""

SAMPLED_BATCHES = 2000
"""Batches that stand for an epoch where only an estimate is asked for."""

DRAWN_BATCHES = 100
"""The same where each batch must be segmented first."""

Indices = NDArray[np.int64]
Ids = NDArray[np.int32]


class Batch(NamedTuple):
    """One update's sentences, all replicas and micro-batches together. Filler rows have one EOS as source and no label."""

    source: Ids
    """[B, S] each row ends in EOS."""
    source_lengths: Ids
    """[B]"""
    target: Ids
    """[B, T] begins with BOS: the labels shifted right."""
    labels: Ids
    """[B, T] ends in EOS, PAD where there is nothing to predict."""
    target_lengths: Ids
    """[B]"""
    alignment: NDArray[np.float32]
    """[B, T, S] where guided attention should look, zero rows where it may look anywhere; [B, 0, 0] without word alignments."""


class Filling(NamedTuple):
    """The shape of a batch and what is in it."""

    rows: int
    source: int
    """S, padding counted."""
    target: int
    """T, padding counted."""
    tokens: int
    """Of both sides, EOS counted, padding not."""

    @property
    def positions(self) -> int:
        """Of both sides, padding counted."""
        return self.rows * (self.source + self.target)


def bucket_width(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round lengths up to a small set of widths: multiples of 2 up to 32, of 4 up to 64, of 16 beyond."""
    step = np.where(lengths <= 32, 2, np.where(lengths <= 64, 4, 16))
    return -(-lengths // step) * step


@dataclass(frozen=True)
class BatchPlan:
    """Which pairs make which batch."""

    store: PairStore
    batch_tokens: int
    """Target tokens in one batch, padding counted."""
    seed: int
    replicas: int = 1
    """Rows are filled up to a multiple of this."""
    alignments: AlignmentStore | None = None
    """Word alignments of the pairs."""
    micro_batches: int = 1
    """Rows of each replica are filled up to a multiple of this."""
    sampler: SubwordSampler | None = None
    """Segments pairs anew. What batches are made of stays planned by the best segmentation: with a draw they become wider."""

    def epoch(self, epoch: int) -> Iterator[Indices]:
        """Yield the pair indices of each batch of one epoch, window by window."""
        mixture = Mixture(self.store.shares, self.seed)
        n = mixture.size(epoch)
        for start in range(0, n, WINDOW_PAIRS):
            positions = np.arange(start, min(start + WINDOW_PAIRS, n), dtype=np.int64)
            places = permuted(positions, n, (self.seed, epoch))
            batches = list(self._window(mixture.indices(places, epoch)))
            order = np.random.default_rng((self.seed, epoch, start)).permutation(len(batches))
            yield from (batches[i] for i in order)

    def _window(self, indices: Indices) -> Iterator[Indices]:
        """Cut one window into batches: by target width, and inside one width by source length."""
        source, target = self.store.lengths(indices)
        widths = bucket_width(target.astype(np.int64) + 1)
        left_over = np.empty(0, dtype=np.int64)
        # Ascending, so that what does not fill a batch of one width joins the next wider one.
        for width in np.unique(widths):
            members = np.concatenate([left_over, np.flatnonzero(widths == width)])
            members = members[np.argsort(source[members], kind="stable")]
            rows = max(1, self.batch_tokens // int(width))
            full = len(members) // rows * rows
            yield from (indices[members[i : i + rows]] for i in range(0, full, rows))
            left_over = members[full:]
        if len(left_over):
            yield indices[left_over]

    def batch(self, indices: Indices, draw: int = 0) -> Batch:
        """Look up one batch's ids; where segmentations are sampled, those of this draw."""
        parts = self.replicas * self.micro_batches
        if self.sampler:
            return make_batch(self.sampler.pairs(self.store, indices, draw), np.arange(len(indices)), parts)
        return make_batch(self.store, indices, parts, self.alignments)

    @cached_property
    def first_batches(self) -> list["Filling"]:
        """Shape and filling of each batch of the first epoch, or of its beginning: what estimates are made from."""
        found = []
        for indices in islice(self.epoch(0), DRAWN_BATCHES if self.sampler else SAMPLED_BATCHES):
            store, places = (self.sampler.pairs(self.store, indices, 0), np.arange(len(indices))) if self.sampler else (self.store, indices)
            source, target = store.lengths(places)
            found.append(Filling(len(indices), *_widths(source, target), int(source.sum() + target.sum()) + 2 * len(indices)))
        return found


def make_batch(store: PairStore, indices: Indices, parts: int = 1, alignments: AlignmentStore | None = None) -> Batch:
    """Gather the ids of some pairs, add BOS and EOS, pad to the bucket's width and to a multiple of `parts` rows."""
    source_lengths, target_lengths = store.lengths(indices)
    filler = -len(indices) % parts
    widths = _widths(source_lengths, target_lengths)
    source = _with_eos(store.gather_source(indices, widths[0]), source_lengths)
    labels = _with_eos(store.gather_target(indices, widths[1]), target_lengths)
    target = np.empty_like(labels)
    target[:, 0] = BOS
    target[:, 1:] = labels[:, :-1]
    target[target == EOS] = PAD  # EOS is predicted, never read
    rows = np.zeros((filler, source.shape[1]), np.int32), np.zeros((filler, target.shape[1]), np.int32)
    first_eos, first_bos = rows[0].copy(), rows[1].copy()
    first_eos[:, :1], first_bos[:, :1] = EOS, BOS
    ones = np.ones(filler, np.int32)
    rows_of = len(indices) + filler
    wanted = np.zeros((rows_of, 0, 0), np.float32)
    if alignments is not None:
        wanted = np.zeros((rows_of, *reversed(widths)), np.float32)
        wanted[: len(indices)] = alignments.gather(indices, widths[1], widths[0])
    return Batch(
        source=np.concatenate([source, first_eos]),
        source_lengths=np.concatenate([source_lengths + 1, ones]).astype(np.int32),
        target=np.concatenate([target, first_bos]),
        labels=np.concatenate([labels, rows[1]]),
        target_lengths=np.concatenate([target_lengths + 1, ones]).astype(np.int32),
        alignment=wanted,
    )


def _with_eos(ids: Ids, lengths: NDArray[np.int32]) -> Ids:
    ids[np.arange(len(ids)), lengths] = EOS
    return ids


def padding_share(plan: BatchPlan) -> float:
    """The share of source and target positions that hold padding, over (at most the beginning of) an epoch."""
    return 1.0 - sum(batch.tokens for batch in plan.first_batches) / sum(batch.positions for batch in plan.first_batches)


def batch_shapes(plan: BatchPlan) -> set[tuple[int, int, int]]:
    """The different (rows, source width, target width) that there are in (at most the beginning of) one epoch."""
    return {(batch.rows, batch.source, batch.target) for batch in plan.first_batches}


def mean_positions(plan: BatchPlan) -> float:
    """Source and target positions of a batch, padding counted, on average over (at most the beginning of) an epoch."""
    return float(np.mean([batch.positions for batch in plan.first_batches]))


def _widths(source_lengths: Ids, target_lengths: Ids) -> tuple[int, int]:
    """The padded widths of a batch, EOS counted, from its sentences' lengths."""
    source, target = bucket_width(np.array([source_lengths.max() + 1, target_lengths.max() + 1], dtype=np.int64))
    return int(source), int(target)
