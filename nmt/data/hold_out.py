"""Set validation pairs aside from the training text: evenly spread, always the same ones, and none of them left in training."""

import hashlib
from collections.abc import Iterator
from typing import Any

from nmt.config import DataConfig
from nmt.data.corpus import open_split
from nmt.data.filtering import text_fault
from nmt.data.parallel_text import SentencePair
from nmt.errors import CorpusError

_LARGEST_SHARE = 10  # one in ten


class HoldOut:
    """The pairs of the training text that serve as validation set: `count` of its `usable` ones, at equal distances."""

    def __init__(self, config: DataConfig) -> None:
        """Read the training text once, to count it and to know the chosen pairs."""
        self.config = config
        self.usable = sum(1 for pair in open_split(config, "train") if not text_fault(pair))
        self.count = min(config.hold_out, self.usable // _LARGEST_SHARE)
        if self.count == 0:
            raise CorpusError(
                f"the training text has {self.usable} usable pairs: too few to set a tenth aside for validation; give data.valid"
            )
        # Digests, not texts: a thousand of them, whatever the length of the lines.
        self._digests = {_digest(pair) for pair in self.pairs()}

    def pairs(self) -> Iterator[SentencePair]:
        """Yield the chosen pairs in the order of the text, with their lines in it."""
        ordinal = 0
        for pair in open_split(self.config, "train"):
            if text_fault(pair):
                continue
            # As `ordinal` runs over `usable` values, the floor of its share of `count` takes `count` steps at equal distances.
            if (ordinal + 1) * self.count // self.usable > ordinal * self.count // self.usable:
                yield pair
            ordinal += 1

    def __contains__(self, pair: SentencePair) -> bool:
        """Whether this pair, here or on another line, is held out."""
        return _digest(pair) in self._digests

    def as_dict(self) -> dict[str, Any]:
        """Return what the manifest says about it."""
        return {
            "pairs": self.count,
            "of": self.usable,
            "statement": f"no data.valid was given: {self.count:,} of {self.usable:,} training pairs, evenly spread over the text, were "
            "set aside for validation; they and their repetitions are not trained on",
        }


def _digest(pair: SentencePair) -> bytes:
    return hashlib.blake2b(f"{pair.source}\0{pair.target}".encode(), digest_size=16).digest()
