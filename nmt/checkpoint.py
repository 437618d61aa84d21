"""Checkpoints: one file each, verified by hash, of which the last three and the best are kept."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nmt.atomic import replacing_file, write_text
from nmt.errors import RunError

Arrays = dict[str, NDArray[Any]]
KEPT_LAST = 3
FORMAT_VERSION = 2
"""Raised when the model computes something else with the same weights. 1 had no output scale."""


@dataclass
class Checkpoints:
    """The checkpoints of one run, listed in `index.json` from oldest to newest."""

    folder: Path
    warnings: list[str] = field(default_factory=list)
    """What was found damaged while loading, one line each."""

    def save(self, update: int, arrays: Arrays, state: dict[str, Any], *, best: bool) -> None:
        """Write a checkpoint, make it the last and, if so, the best one, then remove those no longer needed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"update-{update:08d}.npz"
        with replacing_file(self.folder / name) as temporary:
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, __state__=np.array(json.dumps(state)), **arrays)
            digest = _sha256(temporary)
        index = self._index()
        entries = [entry for entry in index["entries"] if entry["file"] != name]
        entries.append({"file": name, "update": update, "sha256": digest})
        best_name = name if best else index["best"]
        kept = [entry for i, entry in enumerate(entries) if i >= len(entries) - KEPT_LAST or entry["file"] == best_name]
        index = {"format_version": FORMAT_VERSION, "best": best_name, "entries": kept}
        write_text(self.folder / "index.json", json.dumps(index, indent=1))
        for entry in entries:
            if entry not in kept:
                (self.folder / entry["file"]).unlink(missing_ok=True)

    def load(self, which: Literal["best", "last"]) -> tuple[Arrays, dict[str, Any]] | None:
        """Return (arrays, state) of the best or the last whole checkpoint; None if there is none.

        A damaged file is named in `warnings`, and the newest undamaged one before it is used instead.
        """
        index = self._index()
        newest_first = list(reversed(index["entries"]))
        if which == "best":
            newest_first.sort(key=lambda entry: entry["file"] != index["best"])
        for entry in newest_first:
            if self._whole(entry):
                return _read(self.folder / entry["file"])
        return None

    def load_all(self) -> list[tuple[Arrays, dict[str, Any]]]:
        """Return every whole checkpoint that is kept, oldest first."""
        paths = [self.folder / entry["file"] for entry in self._index()["entries"] if self._whole(entry)]
        return [_read(path) for path in paths]

    def _whole(self, entry: dict[str, Any]) -> bool:
        path = self.folder / entry["file"]
        whole = path.is_file() and _sha256(path) == entry["sha256"]
        if not whole:
            self.warnings.append(f"checkpoint {path} is {'damaged' if path.is_file() else 'missing'}; using the one before it")
        return whole

    def _index(self) -> dict[str, Any]:
        path = self.folder / "index.json"
        if not path.is_file():
            return {"best": None, "entries": []}
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if index.get("format_version") != FORMAT_VERSION:
            raise RunError(
                f"the checkpoints in {self.folder} are of another version of the model, which computed differently with such weights: "
                "its exports still translate; train again with another --run-dir"
            )
        return index


def load_weights(folder: Path, which: Literal["best", "last", "average"]) -> tuple[Arrays, dict[str, Any], list[str]]:
    """Return a run's weights by variable path, the state of their checkpoint, and warnings.

    `best` and `last` are the moving average where the run keeps one; `average` is the mean of the plain weights of all kept checkpoints.

    Raises:
        RunError: the run has no whole checkpoint.
    """
    checkpoints = Checkpoints(folder)
    loaded = checkpoints.load_all() if which == "average" else [found for found in [checkpoints.load(which)] if found]
    if not loaded:
        raise RunError(f"no checkpoint in {folder}: the run has not reached its first validation; carry it on with nmt train")
    arrays, state = average([arrays for arrays, _ in loaded]), loaded[-1][1]
    averaged = any(name.startswith("average/") for name in arrays) and which != "average"
    prefix = "average/" if averaged else "weights/"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}, state, checkpoints.warnings


def average(checkpoints: Sequence[Arrays]) -> Arrays:
    """The mean of each array over several checkpoints (Vaswani et al. 2017, section 6.1)."""
    return {
        name: np.mean([arrays[name] for arrays in checkpoints], axis=0, dtype=np.float64).astype(array.dtype)
        for name, array in checkpoints[0].items()
    }


def _read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "__state__"}
        return arrays, json.loads(str(archive["__state__"]))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
