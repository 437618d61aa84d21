"""Which pair is seen where in an epoch, when corpora have weights: computed from (seed, epoch, position), nothing stored.

A corpus of n pairs with weight w is read like a wheel: epoch e takes the places ceil(e·w·n) to ceil((e + 1)·w·n) of an endless row in which
its pairs come round again and again, always in one seeded order. Weight 1 takes each pair once, 0.5 one half and then the other, 2.5 each
twice and half of them once more. Over 1/w epochs every pair has had its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nmt.data.permutation import permuted

_WHEEL = 1  # keeps the seed of a corpus' own order apart from that of an epoch


@dataclass(frozen=True)
class Share:
    """Pairs that lie side by side in a store and have one weight."""

    pairs: int
    weight: float = 1.0

    def before(self, epoch: int) -> int:
        """How many places of its endless row have been taken before this epoch; exact, whatever the epoch."""
        taken = epoch * Fraction(str(self.weight)) * self.pairs
        return -(-taken.numerator // taken.denominator)


class Mixture:
    """The shares of a training text in the order of its store."""

    def __init__(self, shares: Sequence[Share], seed: int) -> None:
        self.shares, self.seed = shares, seed

    def size(self, epoch: int) -> int:
        """How many pairs this epoch has."""
        return sum(share.before(epoch + 1) - share.before(epoch) for share in self.shares)

    def indices(self, places: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """Return which pair of the store each place of an epoch is; places are counted share after share, from 0 to size - 1."""
        found = np.empty_like(places)
        first_place = first_pair = 0
        for number, share in enumerate(self.shares):
            begin, end = share.before(epoch), share.before(epoch + 1)
            inside = (places >= first_place) & (places < first_place + end - begin)
            found[inside] = first_pair + self._turn(places[inside] - first_place, begin, number, share)
            first_place, first_pair = first_place + end - begin, first_pair + share.pairs
        return found

    def _turn(self, places: NDArray[np.int64], begin: int, number: int, share: Share) -> NDArray[np.int64]:
        if share.pairs == 0 or not len(places):
            return places
        turned = (places + begin % share.pairs) % share.pairs
        # With a whole weight an epoch takes whole turns of the wheel: any order of it gives the same pairs.
        return turned if float(share.weight).is_integer() else permuted(turned, share.pairs, (self.seed, number, _WHEEL))
