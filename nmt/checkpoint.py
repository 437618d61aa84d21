"""Checkpoints: one file each, verified by hash, of which the last few and the best few are kept."""

import hashlib
import json
import re
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
AVERAGE_OF = re.compile(r"average-(last|best)-([1-9][0-9]*)")
FORMAT_VERSION = 2
"""Raised when the model computes something else with the same weights. 1 had no output scale."""


@dataclass
class Checkpoints:
    """The checkpoints of one run, listed in `index.json` from oldest to newest."""

    folder: Path
    keep_last: int = KEPT_LAST
    keep_best: int = 1
    warnings: list[str] = field(default_factory=list)
    """What was found damaged while loading, one line each."""

    def save(self, update: int, arrays: Arrays, state: dict[str, Any], *, best: bool, value: float | None = None) -> None:
        """Write a checkpoint, make it the last and, if so, the best one, then remove those no longer needed.

        Args:
            update: its number.
            arrays, state: what it holds.
            best: whether it is better than all before.
            value: what its validation found, as something to be minimised; None for one that was not validated.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"update-{update:08d}.npz"
        with replacing_file(self.folder / name) as temporary:
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, __state__=np.array(json.dumps(state)), **arrays)
            digest = _sha256(temporary)
        index = self._index()
        entries = [entry for entry in index["entries"] if entry["file"] != name]
        before = next((entry["value"] for entry in index["entries"] if entry["file"] == name and "value" in entry), None)
        value = before if value is None else value  # a run that was set back stands at an update that was validated
        entries.append({"file": name, "update": update, "sha256": digest} | ({} if value is None else {"value": value}))
        best_name = name if best else index["best"]
        validated = [entry for entry in entries if "value" in entry]
        wanted = [*entries[-self.keep_last :], *validated[-1:], *_best_first(entries, best_name)[: self.keep_best]]
        kept = [entry for entry in entries if entry in wanted]
        index = {"format_version": FORMAT_VERSION, "best": best_name, "entries": kept}
        write_text(self.folder / "index.json", json.dumps(index, indent=1))
        for entry in entries:
            if entry not in kept:
                (self.folder / entry["file"]).unlink(missing_ok=True)

    def load(self, which: Literal["best", "last", "validated"]) -> tuple[Arrays, dict[str, Any]] | None:
        """Return (arrays, state) of the best, the last, or the last validated whole checkpoint; None if there is none.

        One that a signal asked for was not validated; such are used where no other is.
        A damaged file is named in `warnings`, and the newest undamaged one before it is used instead.
        """
        index = self._index()
        newest_first = list(reversed(index["entries"]))
        if which == "best":
            newest_first.sort(key=lambda entry: entry["file"] != index["best"])
        if which == "validated":
            newest_first.sort(key=lambda entry: "value" not in entry)
        for entry in newest_first:
            if self._whole(entry):
                return _read(self.folder / entry["file"])
        return None

    def load_several(self, which: str) -> list[tuple[Arrays, dict[str, Any]]]:
        """Return the checkpoints that an average is over, oldest first: every whole one, or the n last or best of them.

        Args:
            which: average, average-last-N or average-best-N.

        Raises:
            RunError: fewer than N are there.
        """
        index = self._index()
        entries = [entry for entry in index["entries"] if self._whole(entry)]
        if found := AVERAGE_OF.fullmatch(which):
            kind, number = found[1], int(found[2])
            chosen = entries[-number:] if kind == "last" else _best_first(entries, index["best"])[:number]
            if len(chosen) < number:
                there = f"{len(chosen)} checkpoints are there" if kind == "last" else f"{len(chosen)} validated checkpoints are there"
                raise RunError(
                    f"{which}: {there} in {self.folder}, {number} are wanted; training.keep_{kind} says how many a run keeps, "
                    "or name fewer, or --checkpoint average for all"
                )
            entries = [entry for entry in entries if entry in chosen]
        return [_read(self.folder / entry["file"]) for entry in entries]

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


def load_weights(folder: Path, which: str) -> tuple[Arrays, dict[str, Any], list[str]]:
    """Return a run's weights by variable path, the state of their checkpoint, and warnings.

    `best` and `last` are the moving average where the run keeps one; `average` is the mean of the plain weights of all kept checkpoints,
    `average-last-3` of the last three and `average-best-3` of the three that validated best.

    Raises:
        RunError: the run has no whole checkpoint, or fewer than an average wants.
    """
    checkpoints = Checkpoints(folder)
    loaded = checkpoints.load_several(which) if which.startswith("average") else [checkpoints.load("last" if which == "last" else "best")]
    found = [one for one in loaded if one is not None]
    if not found:
        raise RunError(f"no checkpoint in {folder}: the run has not reached its first validation; carry it on with nmt train")
    weights = average([_group("weights/", arrays) for arrays, _ in found])
    if not which.startswith("average"):
        weights |= _group("average/", found[0][0])  # frozen weights have none
    return weights, found[-1][1], checkpoints.warnings


def _best_first(entries: list[dict[str, Any]], best: str | None) -> list[dict[str, Any]]:
    """Those that were validated, the best one first; the best of an older run has no value, but its name."""
    known = [entry for entry in entries if entry["file"] == best or "value" in entry]
    return sorted(known, key=lambda entry: (entry["file"] != best, entry.get("value", 0.0)))


def average(checkpoints: Sequence[Arrays]) -> Arrays:
    """The mean of each array over several checkpoints (Vaswani et al. 2017, section 6.1)."""
    return {
        name: np.mean([arrays[name] for arrays in checkpoints], axis=0, dtype=np.float64).astype(array.dtype)
        for name, array in checkpoints[0].items()
    }


def _group(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "__state__"}
        return arrays, json.loads(str(archive["__state__"]))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
