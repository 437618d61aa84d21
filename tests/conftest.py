"""What every test runs under: no network, no colours, no caches or variables of the person who runs it; and a way to run `nmt`."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nmt.config import Config
from nmt.data.prepare import Prepared, prepare
from tests.digits import write_corpus

OFFLINE = Path(__file__).parent / "offline"
sys.path.insert(0, str(OFFLINE))

import network_guard  # noqa: E402 - found through the line above, as in every subprocess

network_guard.install()

# Read when TensorFlow is first imported, here or in a subprocess: set before any test is.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")]))
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="nmt-test-cache-")
for name in ("NMT_DATA_ROOT", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
    os.environ.pop(name, None)

RunNmt = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Plain output of fixed width for what is tested; pytest's own has its colours by now."""
    os.environ |= {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def run_nmt() -> RunNmt:
    """`run_nmt("translate", model, cwd=folder, input="text\\n")`: the command line in a process of its own, its output as text."""

    def run(*arguments: object, cwd: Path | str | None = None, input: str | None = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "nmt", *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, input=input, capture_output=True, encoding="utf-8", timeout=300, check=False)

    return run


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("digits")
    return {"train": write_corpus(folder, "train", 300, 1), "valid": write_corpus(folder, "valid", 40, 2)}


@pytest.fixture
def tiny_config(tiny_files: dict[str, dict[str, str]]) -> Callable[..., Config]:
    """Make a config on the tiny corpus; keyword arguments change its training section."""

    def make(**training: object) -> Config:
        settings = {
            "batch_tokens": 256,
            "max_updates": 24,
            "validate_every": 10,
            "log_every": 5,
            "warmup_updates": 5,
            "validate_bleu_lines": 20,
            "learning_rate": 0.01,
        }
        model = {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32, "dropout": 0.2, "word_dropout": 0.1}
        return Config.model_validate(
            {
                "data": {"source_language": "num", "target_language": "en", **tiny_files},
                "tokenizer": {"vocabulary_size": 300},
                "model": model,
                "search": {"copy_untranslatable": False},
                "training": settings | training,
            }
        )

    return make


@pytest.fixture
def prepared(tiny_config: Callable[..., Config], tmp_path: Path) -> Prepared:
    return prepare(tiny_config(), tmp_path / "prepared")
