"""Text that a model is writing, on disk: it grows by windows, the same command carries it on, and its folder appears whole.

While it grows it lies beside its place, in DIR.unfinished: the files in `text/`, and `progress.json` with what has been made so far. After
each window the files are flushed to the disk first and the progress is replaced last, so whatever a killed process has written beyond its
last whole window is known by the files' sizes and cut off.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nmt.atomic import write_text
from nmt.errors import CorpusError, RunError

UNFINISHED = ".unfinished"
PROGRESS_FILE = "progress.json"


class SynthesisFolder:
    """The files of one job in the making."""

    def __init__(self, place: Path, job: dict[str, Any]) -> None:
        """Begin, or take up what an earlier process with the same job has left.

        Raises:
            RunError: what lies there is of another job, or damaged.
        """
        self.path = place / "text"
        self._progress, self._job = place / PROGRESS_FILE, job
        self._texts: dict[str, dict[str, Any]] = {}
        if self._progress.is_file():
            self._texts = self._taken_up(place)
        self.path.mkdir(exist_ok=True)
        known = {name: size for text in self._texts.values() for name, size in text["sizes"].items()}
        for file in self.path.iterdir():
            if file.name not in known:
                file.unlink()
        for name, size in known.items():
            file = self.path / name
            if not file.is_file() or file.stat().st_size < size:
                raise RunError(f"{file} is not what {self._progress} says of it: remove {place} to begin anew")
            os.truncate(file, size)

    @property
    def begun(self) -> bool:
        """Whether a window has been written."""
        return bool(self._texts)

    def facts(self, text: str) -> dict[str, Any] | None:
        """Return what was said with the last window of a text; None if it has none."""
        found = self._texts.get(text)
        return found["facts"] if found else None

    def append(self, text: str, files: Sequence[str], pairs: Sequence[tuple[str, str]], facts: dict[str, Any]) -> None:
        """Add a window to the two files of a text, and remember what is known of it so far."""
        sizes = {}
        for side, name in enumerate(files):
            with (self.path / name).open("ab") as file:
                file.write("".join(f"{pair[side]}\n" for pair in pairs).encode())
                file.flush()
                os.fsync(file.fileno())
                sizes[name] = file.tell()
        self._texts[text] = {"sizes": sizes, "facts": facts}
        write_text(self._progress, json.dumps({"job": self._job, "texts": self._texts}, ensure_ascii=False))

    def _taken_up(self, place: Path) -> dict[str, dict[str, Any]]:
        found = json.loads(self._progress.read_text(encoding="utf-8"))
        now = json.loads(json.dumps(self._job))
        changed = sorted(key for key in found["job"].keys() | now.keys() if found["job"].get(key) != now.get(key))
        if changed:
            raise RunError(
                f"{place} was begun with another {', another '.join(changed)}: give the same command to carry it on, remove that folder to "
                "begin anew, or write to another with -o"
            )
        texts: dict[str, dict[str, Any]] = found["texts"]
        return texts


def check_free(target: Path) -> None:
    """Refuse a place for a new folder, before anything is done.

    Raises:
        CorpusError: something is there, or its parent is not.
    """
    if target.exists():
        raise CorpusError(f"{target} is there already: name a new folder with -o, or remove it")
    if not target.absolute().parent.is_dir():
        raise CorpusError(f"cannot write {target}: there is no folder {target.absolute().parent}")


@contextmanager
def growing_folder(target: Path, job: dict[str, Any]) -> Iterator[SynthesisFolder]:
    """Yield the folder in the making; on success it gets its name, on failure it stays for the next try if it holds a window.

    Args:
        target: what it will be called; nothing may be there.
        job: what the text depends on. An unfinished folder is carried on only by the very same.

    Raises:
        CorpusError: as `check_free`; the other process that wrote it may have ended meanwhile.
        RunError: another process writes it, or an unfinished one is of another job.
    """
    target = target.absolute()
    place = target.with_name(target.name + UNFINISHED)
    place.mkdir(exist_ok=True)
    with (place / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(f"{place} is being written by another process: wait for it, or write to another folder with -o") from error
        folder = SynthesisFolder(place, job)
        try:
            check_free(target)
            yield folder
            folder.path.rename(target)
        except BaseException:
            if not folder.begun:
                shutil.rmtree(place)
            raise
        shutil.rmtree(place)
