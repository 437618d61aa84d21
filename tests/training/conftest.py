"""A tiny prepared corpus: digits to their names backwards, enough for every path of the loop."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmt.config import Config
from nmt.data.prepare import Prepared, prepare

WORDS = "zero one two three four five six seven eight nine".split()


def write_corpus(folder: Path, name: str, count: int, seed: int) -> dict[str, str]:
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 10, size=rng.integers(1, 6)) for _ in range(count)]
    texts = {"source": [" ".join(map(str, row)) for row in rows], "target": [" ".join(WORDS[d] for d in row[::-1]) for row in rows]}
    for side, lines in texts.items():
        (folder / f"{name}.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {side: str(folder / f"{name}.{side}") for side in texts}


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
