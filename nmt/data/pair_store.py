"""Token ids of many sentence pairs on disk, read through the operating system's page cache: flat ids and offsets for each side.

`<split>.<side>.ids.npy` holds the pieces of all sentences one after the other (uint16, or int32 for large vocabularies), and
`<split>.<side>.offsets.npy` where each begins (int64, one more than there are sentences). Ids come without BOS and EOS.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from nmt.data.mixture import Share
from nmt.special_tokens import PAD

Int32 = NDArray[np.int32]
Indices = Sequence[int] | NDArray[np.integer[Any]]
_SIDES = ("source", "target")


class Side:
    """The sentences of one language: memory-mapped ids and offsets."""

    def __init__(self, ids: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        self.ids, self.offsets = ids, offsets

    @classmethod
    def open(cls, folder: Path, split: str, side: str) -> "Side":
        """Map the two files of one side; nothing is read yet."""
        ids_path, offsets_path = _paths(folder, split, side)
        return cls(np.load(ids_path, mmap_mode="r"), np.load(offsets_path, mmap_mode="r"))

    @staticmethod
    def exists(folder: Path, split: str, side: str) -> bool:
        """Whether the two files are there."""
        return all(path.is_file() for path in _paths(folder, split, side))

    @cached_property
    def lengths(self) -> Int32:
        """Number of pieces of each sentence."""
        return np.diff(self.offsets).astype(np.int32)

    def lengths_of(self, chosen: NDArray[np.int64]) -> Int32:
        """Number of pieces of some sentences, read from the offsets alone."""
        return (self.offsets[chosen + 1] - self.offsets[chosen]).astype(np.int32)

    def sentence(self, index: int) -> Int32:
        """Return the ids of one sentence."""
        return np.asarray(self.ids[self.offsets[index] : self.offsets[index + 1]], np.int32)

    def gather(self, indices: Indices, width: int) -> Int32:
        """Return the sentences as rows of `width` ids, padded on the right with PAD; what is longer is cut."""
        chosen = np.asarray(indices, np.int64)
        rows = np.full((len(chosen), width), PAD, np.int32)  # [sentences, width]
        columns = np.arange(width)
        inside = columns < self.lengths_of(chosen)[:, None]
        rows[inside] = self.ids[(self.offsets[chosen][:, None] + columns)[inside]]
        return rows


class PairStore:
    """The pairs of one split, by index."""

    def __init__(self, source: Side, target: Side, shares: Sequence[Share] | None = None) -> None:
        self._source, self._target = source, target
        self.shares = shares or (Share(len(self)),)
        """Of a mixture: how many pairs each corpus has, in the order of the store, and how often they are seen."""

    @classmethod
    def open(cls, folder: Path, split: str, shares: Sequence[Share] | None = None) -> "PairStore":
        """Map the files of a split that `PairWriter` wrote; `shares` divide them into corpora, without them they are one."""
        source, target = (Side.open(folder, split, side) for side in _SIDES)
        return cls(source, target, shares)

    def __len__(self) -> int:
        return len(self._source.offsets) - 1

    @property
    def source_lengths(self) -> Int32:
        """Pieces of each source sentence, without BOS and EOS."""
        return self._source.lengths

    @property
    def target_lengths(self) -> Int32:
        """Pieces of each target sentence, without BOS and EOS."""
        return self._target.lengths

    def lengths(self, indices: Indices) -> tuple[Int32, Int32]:
        """Return the pieces of some source and target sentences, without BOS and EOS; memory is that of the answer."""
        chosen = np.asarray(indices, np.int64)
        return self._source.lengths_of(chosen), self._target.lengths_of(chosen)

    def source(self, index: int) -> Int32:
        """Return the ids of one source sentence."""
        return self._source.sentence(self._checked(index))

    def target(self, index: int) -> Int32:
        """Return the ids of one target sentence."""
        return self._target.sentence(self._checked(index))

    def gather_source(self, indices: Indices, width: int) -> Int32:
        """Return source sentences as `[len(indices), width]` ids, padded on the right with PAD; what is longer is cut."""
        return self._source.gather(indices, width)

    def gather_target(self, indices: Indices, width: int) -> Int32:
        """Return target sentences as `[len(indices), width]` ids, padded on the right with PAD; what is longer is cut."""
        return self._target.gather(indices, width)

    def _checked(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        return index % len(self)


class PairWriter:
    """Append encoded pairs to the files of a split; a context manager, and nothing but one chunk is held in memory."""

    def __init__(self, folder: Path, split: str, source_vocabulary: int, target_vocabulary: int) -> None:
        self._sides = [
            (ArrayFile(ids, np.uint16 if vocabulary <= 1 << 16 else np.int32), ArrayFile(offsets, np.int64))
            for vocabulary, (ids, offsets) in zip(
                (source_vocabulary, target_vocabulary), (_paths(folder, split, side) for side in _SIDES), strict=True
            )
        ]
        for _, offsets in self._sides:
            offsets.append(np.zeros(1, np.int64))

    def append(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        """Add as many sources as targets."""
        if len(sources) != len(targets):
            raise ValueError(f"{len(sources)} sources for {len(targets)} targets")
        for (ids, offsets), sentences in zip(self._sides, (sources, targets), strict=True):
            lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
            offsets.append(ids.count + np.cumsum(lengths))
            ids.append(np.fromiter(chain.from_iterable(sentences), ids.dtype, int(lengths.sum())))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for ids, offsets in self._sides:
            ids.close()
            offsets.close()


class ArrayFile:
    """A one-dimensional `.npy` that grows: its header is written again at the end, when the length is known."""

    def __init__(self, path: Path, dtype: type[np.integer[Any]]) -> None:
        self.count, self.dtype = 0, np.dtype(dtype)
        self._file: BinaryIO = path.open("wb")
        self._header()
        self._begin = self._file.tell()

    @classmethod
    def of(cls, folder: Path, split: str, side: str, part: str) -> "ArrayFile":
        """One of the two files of a side: `ids`, small numbers, or `offsets`."""
        ids, offsets = _paths(folder, split, side)
        return cls(ids, np.uint16) if part == "ids" else cls(offsets, np.int64)

    def append(self, values: NDArray[Any]) -> None:
        """Write more numbers at the end."""
        self._file.write(values.astype(self.dtype, copy=False).tobytes())
        self.count += len(values)

    def close(self) -> None:
        """Write the length where a reader looks for it."""
        self._file.seek(0)
        self._header()
        moved = self._file.tell() != self._begin
        self._file.close()
        if moved:  # numpy leaves room for the length to grow; should that ever change, no wrong file may pass
            raise RuntimeError("the .npy header changed its size while the file grew")

    def _header(self) -> None:
        described = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": (self.count,)}
        np.lib.format.write_array_header_1_0(self._file, described)


def _paths(folder: Path, split: str, side: str) -> tuple[Path, Path]:
    return folder / f"{split}.{side}.ids.npy", folder / f"{split}.{side}.offsets.npy"
