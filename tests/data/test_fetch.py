"""Download against a real server on this machine: whole, resumed, damaged, cut off, and no server at all."""

import hashlib
import http.server
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from nmt.data.fetch import fetch
from nmt.errors import CorpusError

CONTENT = os.urandom(300_000)
OTHER = b"short and sweet\n"
FILES = {"train.en": CONTENT, "train.de": OTHER}


@dataclass
class Behaviour:
    """What the server does, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    knows_range: bool = True
    cut_after: int | None = None  # bytes of a body before the connection is closed
    cuts: int = 99
    ranges: list[str | None] = field(default_factory=list)


class Server(http.server.ThreadingHTTPServer):
    behaviour: Behaviour
    daemon_threads = False  # closing joins them: no socket outlives its test


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        asked = self.headers["Range"]
        behaviour.ranges.append(asked)
        body = behaviour.files.get(self.path.rpartition("/")[2])
        if body is None:
            self.send_error(404)
            return
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and behaviour.knows_range else 0
        if begin and begin >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        body = body[begin:]
        if behaviour.cut_after is not None and behaviour.cuts > 0:
            behaviour.cuts -= 1
            body = body[: behaviour.cut_after]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.behaviour = Behaviour()
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def describe(folder: Path, port: int) -> str:
    description = {
        "name": "tiny",
        "kind": "files",
        "title": "Two files",
        "licence": "CC0",
        "languages": ["en", "de"],
        "url": f"http://127.0.0.1:{port}/some/where/",
        "pattern": "tiny/{split}.{language}",
        "splits": {"train": "train"},
        "files": {name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in FILES.items()},
    }
    (folder / "tiny.yaml").write_text(yaml.safe_dump(description))
    return str(folder / "tiny.yaml")


@pytest.fixture
def corpus(server: Server, tmp_path: Path) -> str:
    return describe(tmp_path, server.server_port)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def failure(corpus: str, to: Path) -> str:
    with pytest.raises(CorpusError) as error:
        fetch(corpus, to)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_full_download_with_progress(corpus: str, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    report = fetch(corpus, tmp_path / "to", on_progress=lambda *progress: seen.append(progress))
    assert contents(tmp_path / "to" / "tiny") == FILES
    assert (report.name, report.licence, report.root) == ("tiny", "CC0", tmp_path / "to")
    assert [file.status for file in report.files] == ["downloaded", "downloaded"]
    done = [progress[1] for progress in seen if progress[0] == "train.en"]
    assert done == sorted(done)
    assert seen[-1] == ("train.de", len(OTHER), len(OTHER))


def test_what_is_there_is_only_checked(server: Server, corpus: str, tmp_path: Path) -> None:
    fetch(corpus, tmp_path)
    server.behaviour.ranges.clear()
    assert [file.status for file in fetch(corpus, tmp_path).files] == ["present", "present"]
    assert server.behaviour.ranges == []


def test_only_some_languages(corpus: str, tmp_path: Path) -> None:
    fetch(corpus, tmp_path, languages=["de"])
    assert contents(tmp_path / "tiny") == {"train.de": OTHER}
    with pytest.raises(CorpusError, match="no language 'fr'; it has en, de"):
        fetch(corpus, tmp_path, languages=["fr"])


def test_the_default_folder(corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fetch(corpus)
    assert contents(tmp_path / "carousel-nmt" / "corpora" / "tiny") == FILES


def test_a_partial_file_is_resumed(server: Server, corpus: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en.part").write_bytes(CONTENT[:100_000])
    assert [file.status for file in fetch(corpus, tmp_path).files] == ["resumed", "downloaded"]
    assert server.behaviour.ranges == ["bytes=100000-", None]
    assert contents(tmp_path / "tiny") == FILES


def test_a_complete_partial_file_needs_no_server(server: Server, corpus: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en.part").write_bytes(CONTENT)
    fetch(corpus, tmp_path, languages=["en"])
    assert server.behaviour.ranges == []


def test_a_server_that_ignores_range_sends_all_again(server: Server, corpus: str, tmp_path: Path) -> None:
    server.behaviour.knows_range = False
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en.part").write_bytes(b"x" * 100_000)
    fetch(corpus, tmp_path)
    assert contents(tmp_path / "tiny") == FILES


def test_a_broken_connection_is_tried_again_and_resumed(server: Server, corpus: str, tmp_path: Path) -> None:
    server.behaviour.cut_after, server.behaviour.cuts = 120_000, 2
    fetch(corpus, tmp_path, languages=["en"])
    assert server.behaviour.ranges == [None, "bytes=120000-", "bytes=240000-"]
    assert contents(tmp_path / "tiny") == {"train.en": CONTENT}


def test_a_truncated_response_says_how_far_it_came_and_the_next_fetch_goes_on(server: Server, corpus: str, tmp_path: Path) -> None:
    server.behaviour.cut_after, server.behaviour.cuts = 50_000, 3
    message = failure(corpus, tmp_path)
    assert "ended after 150,000 of 300,000 bytes: fetch again to resume" in message
    assert list(contents(tmp_path / "tiny")) == ["train.en.part"]
    fetch(corpus, tmp_path)
    assert contents(tmp_path / "tiny") == FILES


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"?", CONTENT + b"more"])
def test_another_file_than_the_published_one_is_set_aside(wrong: bytes, server: Server, corpus: str, tmp_path: Path) -> None:
    server.behaviour.files["train.en"] = wrong
    message = failure(corpus, tmp_path)
    assert "is not the published file: expected sha256 " in message
    assert list(contents(tmp_path / "tiny")) == ["train.en.bad"]
    server.behaviour.files["train.en"] = CONTENT
    fetch(corpus, tmp_path)
    assert contents(tmp_path / "tiny")["train.en"] == CONTENT


def test_a_wrong_beginning_is_noticed(corpus: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en.part").write_bytes(b"x" * 100_000)
    assert "is not the published file" in failure(corpus, tmp_path)


def test_a_partial_file_that_is_too_long_is_begun_anew(corpus: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en.part").write_bytes(b"x" * 400_000)
    fetch(corpus, tmp_path)
    assert contents(tmp_path / "tiny") == FILES


def test_a_file_of_the_user_is_never_touched(corpus: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.en").write_bytes(b"my own edition\n")
    assert "train.en is there but is not the published file" in failure(corpus, tmp_path)
    assert contents(tmp_path / "tiny") == {"train.en": b"my own edition\n"}


def test_a_file_that_the_server_lacks(server: Server, corpus: str, tmp_path: Path) -> None:
    del server.behaviour.files["train.en"]
    assert "/some/where/train.en: the server answered 404" in failure(corpus, tmp_path)


def test_no_network_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        corpus = describe(tmp_path, unused.getsockname()[1])
        message = failure(corpus, tmp_path)
    assert "cannot download http://127.0.0.1:" in message
    assert "Connection refused" in message
    assert "data.root=" in message


def test_a_folder_that_cannot_be_written_is_one_line(corpus: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write below" in failure(corpus, tmp_path / "file")


def test_the_built_in_corpus_needs_no_fetching() -> None:
    with pytest.raises(CorpusError, match="corpus demo is built in"):
        fetch("demo")
