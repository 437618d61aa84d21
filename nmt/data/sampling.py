"""Subword sampling (Kudo 2018; for BPE, Provilkov et al. 2020): a pair is segmented anew every time it comes, both sides.

Pieces do not cross words, so a sentence is drawn word by word, and the few thousand words that make up most of a text are taken apart once.
Every draw is a function of (seed, draw, side), as of all chance in a run, so that a resumed run sees the pieces that one without a break
would have seen. SentencePiece can sample, too, but its generator cannot be made to repeat what it did in another process.
"""

import hashlib
import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nmt.config import Config
from nmt.data.lattice import Lattice, Random, merged
from nmt.data.pair_store import PairStore, Side
from nmt.tokenizer import Tokenizer, TokenizerPair

KEPT_WORDS = 50_000
"""Of each side; a word's lattice takes about a kilobyte."""


class WordSampler:
    """Draws segmentations for the words of one tokenizer, which are known by the pieces of their best segmentation."""

    def __init__(self, tokenizer: Tokenizer, alpha: float) -> None:
        """Make a sampler; `alpha` is that of `TrainingConfig.subword_sampling`."""
        self.starts, self.no_text = tokenizer.word_starts, tokenizer.no_text
        scores = tokenizer.scores
        longest = max(map(len, scores), default=0)

        def word_of(pieces: tuple[int, ...]) -> str:
            return "".join(tokenizer.pieces(pieces))

        @lru_cache(KEPT_WORDS)
        def lattice_of(pieces: tuple[int, ...]) -> Lattice:
            return Lattice(word_of(pieces), scores, alpha, longest)

        def by_probability(pieces: tuple[int, ...], chance: Random) -> Sequence[int]:
            return lattice_of(pieces).draw(chance)

        def by_merges(pieces: tuple[int, ...], chance: Random) -> Sequence[int]:
            return merged(word_of(pieces), scores, alpha, chance) or pieces

        self._draw = by_merges if tokenizer.kind == "bpe" else by_probability

    def sample(self, sentence: NDArray[np.int32], chance: Random) -> list[int]:
        """Draw a segmentation of a sentence. What stands for no text or cannot be had back from ids stays: tags, unknown words, bytes."""
        starts = np.flatnonzero(self.starts[sentence]).tolist()
        pieces = sentence.tolist()
        drawn: list[int] = []
        for begin, end in zip([0, *starts], [*starts, len(pieces)], strict=True):
            word = tuple(pieces[begin:end])
            drawn += word if not word or not self.no_text.isdisjoint(word) else self._draw(word, chance)
        return drawn


class SubwordSampler:
    """Draws segmentations for the pairs of a batch."""

    def __init__(self, tokenizers: TokenizerPair, alpha: float, seed: int, max_pieces: int) -> None:
        """Make a sampler for both sides.

        Args:
            tokenizers: of the pairs.
            alpha: as `TrainingConfig.subword_sampling`.
            seed: of the run.
            max_pieces: a sentence of which a draw has more stays in its best segmentation.
        """
        self.seed, self.max_pieces = seed, max_pieces
        self.source = WordSampler(tokenizers.source, alpha)
        self.target = self.source if tokenizers.joint else WordSampler(tokenizers.target, alpha)

    @classmethod
    def of(cls, config: Config, tokenizers: TokenizerPair) -> "SubwordSampler | None":
        """As the config says; None where it wants the best segmentation always."""
        alpha = config.training.subword_sampling
        return cls(tokenizers, alpha, config.training.seed, config.data.max_pieces) if alpha else None

    def pairs(self, store: PairStore, indices: NDArray[np.int64], draw: int) -> PairStore:
        """Return these pairs as a store of their own, in this order, in the segmentations of a draw."""
        sources = self._sampled(self.source, [store.source(index) for index in indices], draw, "source")
        targets = self._sampled(self.target, [store.target(index) for index in indices], draw, "target")
        return PairStore(side_of(sources), side_of(targets))

    def _sampled(self, words: WordSampler, sentences: list[NDArray[np.int32]], draw: int, side: str) -> list[Sequence[int]]:
        digest = hashlib.blake2b(f"{self.seed} {draw} {side}".encode(), digest_size=8).digest()
        chance = random.Random(int.from_bytes(digest)).random
        drawn = (words.sample(sentence, chance) for sentence in sentences)
        return [pieces if len(pieces) <= self.max_pieces else best.tolist() for pieces, best in zip(drawn, sentences, strict=True)]


def side_of(sentences: Sequence[Sequence[int]]) -> Side:
    """Sentences that are in memory as one side of a store."""
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    ids = np.fromiter((piece for sentence in sentences for piece in sentence), np.int32, int(lengths.sum()))
    return Side(ids, np.append(0, np.cumsum(lengths)))
