"""What the server's tests share: scripted applications in this process, and real trained models behind a real `nmt serve`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
import yaml
from starlette.testclient import TestClient

from nmt.tokenizer import TokenizerPair
from tests.serve.scripted import make_app, make_tokenizers

NUMBERS = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
        ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"],
        strict=True,
    )
)


@pytest.fixture(scope="session")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> TokenizerPair:
    return make_tokenizers(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def translated(tokenizers: TokenizerPair) -> Any:
    """`translated(sentence, k)`: hypothesis k of a scripted model, the pieces in reverse order without the last k."""

    def translate(sentence: str, k: int = 0) -> str:
        pieces = tokenizers.source.encode([sentence])[0][::-1]
        return tokenizers.target.decode([pieces[: len(pieces) - k]])[0]

    return translate


MakeClient = Callable[..., TestClient]


@pytest.fixture
def make_client(tokenizers: TokenizerPair) -> Iterator[MakeClient]:
    """`make_client(max_texts=2)`: a client of a scripted application with these settings; errors come as responses, not as exceptions."""
    opened: list[TestClient] = []

    def make(
        pairs: dict[str, tuple[str, str]] | None = None, client: tuple[str, int] = ("127.0.0.1", 50000), **settings: Any
    ) -> TestClient:
        one = TestClient(make_app(tokenizers, pairs, **settings), raise_server_exceptions=False, client=client)
        one.__enter__()
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()


def translation(source: str) -> str:
    """What a perfect model says: the number words of a sentence, in reverse order."""
    return " ".join(NUMBERS[word] for word in reversed(source.rstrip(".").split())) + "."


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained model of number words as `ende/1`, and `deen/1`, which is the same model under the other direction."""
    folder = tmp_path_factory.mktemp("numbers")
    rng = np.random.default_rng(1)
    words = list(NUMBERS)
    sources = [" ".join(rng.choice(words, size=rng.integers(1, 6))) + "." for _ in range(2000)]
    (folder / "train.en").write_text("\n".join(sources) + "\n", encoding="utf-8")
    (folder / "train.de").write_text("\n".join(map(translation, sources)) + "\n", encoding="utf-8")
    config = {
        "data": {"source_language": "en", "target_language": "de", "train": {"source": "train.en", "target": "train.de"}},
        "tokenizer": {"vocabulary_size": 340},
        "search": {"max_source_pieces": 12},
        "model": {"embedding_units": 32, "encoder_units": 32, "decoder_units": 64, "dropout": 0.1},
        "training": {"batch_tokens": 512, "learning_rate": 0.01, "warmup_updates": 20, "validate_bleu_lines": 50, "ema_decay": 0.9,
                     "max_updates": 300, "validate_every": 300},
    }  # fmt: skip
    (folder / "numbers.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "nmt", "train", "numbers.yaml", "--run-dir", "run"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shutil.copytree(folder / "run/export/1", folder / "ende/1")
    shutil.copytree(folder / "run/export/1", folder / "deen/1")
    manifest = json.loads((folder / "deen/1/MODEL.json").read_text(encoding="utf-8"))
    (folder / "deen/1/MODEL.json").write_text(
        json.dumps(manifest | {"source": "de", "target": "en", "directions": [["de", "en"]]}), encoding="utf-8"
    )
    return folder


@dataclass
class LiveServer:
    """A real `nmt serve` process on a free port of this machine."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, trust_env=False, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return httpx.post(self.url + path, timeout=30, trust_env=False, **options)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


StartServer = Callable[..., LiveServer]


def start_server(folder: Path, *arguments: object, **environment: str) -> LiveServer:
    """Start `nmt serve ARGUMENTS --port 0` and wait until it says where it listens."""
    log = folder / f"server-{time.monotonic_ns()}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "nmt", "serve", *map(str, arguments), "--port", "0", "--drain-seconds", "0.2"],
            stdout=subprocess.PIPE, stderr=stream, text=True, env=os.environ | environment,
        )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r"on (http://\S+)", said)
    if not found:
        process.kill()
        raise AssertionError(f"the server did not start: {said!r} {log.read_text()}")
    return LiveServer(process, found[1], log)


@pytest.fixture(scope="session")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server with both models for every test that leaves it as it is."""
    live = start_server(tmp_path_factory.mktemp("server"), f"ende={trained / 'ende'}", f"deen={trained / 'deen'}")
    yield live
    live.stop()
    live.process.stdout.close()  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for every test that needs one."""
    from tests.serve.browser import started

    with started(tmp_path_factory.mktemp("browser")) as driver:
        yield driver
