"""Learn a lexical shortlist from the training pairs, and measure what it leaves out."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmt.data.lexical_table import MOST_PAIRS, LexicalTable, learn_lexical_table
from nmt.data.pair_store import PairStore
from nmt.data.prepare import Prepared
from nmt.shortlist import SHORTLIST_FILE, SPECIAL_TOKENS, Shortlist
from nmt.special_tokens import PAD

# Multi30k's validation sentences, 4,000 joint pieces: 7 % of the translations that beam search over the whole vocabulary finds for single
# sentences need a piece outside of a mean of 532 selected; with 50 and 100 it is 12 % of 411, with 100 and 100 6 % of 587. In batches of 64
# their selections unite to about 2,260, and fewer than 1 % need another.
CANDIDATES, FREQUENT = 50, 200
_MEASURED_SENTENCES = 2000


class Coverage(NamedTuple):
    """What a shortlist keeps of sentences that it was not learned from, each with the selection for itself alone."""

    pieces: float  # share of the reference's pieces that are in the selection
    sentences: float  # share of the sentences whose reference is in it with every piece
    selected: float  # mean number of pieces in it
    vocabulary: int  # number of target pieces, V
    measured: int  # sentences

    def __str__(self) -> str:
        return (
            f"lexical shortlist: {self.selected:,.0f} of {self.vocabulary:,} target pieces for a sentence, with {self.pieces:.2%} of the "
            f"reference's pieces and all of them in {self.sentences:.1%} of {self.measured:,} validation sentences"
        )


def learn_shortlist(
    store: PairStore,
    source_vocabulary: int,
    target_vocabulary: int,
    *,
    candidates: int = CANDIDATES,
    frequent: int = FREQUENT,
    iterations: int = 4,
    joint: bool = False,
    most_pairs: int = MOST_PAIRS,
) -> Shortlist:
    """Learn which target pieces can translate which source pieces.

    Args:
        store: the training pairs.
        source_vocabulary: number of source pieces.
        target_vocabulary: number of target pieces.
        candidates: target pieces kept for each source piece, those of the highest t(target | source) beside the frequent ones.
        frequent: the most frequent target pieces, which are in every selection.
        iterations: of EM.
        joint: both sides have one vocabulary: a source piece is a candidate of its own, so that names can be copied.
        most_pairs: learn from at most so many pairs, taken evenly.

    Raises:
        ValueError: a negative number of candidates or frequent pieces.
    """
    if candidates < 0 or frequent < 0:
        raise ValueError(f"{candidates} candidates and {frequent} frequent pieces: neither can be negative")
    table = learn_lexical_table(store, source_vocabulary, target_vocabulary, iterations=iterations, most_pairs=most_pairs)
    return shortlist_of(table, source_vocabulary, candidates=candidates, frequent=frequent, joint=joint)


def shortlist_of(table: LexicalTable, source_vocabulary: int, *, candidates: int, frequent: int, joint: bool) -> Shortlist:
    """Keep of a lexical table what a selection needs; arguments as for `learn_shortlist`."""
    by_frequency = np.argsort(-table.target_counts, kind="stable").astype(np.int32)  # of equally frequent ones the lower id first
    frequent = min(frequent, len(by_frequency))
    rows = _best(table, source_vocabulary, candidates, by_frequency[:frequent])
    if joint:
        itself = np.arange(source_vocabulary, dtype=np.int32)[:, None]
        itself[list(SPECIAL_TOKENS)] = PAD
        rows = np.concatenate([itself, rows], axis=1)
    return Shortlist(rows, by_frequency, frequent)


def coverage(shortlist: Shortlist, store: PairStore) -> Coverage:
    """Measure on held-out pairs, at most 2,000 taken evenly, how much of the references the selections hold."""
    measured = min(len(store), _MEASURED_SENTENCES)
    pieces = inside = whole = selected = 0
    for index in range(measured):
        pair = index * len(store) // measured
        selection, target = shortlist.select([store.source(pair)]), store.target(pair)
        found = int(np.isin(target, selection).sum())
        pieces, inside, whole, selected = pieces + len(target), inside + found, whole + (found == len(target)), selected + len(selection)
    sentences = max(1, measured)
    return Coverage(inside / max(1, pieces), whole / sentences, selected / sentences, shortlist.target_vocabulary, measured)


def write_shortlist(prepared: Prepared, folder: Path, *, candidates: int = CANDIDATES, frequent: int = FREQUENT) -> Coverage:
    """Learn a shortlist from a run's training pairs and write it into a folder as `shortlist.npz`.

    Returns:
        What it keeps of the validation pairs; as a string, one line to be shown.
    """
    tokenizers = prepared.tokenizers
    shortlist = learn_shortlist(
        prepared.train,
        tokenizers.source.vocabulary_size,
        tokenizers.target.vocabulary_size,
        candidates=candidates,
        frequent=frequent,
        joint=tokenizers.joint,
    )
    shortlist.save(folder / SHORTLIST_FILE)
    return coverage(shortlist, prepared.valid)


def _best(table: LexicalTable, source_vocabulary: int, candidates: int, frequent: NDArray[np.int32]) -> NDArray[np.int32]:
    """[source vocabulary, candidates]: of each source piece the targets of the highest probability, without the frequent ones.

    Those are selected anyway; in the row they would only take the place of rarer translations.
    """
    rows = np.full((source_vocabulary, candidates), PAD, np.int32)
    wanted = np.ones(len(table.target_counts), np.bool_)
    wanted[frequent] = False
    kept = np.flatnonzero(wanted[table.targets] & (table.sources >= len(SPECIAL_TOKENS)))  # NULL is in no sentence to be translated
    sources, targets = table.sources[kept], table.targets[kept]
    order = np.lexsort((-table.probabilities[kept], sources))  # stable: of equally likely ones the lower id first
    sources, targets = sources[order], targets[order]
    rank = np.arange(len(sources)) - np.searchsorted(sources, sources)  # within the row
    rows[sources[rank < candidates], rank[rank < candidates]] = targets[rank < candidates]
    return rows
