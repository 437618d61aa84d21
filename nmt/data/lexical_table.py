"""Lexical translation probabilities t(target | source) of pieces: IBM Model 1 (Brown et al. 1993, section 4.1), trained by EM.

Every target piece of a pair comes from one source piece of it, or from NULL, and which one says nothing of where either stands. With
cells (i, j) of a pair, source piece i of l with NULL and target piece j, one iteration is

    posterior(i | j) = t(target_j | source_i) / sum over i' of t(target_j | source_i')      (E; equation 17 for one alignment)
    t(target | source) = c(target, source) / sum over target' of c(target', source)         (M; c sums posteriors over all cells)

The likelihood has one maximum (their section 4.1), so the start is no matter: uniform. Only pairs of pieces that meet in some sentence
pair can have t > 0, and only those are held: sorted keys with one probability each. Sentence pairs are read in chunks; all cells of a
chunk are one array, so Python runs per chunk and not per sentence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nmt.data.pair_store import Int32, PairStore
from nmt.special_tokens import PAD

NULL = PAD  # no text encodes to PAD, so its row is free for the source piece that is not there
MOST_PAIRS = 200_000
_MOST_CELLS = 60_000_000  # of long sentences fewer pairs: about a minute, and 0.8 GB with 32,000 pieces
_CHUNK_CELLS = 1 << 20

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LexicalTable:
    """t(target | source) for every two pieces that meet, N in all.

    Attributes:
        keys: int64 [N], rising: source id · target vocabulary + target id.
        probabilities: float32 [N]; those of one source piece sum to 1.
        target_counts: int64 [target vocabulary]: how often each target piece stands in the text that was read.
    """

    keys: Int64
    probabilities: NDArray[np.float32]
    target_counts: Int64

    @property
    def sources(self) -> Int64:
        """[N]: the source id of each entry."""
        return self.keys // len(self.target_counts)

    @property
    def targets(self) -> Int64:
        """[N]: the target id of each entry."""
        return self.keys % len(self.target_counts)

    def probability(self, source: int, target: int) -> float:
        """t(target | source); `NULL` is a source too."""
        key = source * len(self.target_counts) + target
        place = int(np.searchsorted(self.keys, key))
        return float(self.probabilities[place]) if place < len(self.keys) and self.keys[place] == key else 0.0


def learn_lexical_table(
    store: PairStore, source_vocabulary: int, target_vocabulary: int, *, iterations: int = 4, most_pairs: int = MOST_PAIRS
) -> LexicalTable:
    """Train IBM Model 1 on at most `most_pairs` pairs, taken evenly from the whole store.

    Memory is that of the table, 20 bytes an entry and as much again while the entries are collected, and of one chunk.
    The same store gives the same table: nothing is drawn.
    """
    sample = _sample(store, most_pairs)
    keys, target_counts = _meetings(store, sample, target_vocabulary)
    borders = np.searchsorted(keys, np.arange(source_vocabulary + 1) * target_vocabulary)  # where the entries of each source piece lie
    probabilities = np.ones(len(keys), np.float32)  # any constant: the E-step divides it out
    for _ in range(iterations):
        counts = np.zeros(len(keys), np.float64)
        for cells in _chunks(store, sample, target_vocabulary):
            slots = np.searchsorted(keys, cells.keys)
            likelihoods = probabilities[slots].astype(np.float64)
            totals = np.bincount(cells.places, likelihoods)  # of each target piece of the chunk, over its sentence's source pieces
            np.add.at(counts, slots, likelihoods / totals[cells.places])
        for begin, end in pairwise(borders.tolist()):
            row = counts[begin:end]
            # A probability that rounds to nothing would leave 0 / 0 where all source pieces of a sentence have it.
            probabilities[begin:end] = np.maximum(row / row.sum(), np.finfo(np.float32).tiny)
    return LexicalTable(keys, probabilities, target_counts)


@dataclass(frozen=True)
class _Cells:
    """All (source piece, target piece) of some sentence pairs, in the order of their keys.

    Attributes:
        keys: int64 [cells], as in the table; not falling, one comes as often as its pieces meet.
        places: int64 [cells]: which target piece of the chunk it is, counted through all its sentences.
        targets: int32 [target pieces of the chunk].
    """

    keys: Int64
    places: Int64
    targets: Int32


def _sample(store: PairStore, most_pairs: int) -> Int64:
    pairs = min(len(store), most_pairs)
    cells = int(_cell_counts(store, _evenly(len(store), pairs)).sum())
    if cells > _MOST_CELLS:
        pairs = max(1, pairs * _MOST_CELLS // cells)
    return _evenly(len(store), pairs)


def _evenly(size: int, wanted: int) -> Int64:
    return np.arange(wanted, dtype=np.int64) * size // max(1, wanted)


def _cell_counts(store: PairStore, chosen: Int64) -> Int64:
    sources, targets = store.lengths(chosen)
    return (sources.astype(np.int64) + 1) * targets  # 1 for NULL


def _meetings(store: PairStore, sample: Int64, target_vocabulary: int) -> tuple[Int64, Int64]:
    """The keys of all pieces that meet, and how often each target piece is there."""
    known, waiting = np.zeros(0, np.int64), 0
    fresh: list[Int64] = []
    target_counts = np.zeros(target_vocabulary, np.int64)
    for cells in _chunks(store, sample, target_vocabulary):
        target_counts += np.bincount(cells.targets, minlength=target_vocabulary)
        fresh.append(_once(cells.keys))
        waiting += len(fresh[-1])
        if waiting > len(known) + 4 * _CHUNK_CELLS:  # merged when they are as many as the known ones: each key moves only a few times
            known, fresh, waiting = _once(np.sort(np.concatenate([known, *fresh]))), [], 0
    return _once(np.sort(np.concatenate([known, *fresh]))), target_counts


def _once(keys: Int64) -> Int64:
    """Sorted keys, each once; `np.unique` hashes them first, which takes twenty times as long for millions that differ."""
    return keys[np.concatenate([np.ones(min(1, len(keys)), np.bool_), keys[1:] != keys[:-1]])]


def _chunks(store: PairStore, sample: Int64, target_vocabulary: int) -> Iterator[_Cells]:
    """The sample in order, as many pairs at a time as have about `_CHUNK_CELLS` cells."""
    number = np.cumsum(_cell_counts(store, sample)) // _CHUNK_CELLS
    for chosen in np.split(sample, np.flatnonzero(np.diff(number)) + 1):
        cells = _cells(store, chosen, target_vocabulary)
        if len(cells.keys):
            yield cells


def _cells(store: PairStore, chosen: Int64, target_vocabulary: int) -> _Cells:
    source_lengths, target_lengths = store.lengths(chosen)
    source_rows = store.gather_source(chosen, int(source_lengths.max(initial=0)))
    target_rows = store.gather_target(chosen, int(target_lengths.max(initial=0)))
    sources, sentences = _flat(source_rows, source_lengths)
    targets, _ = _flat(target_rows, target_lengths)
    sources = np.concatenate([np.full(len(chosen), NULL, np.int64), sources])
    sentences = np.concatenate([np.arange(len(chosen)), sentences])
    # Source piece k meets the target pieces begins[k], begins[k] + 1, ..., widths[k] of them.
    widths = target_lengths[sentences].astype(np.int64)
    begins = (np.cumsum(target_lengths, dtype=np.int64) - target_lengths)[sentences]
    places = np.arange(int(widths.sum())) + np.repeat(begins - (np.cumsum(widths) - widths), widths)
    keys = np.repeat(sources * target_vocabulary, widths) + targets[places]
    # Rising keys are looked up several times as fast in a large table. Key and place are sorted as one number: no two are equal, so every
    # machine sorts, and later adds, in the same order.
    keys, places = np.divmod(np.sort(keys * len(targets) + places), max(1, len(targets)))
    return _Cells(keys, places, targets.astype(np.int32))


def _flat(rows: Int32, lengths: Int32) -> tuple[Int64, Int64]:
    """The pieces of padded rows one after the other, and the row of each."""
    sentences, columns = np.nonzero(np.arange(rows.shape[1]) < lengths[:, None])
    return rows[sentences, columns].astype(np.int64), sentences.astype(np.int64)
