"""A run of a few updates, whose model says nothing sensible: it is there to be measured."""

from pathlib import Path

import pytest
import yaml

from tests.conftest import RunNmt
from tests.digits import write_corpus


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, run_nmt: RunNmt) -> Path:
    """A folder with `digits.yaml`, its corpus, `test.source` and `test.target`, and the run in `run`."""
    folder = tmp_path_factory.mktemp("measured")
    files = {name: write_corpus(folder, name, count, seed) for name, count, seed in (("train", 300, 1), ("valid", 30, 2), ("test", 700, 3))}
    config = {
        "data": {"source_language": "num", "target_language": "en", "train": files["train"], "valid": files["valid"]},
        "tokenizer": {"vocabulary_size": 300},
        "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32},
        "search": {"copy_untranslatable": False},
        "training": {"batch_tokens": 256, "max_updates": 10, "validate_every": 10, "validate_bleu_lines": 10},
    }
    (folder / "digits.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = run_nmt("train", "digits.yaml", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder
