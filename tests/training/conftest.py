"""The toy language pair, prepared: enough for every path of the loop."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nmt.config import Config
from nmt.data.prepare import Prepared, prepare
from tests.digits import write_corpus


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
                "training": settings | training,
            }
        )

    return make


@pytest.fixture
def prepared(tiny_config: Callable[..., Config], tmp_path: Path) -> Prepared:
    return prepare(tiny_config(), tmp_path / "prepared")
