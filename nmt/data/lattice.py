"""All segmentations of one word, and a draw among them.

A unigram model (Kudo 2018, section 3.1) gives a segmentation the product of its pieces' probabilities. A draw by that product to the power
alpha goes through the word's lattice twice: forward, adding up what leads to each place (Kudo 2018, section 3.2, calls it
forward-filtering and backward-sampling), then backward, choosing at each place where the piece that ends there began. The first pass
depends on the word alone, so it is made once for a word and kept.

BPE has no probabilities: each time pieces are merged, some of the possible merges are left out (Provilkov et al. 2020, algorithm 1).
"""

import math
from bisect import bisect
from collections.abc import Callable, Mapping

Scores = Mapping[str, tuple[int, float]]
"""Pieces with their ids and scores, as `Tokenizer.scores`."""
Random = Callable[[], float]
"""Uniform in [0, 1)."""


class Lattice:
    """The segmentations of one word by a unigram model."""

    def __init__(self, word: str, scores: Scores, alpha: float, longest: int) -> None:
        """Make the forward pass.

        Args:
            word: text that the pieces can spell.
            scores: the pieces.
            alpha: power of the probabilities.
            longest: characters of the longest piece.
        """
        total = [0.0]  # log of the sum over the segmentations of the first so many characters
        self._ends: list[tuple[list[float], list[tuple[int, int]]]] = [([], [])]
        for end in range(1, len(word) + 1):
            arcs = [
                (total[begin] + alpha * found[1], begin, found[0])
                for begin in range(max(0, end - longest), end)
                if (found := scores.get(word[begin:end])) is not None and total[begin] > -math.inf
            ]
            highest = max((weight for weight, _, _ in arcs), default=-math.inf)
            cumulative, sum_so_far = [], 0.0
            for weight, _, _ in arcs:
                sum_so_far += math.exp(weight - highest)
                cumulative.append(sum_so_far)
            total.append(highest + math.log(sum_so_far) if arcs else -math.inf)
            self._ends.append((cumulative, [(begin, piece) for _, begin, piece in arcs]))

    def draw(self, random: Random) -> list[int]:
        """Draw one segmentation, as ids."""
        pieces, end = [], len(self._ends) - 1
        while end:
            cumulative, arcs = self._ends[end]
            end, piece = arcs[min(bisect(cumulative, random() * cumulative[-1]), len(arcs) - 1)]
            pieces.append(piece)
        return pieces[::-1]


def merged(word: str, scores: Scores, dropout: float, random: Random) -> list[int] | None:
    """Merge the characters of a word, each possible merge left out with probability `dropout` every time; None if one is no piece."""
    parts = list(word)
    while True:
        best: tuple[float, int] | None = None
        for place in range(len(parts) - 1):
            found = scores.get(parts[place] + parts[place + 1])
            if found is not None and random() >= dropout and (best is None or found[1] > best[0]):
                best = found[1], place
        if best is None:
            break
        parts[best[1] : best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
    return [scores[part][0] for part in parts] if all(part in scores for part in parts) else None
