"""A run that never trained: prepared digits, fresh weights as its checkpoint, and a few figures."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

from nmt.checkpoint import Checkpoints
from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.prepare import open_prepared, prepare
from nmt.inference import build_model
from nmt.inspect.forced import LiveModel
from nmt.inspect.run import open_run
from nmt.run_directory import RunDirectory

MakeRun = Callable[..., Path]
FIGURES = (
    [{"kind": "event", "update": 0, "event": "start"}]
    + [{"kind": "train", "update": u, "loss": 4.0 / u, "seconds": 60.0 * u} for u in (1, 2, 4)]
    + [{"kind": "valid", "update": u, "loss": loss, "bleu": 10.0 * u, "seconds": 60.0 * u} for u, loss in ((2, 1.5), (4, 2.0))]
)


@pytest.fixture(scope="session")
def data(tiny_files: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with prepared data and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    prepare(config_of(tiny_files, {}), folder)
    return folder


@pytest.fixture(scope="session")
def make_run(tiny_files: dict[str, dict[str, str]], data: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """`make_run(cell="gru")`: a run directory whose model section has these settings."""

    def make(**model: object) -> Path:
        config = config_of(tiny_files, model)
        run = RunDirectory(shutil.copytree(data, tmp_path_factory.mktemp("run"), dirs_exist_ok=True))
        prepared = open_prepared(run.path)
        save_config(config, run.config)
        keras.utils.set_random_seed(1)
        fresh = build_model(config, prepared.tokenizers, kernel="fused")
        weights = {f"weights/{variable.path}": variable.numpy() for variable in fresh.trainable_variables}
        Checkpoints(run.checkpoints).save(3, weights, {"update": 3, "seconds": 1.0}, best=True)
        run.metrics.write_text("".join(json.dumps(line) + "\n" for line in FIGURES), encoding="utf-8")
        return run.path

    return make


def config_of(files: dict[str, dict[str, str]], model: dict[str, object]) -> Config:
    sizes = {"embedding_units": 8, "encoder_units": 6, "decoder_units": 12}
    return Config.model_validate(
        {
            "data": {"source_language": "num", "target_language": "en", **files},
            "tokenizer": {"vocabulary_size": 300},
            "model": sizes | model,
            "search": {"copy_untranslatable": False, "beam_size": 2},
            "training": {"ema_decay": 0.0},
        }
    )


@pytest.fixture(scope="session")
def plain_run(make_run: MakeRun) -> Path:
    """LSTMs, two layers of them in the decoder; the source is read from its end."""
    return make_run(decoder_layers=2, residual=True, reverse_source=True)


@pytest.fixture(scope="session")
def plain_live(plain_run: Path) -> LiveModel:
    return LiveModel(open_run(plain_run))
