"""Download a described corpus: resumed where it stopped, checked against its sha256, and in place only when it is right."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nmt.data.corpus import file_sha256
from nmt.data.description import FileCorpus, FileFacts, download_folder, load_description
from nmt.data.tfds_text import open_set
from nmt.errors import CorpusError

Progress = Callable[[str, int, int], None]

_ATTEMPTS = 3
_BLOCK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class FetchedFile:
    """One file of the corpus, in place and checked."""

    path: Path
    bytes: int
    status: Literal["present", "downloaded", "resumed"]


@dataclass(frozen=True)
class FetchReport:
    """What `nmt fetch` did: `root` is what `data.root` may name."""

    name: str
    licence: str
    root: Path
    files: tuple[FetchedFile, ...]


def fetch(name: str, to: Path | None = None, languages: Sequence[str] | None = None, on_progress: Progress | None = None) -> FetchReport:
    """Bring the files of a described corpus into `to`, or check those that are there.

    Args:
        name: a shipped description's name, or the path of one.
        to: the folder that will contain the corpus' own folder; default: the download folder, where every run looks.
        languages: only these; default: all.
        on_progress: called with file name, bytes so far and bytes in all.

    Raises:
        CorpusError: unknown corpus or language, no network, or a file that is not the published one.
    """
    corpus = load_description(name)
    if not isinstance(corpus, FileCorpus):
        raise CorpusError(f"corpus {corpus.name} is built in: there is nothing to fetch")
    corpus.require_languages(*dict.fromkeys(languages or ()))
    wanted = languages or corpus.languages
    names = [file for split in corpus.splits for language in wanted if (file := corpus.file_name(split, language)) in corpus.files]
    root = to or download_folder()
    folder = root / corpus.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = tuple(_bring(corpus, folder / file, corpus.files[file], on_progress or _silent) for file in names)
    except OSError as error:
        raise CorpusError(f"cannot write below {folder}: {error.strerror or error}") from error
    return FetchReport(corpus.name, corpus.licence, root, files)


def fetch_tfds(name: str, to: Path | None = None) -> tuple[Path, str]:
    """Download and prepare a set of tensorflow-datasets, under the library's own bars, or find it prepared; returns its folder and licence.

    Raises:
        CorpusError: no such set, no translation set, or no network.
    """
    found = open_set(name, to)
    return Path(str(found.builder.data_dir)), found.licence


def _bring(corpus: FileCorpus, path: Path, facts: FileFacts, on_progress: Progress) -> FetchedFile:
    if path.exists():
        # Not ours to delete: it may be the user's own edited copy.
        if path.stat().st_size != facts.bytes or file_sha256(path) != facts.sha256:
            raise CorpusError(f"{path} is there but is not the published file (its sha256 differs): move it away and fetch again")
        on_progress(path.name, facts.bytes, facts.bytes)
        return FetchedFile(path, facts.bytes, "present")
    part = path.with_name(f"{path.name}.part")
    url = corpus.url + path.name
    begun = part.stat().st_size if part.exists() else 0
    resumed = 0 < begun <= facts.bytes
    for _ in range(_ATTEMPTS):
        if _download(url, part, facts.bytes, path, on_progress):
            break
    received = part.stat().st_size if part.exists() else 0
    if received < facts.bytes:
        raise CorpusError(f"{url} ended after {received:,} of {facts.bytes:,} bytes: fetch again to resume")
    found = file_sha256(part)
    if received > facts.bytes or found != facts.sha256:
        bad = path.with_name(f"{path.name}.bad")
        part.replace(bad)
        raise CorpusError(f"{url} is not the published file: expected sha256 {facts.sha256}, received {found}; set aside as {bad}")
    part.replace(path)
    return FetchedFile(path, facts.bytes, "resumed" if resumed else "downloaded")


def _download(url: str, part: Path, expected: int, path: Path, on_progress: Progress) -> bool:
    """Append to `part` what is missing; False if the connection ended early and may be tried again."""
    begun = part.stat().st_size if part.exists() else 0
    if begun > expected:
        part.unlink()
        begun = 0
    if begun == expected:
        return True
    request = urllib.request.Request(url, headers={"Range": f"bytes={begun}-"} if begun else {})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            appends = response.status == http.HTTPStatus.PARTIAL_CONTENT and _range_start(response.headers["Content-Range"]) == begun
            if begun and not appends:
                begun = 0  # a server without Range sends the whole file again
            with part.open("ab" if begun else "wb") as file:
                # One byte more than expected is enough to see that the file is another one.
                while begun <= expected and (block := response.read1(min(_BLOCK_BYTES, expected + 1 - begun))):
                    file.write(block)
                    begun += len(block)
                    on_progress(path.name, min(begun, expected), expected)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            return False
        raise CorpusError(f"{url}: the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise CorpusError(
            f"cannot download {url} ({' '.join(str(error.reason).split())}): check the network, or put the file at {path} by hand, "
            "or name a local copy with --set data.root="
        ) from error
    except (TimeoutError, ConnectionError, http.client.HTTPException):
        return False  # the connection stood and broke: worth another try
    return begun >= expected


def _range_start(header: str | None) -> int | None:
    """Return where a `Content-Range: bytes 100-199/200` begins."""
    first = (header or "").removeprefix("bytes").strip().partition("-")[0]
    return int(first) if first.isdigit() else None


def _silent(name: str, done: int, total: int) -> None:
    """Report to nobody."""
