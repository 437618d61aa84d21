"""A lexical shortlist: the target pieces that can translate the source pieces of a batch, instead of the whole vocabulary.

The softmax over V pieces is most of what a decoder step costs. Jean et al. (2015, section 3.3) take it over a subset: the pieces that are
frequent in any text, and for each source piece the few that a lexical translation model finds likely (compared with other choices by
L'Hostis et al. 2016). It is an approximation: a piece outside the selection cannot be chosen, and the probabilities of those inside are
slightly too large. `nmt/data/learned_shortlist.py` learns one; this file is all that a translator needs: read, and select.
"""

import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmt.atomic import replacing_file
from nmt.errors import ModelError
from nmt.special_tokens import BOS, EOS, PAD, UNK

SHORTLIST_FILE = "shortlist.npz"
SPECIAL_TOKENS = (PAD, UNK, BOS, EOS)

Int32 = NDArray[np.int32]
# What numpy, zipfile and zlib raise on bytes that are not what was written: a flipped bit can land in any of their headers.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Which target pieces may translate which source pieces.

    Attributes:
        candidates: int32 [source vocabulary, most candidates]: target ids for each source id, filled up with PAD.
        by_frequency: int32 [V]: every target id once, the most frequent in the training text first.
        frequent: how many of `by_frequency` are in every selection.
    """

    candidates: Int32
    by_frequency: Int32
    frequent: int

    @property
    def target_vocabulary(self) -> int:
        """V, the number of target pieces."""
        return len(self.by_frequency)

    @cached_property
    def _always(self) -> NDArray[np.bool_]:
        """[V]: the special tokens and the frequent pieces."""
        mask = np.zeros(self.target_vocabulary, np.bool_)
        mask[list(SPECIAL_TOKENS)] = True
        mask[self.by_frequency[: self.frequent]] = True
        return mask

    def select(self, source_ids: NDArray[np.integer[Any]] | Iterable[ArrayLike], *, multiple: int = 1) -> Int32:
        """Return the target pieces that a batch may be translated with.

        Args:
            source_ids: padded ids [B, S], or the ids of each sentence; PAD and EOS may be among them, and nothing at all is allowed.
            multiple: the number of pieces becomes a multiple of this, so that few shapes occur: filled up with the most frequent pieces
                that are not in yet. Where that would reach V or more, the answer is the whole vocabulary, multiple or not.

        Returns:
            int32 [V']: ids, rising and each once. The special tokens come first, at places that equal their ids; `selection[place]` is
            the id of what a search over the selection calls `place`.

        Raises:
            IndexError: an id that the source vocabulary does not have.
        """
        seen = np.zeros(len(self.candidates), np.bool_)
        if isinstance(source_ids, np.ndarray):
            seen[source_ids.reshape(-1)] = True
        else:
            for sentence in source_ids:
                seen[np.asarray(sentence, np.int64)] = True
        mask = self._always.copy()
        mask[self.candidates[np.flatnonzero(seen)].reshape(-1)] = True  # the filling, PAD, is in anyway
        missing = -int(np.count_nonzero(mask)) % multiple
        if missing:
            mask[self.by_frequency[~mask[self.by_frequency]][:missing]] = True
        return np.flatnonzero(mask).astype(np.int32)

    def save(self, path: Path) -> None:
        """Write one compressed `.npz` of integers, as narrow as the vocabulary allows; equal shortlists give equal bytes."""
        narrow = np.uint16 if self.target_vocabulary <= 1 << 16 else np.int32
        with replacing_file(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                candidates=self.candidates.astype(narrow),
                by_frequency=self.by_frequency.astype(narrow),
                frequent=np.int64(self.frequent),
            )

    @classmethod
    def load(cls, path: Path) -> "Shortlist":
        """Read what `save` wrote.

        Raises:
            ModelError: no such file, damaged, or not a shortlist.
        """
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as parts:
                candidates, by_frequency, frequent = (_integers(parts, name) for name in ("candidates", "by_frequency", "frequent"))
        except FileNotFoundError as error:
            raise ModelError(f"no lexical shortlist at {path}; export the model with one, or translate without") from error
        except _DAMAGE as error:
            raise _damaged(path, " ".join(str(error).split()) or type(error).__name__) from error
        vocabulary = by_frequency.size
        if (candidates.ndim, by_frequency.ndim, frequent.ndim) != (2, 1, 0) or vocabulary < len(SPECIAL_TOKENS):
            raise _damaged(path, f"shapes {candidates.shape}, {by_frequency.shape} and {frequent.shape}")
        if not np.array_equal(np.sort(by_frequency), np.arange(vocabulary)):
            raise _damaged(path, "its list by frequency does not hold every target piece once")
        if candidates.size and not 0 <= candidates.min() <= candidates.max() < vocabulary:
            raise _damaged(path, f"a candidate outside the vocabulary of {vocabulary:,} pieces")
        if not 0 <= int(frequent) <= vocabulary:
            raise _damaged(path, f"{int(frequent):,} frequent pieces of {vocabulary:,}")
        return cls(candidates.astype(np.int32), by_frequency.astype(np.int32), int(frequent))


def _integers(parts: zipfile.ZipFile, name: str) -> NDArray[np.integer[Any]]:
    """One array, read to the end of its zip entry, where the checksum is compared."""
    with parts.open(f"{name}.npy") as entry:
        values = np.lib.format.read_array(entry, allow_pickle=False)
        if entry.read(1) or values.dtype.kind not in "iu":
            raise ValueError(f"{name} holds no integers, or more than its header says")
    return values


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} is not a lexical shortlist, or damaged ({why}); copy or export the model again")
