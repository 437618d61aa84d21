"""The cleaned training text and what was taken out of it: `clean.en`, `clean.de` and `rejected.tsv`, in a folder that appears whole.

Validation and test text is never changed: a score on a part of a test set compares with nothing.
"""

import gzip
import io
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from nmt.atomic import publishing_folder
from nmt.audit.findings import Finding, bits
from nmt.audit.reading import TextSet
from nmt.data.corpus import SentencePair
from nmt.errors import CorpusError

REJECTED = "rejected.tsv"
_OURS = re.compile(rf"clean\..+|{re.escape(REJECTED)}")
_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "\0": "\\0"})


def checked_folder(folder: Path, force: bool) -> None:
    """Refuse a folder that cannot be written, before anything is read.

    Raises:
        CorpusError: it is a file or holds something, or its parent is not there.
    """
    if folder.exists() and not folder.is_dir():
        raise CorpusError(f"--write {folder} is not a folder")
    if not folder.absolute().parent.is_dir():
        raise CorpusError(f"--write {folder}: there is no folder {folder.absolute().parent}")
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    others = [name for name in there if not _OURS.fullmatch(name)]
    if others:
        raise CorpusError(f"--write {folder}: the folder holds other things ({others[0]}); name a new one")
    if there and not force:
        raise CorpusError(f"--write {folder}: the folder holds an earlier audit's text; --force replaces it, or name another")


class CleanedText:
    """Takes the pairs of the training text in order, and puts each where it belongs."""

    def __init__(self, folder: Path, sets: list[TextSet], dropped: frozenset[Finding], stack: ExitStack) -> None:
        self._dropped, self._bits = dropped, bits(dropped)
        training = [text for text in sets if text.training]
        self._files: dict[str, tuple[TextIO, TextIO]] = {}
        self.names: list[str] = []
        for text in training:
            middle = "" if len(training) == 1 else re.sub(r"[^\w.-]", "_", text.name.removeprefix("train.")) + "."
            sides = text.languages if text.languages[0] != text.languages[1] else ("source", "target")
            ending = ".gz" if any(path.suffix == ".gz" for path in text.files.values()) else ""
            names = [f"clean.{middle}{side}{ending}" for side in sides]
            if set(names) & set(self.names):
                raise CorpusError(f"two texts of the mixture are both called {text.name}: give them names of their own (data.mix.name)")
            source, target = (stack.enter_context(_opened(folder / name)) for name in names)
            self._files[text.name] = (source, target)
            self.names += names
        self._rejected = stack.enter_context((folder / REJECTED).open("w", encoding="utf-8", errors="backslashreplace", newline="\n"))
        self._rejected.write("set\tline\treason\tsource\ttarget\n")
        self.kept = self.rejected = 0

    def add(self, text: TextSet, pair: SentencePair, found: int) -> None:
        """Write a pair to the cleaned text, or to the rejected lines with every reason that it has."""
        if not found & self._bits:
            source, target = self._files[text.name]
            source.write(pair.source + "\n")
            target.write(pair.target + "\n")
            self.kept += 1
            return
        reasons = ",".join(finding.key for finding in sorted(self._dropped) if found & finding.bit)
        columns = (text.name, str(pair.line), reasons, pair.source.translate(_ESCAPES), pair.target.translate(_ESCAPES))
        self._rejected.write("\t".join(columns) + "\n")
        self.rejected += 1


@contextmanager
def written_text(folder: Path | None, force: bool, sets: list[TextSet], dropped: frozenset[Finding]) -> Iterator[CleanedText | None]:
    """Yield what writes the cleaned text; its folder appears when all of it is there, and on failure does not."""
    if folder is None:
        yield None
        return
    with publishing_folder(folder.absolute()) as building:
        with ExitStack() as stack:
            writer = CleanedText(building, sets, dropped, stack)
            yield writer
        _make_room(folder.absolute(), force)


def summary(writer: CleanedText, folder: Path) -> dict[str, Any]:
    """Return what has been written, for the report."""
    files = [str(folder / name) for name in (*writer.names, REJECTED)]
    return {"kept": writer.kept, "rejected": writer.rejected, "files": files}


def _make_room(folder: Path, force: bool) -> None:
    """Take an empty folder or an earlier audit's out of the way."""
    if folder.exists():
        checked_folder(folder, force)
        aside = folder.with_name(f".tmp-{folder.name}-{uuid.uuid4().hex[:8]}")
        folder.rename(aside)
        shutil.rmtree(aside)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A text file, compressed if its name says so; bytes that were not UTF-8 go out as they came in."""
    with path.open("wb") as raw, ExitStack() as stack:
        binary = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0)) if path.suffix == ".gz" else raw
        with io.TextIOWrapper(binary, encoding="utf-8", errors="surrogateescape", newline="\n") as text:
            yield text
