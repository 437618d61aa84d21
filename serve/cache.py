"""Sentences that were translated before, the least recently asked for forgotten first (LRU)."""

from collections import OrderedDict

from nmt.hypotheses import Hypothesis
from nmt.searching import Search
from nmt.translator import Source

Key = tuple[Source, Search]
_ROW_OVERHEAD = 200  # bytes of an entry besides its contents, about
_ID_BYTES = 36  # an int object and its place in a tuple
_PIECE_BYTES = 70  # a short string object


class SentenceCache:
    """A mapping with a limit in bytes; 0 keeps nothing."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Key, list[Hypothesis]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> list[Hypothesis] | None:
        """Return what is known, and count it as asked for just now."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: Key, hypotheses: list[Hypothesis]) -> None:
        """Remember, and forget what no longer fits."""
        size = _size(key, hypotheses)
        if size > self._most_bytes or key in self._entries:
            return
        self._entries[key] = hypotheses
        self._bytes += size
        while self._bytes > self._most_bytes:
            oldest, forgotten = self._entries.popitem(last=False)
            self._bytes -= _size(oldest, forgotten)


def _size(key: Key, hypotheses: list[Hypothesis]) -> int:
    size = _ROW_OVERHEAD + _ID_BYTES * len(key[0])
    for one in hypotheses:
        size += _ROW_OVERHEAD + 4 * len(one.text)
        if one.alignment:
            size += one.alignment.attention.nbytes + _PIECE_BYTES * (len(one.alignment.source_pieces) + len(one.alignment.target_pieces))
    return size
