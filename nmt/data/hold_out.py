"""Set validation pairs aside from the training text: evenly spread, always the same ones, and none of them left in training.

Of a mixture they come from the texts of the main direction that carry no tag of their own, as one text after the other.
"""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from nmt.config import DataConfig
from nmt.data.corpus import source_tags, training_corpora
from nmt.data.filtering import text_fault
from nmt.data.parallel_text import SentencePair
from nmt.errors import CorpusError

_LARGEST_SHARE = 10  # one in ten


class HoldOut:
    """The pairs of the training text that serve as validation set: `count` of its `usable` ones, at equal distances."""

    def __init__(self, config: DataConfig) -> None:
        """Read the training text once, to count it and to know the chosen pairs."""
        plain = source_tags(config, config.direction)
        corpora = training_corpora(config)
        self._texts = [corpus.text for corpus in corpora if corpus.languages == config.direction and corpus.tags == plain]
        self._both_ways = len(config.directions) > 1
        if not self._texts:
            raise CorpusError(
                "no text of data.mix is of the main direction and without a tag: there are none to set aside; give data.valid"
            )
        self.usable = sum(1 for pair in self._read() if not text_fault(pair))
        self.count = min(config.hold_out, self.usable // _LARGEST_SHARE)
        if self.count == 0:
            raise CorpusError(
                f"the training text has {self.usable} usable pairs: too few to set a tenth aside for validation; give data.valid"
            )
        # Digests, not texts: a thousand of them, whatever the length of the lines.
        self._digests = {_digest(pair.source, pair.target) for pair in self.pairs()}

    def pairs(self) -> Iterator[SentencePair]:
        """Yield the chosen pairs in the order of the text, with their lines in it."""
        ordinal = 0
        for pair in self._read():
            if text_fault(pair):
                continue
            # As `ordinal` runs over `usable` values, the floor of its share of `count` takes `count` steps at equal distances.
            if (ordinal + 1) * self.count // self.usable > ordinal * self.count // self.usable:
                yield pair
            ordinal += 1

    def _read(self) -> Iterator[SentencePair]:
        return chain.from_iterable(text.pairs() for text in self._texts)

    def __contains__(self, pair: SentencePair) -> bool:
        """Whether this pair, here or on another line, is held out; among several directions also as the opposite one would have it."""
        if _digest(pair.source, pair.target) in self._digests:
            return True
        return self._both_ways and _digest(pair.target, pair.source) in self._digests

    def as_dict(self) -> dict[str, Any]:
        """Return what the manifest says about it."""
        return {
            "pairs": self.count,
            "of": self.usable,
            "statement": f"no data.valid was given: {self.count:,} of {self.usable:,} training pairs, evenly spread over the text, were "
            "set aside for validation; they and their repetitions are not trained on",
        }


def _digest(source: str, target: str) -> bytes:
    return hashlib.blake2b(f"{source}\0{target}".encode(), digest_size=16).digest()
