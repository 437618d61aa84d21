"""A run that begins with the weights of another: from its checkpoint or its export, with its tokenizer or a new one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nmt.checkpoint import Arrays, load_weights
from nmt.config import Config
from nmt.config_file import dump_config
from nmt.data.prepare import open_prepared
from nmt.errors import ConfigError, ModelError
from nmt.export import export
from nmt.origin import with_origin
from nmt.run_directory import RunDirectory
from nmt.training.trainer import Trainer
from tests.digits import write_corpus
from tests.training.test_trainer import said, trainer_of


@pytest.fixture(scope="module")
def module_config(tiny_files: dict[str, dict[str, str]]) -> Config:
    return Config.model_validate(
        {
            "data": {"source_language": "num", "target_language": "en", **tiny_files},
            "tokenizer": {"vocabulary_size": 300},
            "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32},
            "search": {"copy_untranslatable": False},
            "training": {"batch_tokens": 256, "max_updates": 6, "validate_every": 6, "warmup_updates": 2, "validate_bleu_lines": 20},
        }
    )


@pytest.fixture(scope="module")
def origin(module_config: Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run and its export."""
    path = tmp_path_factory.mktemp("origin") / "run"
    run = RunDirectory(path)
    trainer_of(module_config, path).train()
    run.adopt(module_config)
    return path, export(module_config, open_prepared(path), run, "best", None, Console(quiet=True))


def begun_with(origin: Path, base: Config, path: Path, **sections: dict[str, object]) -> Trainer:
    """A fresh run on other text that sets nothing but what is given."""
    path.mkdir(parents=True, exist_ok=True)
    tree = {"data": base.data.model_dump() | {"train": write_corpus(path, "other", 200, 9)}, "search": base.search.model_dump()}
    tree["training"] = base.training.model_dump() | {"init_from": origin} | sections.pop("training", {})
    run = RunDirectory(path / "run")
    with run.locked():
        config = with_origin(Config.model_validate(tree | sections), run)
        run.adopt(config)
        return trainer_of(config, run.path)


def weights(trainer: Trainer) -> Arrays:
    return {variable.path: variable.numpy() for variable in trainer.model.trainable_variables}


@pytest.mark.parametrize("kind", [0, 1], ids=["run", "export"])
def test_it_begins_with_the_averaged_weights_and_at_update_0(
    kind: int, origin: tuple[Path, Path], module_config: Config, tmp_path: Path
) -> None:
    trainer = begun_with(origin[kind], module_config, tmp_path)
    expected, _, _ = load_weights(origin[0] / "checkpoints", "best")
    for path, array in weights(trainer).items():
        np.testing.assert_array_equal(array, expected[path], err_msg=path)
    for average, variable in zip(trainer.optimizer.average, trainer.model.trainable_variables, strict=True):
        np.testing.assert_array_equal(average.numpy(), variable.numpy())
    assert trainer.state.update == 0
    assert not any(moment.numpy().any() for moment in trainer.optimizer.first_moment)
    assert trainer.prepared.tokenizers.source.model == (origin[0] / "tokenizer.model").read_bytes()
    assert "begins with the weights of" in said(trainer)
    assert "vocabulary" not in said(trainer)
    assert trainer.train().update == 6


def test_a_run_carried_on_needs_its_origin_no_more(module_config: Config, origin: tuple[Path, Path], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(origin[0], gone)
    begun_with(gone, module_config, tmp_path).train()
    shutil.rmtree(gone)
    trainer = begun_with(gone, module_config, tmp_path, training={"max_updates": 8})
    assert trainer.state.update == 6
    assert "begins with" not in said(trainer)
    assert trainer.train().update == 8


def test_another_tokenizer_keeps_the_rows_of_the_pieces_that_both_have(
    origin: tuple[Path, Path], module_config: Config, tmp_path: Path
) -> None:
    trainer = begun_with(origin[0], module_config, tmp_path, tokenizer={"from_origin": False, "vocabulary_size": 290})
    assert "pieces keep their rows" in said(trainer)
    old = open_prepared(origin[0]).tokenizers.target
    new = trainer.prepared.tokenizers.target
    assert old.model != new.model
    expected, _, _ = load_weights(origin[0] / "checkpoints", "best")
    old_pieces, new_pieces = (one.pieces(range(one.vocabulary_size)) for one in (old, new))
    found = weights(trainer)
    for name in ("seq2seq/target_embedding", "seq2seq/output_bias"):
        assert len(found[name]) == new.vocabulary_size
        for row, piece in zip(found[name], new_pieces, strict=True):
            if piece in old_pieces:
                np.testing.assert_array_equal(row, expected[name][old_pieces.index(piece)], err_msg=piece)
    same = [name for name in expected if name not in {"seq2seq/target_embedding", "seq2seq/output_bias"}]
    for name in same:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    assert trainer.train().update == 6


@pytest.mark.parametrize(
    ("sections", "differing"),
    [
        ({"model": {"cell": "gru"}}, "model.cell is gru, there it is lstm; leave it out"),
        (
            {"model": {"attention": "additive", "decoder_units": 64}},
            "model.decoder_units is 64, there it is 32; model.attention is additive",
        ),
        ({"tokenizer": {"joint": False}}, "tokenizer.joint is False, there it is True"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_setting_that_differs(
    sections: dict[str, dict[str, object]], differing: str, origin: tuple[Path, Path], module_config: Config, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=differing):
        begun_with(origin[0], module_config, tmp_path, **sections)
    assert not (tmp_path / "run").exists()


def test_an_export_whose_variables_are_others_is_refused(origin: tuple[Path, Path], module_config: Config, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(origin[1], copy)
    wider = module_config.model_copy(update={"model": module_config.model.model_copy(update={"decoder_units": 48})})
    (copy / "config.yaml").write_text(dump_config(wider))
    manifest = json.loads((copy / "MODEL.json").read_text())
    with pytest.raises(ModelError, match=r"config\.yaml has sha256"):
        begun_with(copy, module_config, tmp_path / "damaged")
    del manifest["files"]["config.yaml"]
    (copy / "MODEL.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"other variables than its config\.yaml describes"):
        begun_with(copy, module_config, tmp_path / "other")


def test_vectors_and_an_origin_exclude_each_other(module_config: Config) -> None:
    tree = module_config.model_dump()
    tree["model"]["pretrained_target"], tree["training"]["init_from"] = "vectors.txt", "run"
    with pytest.raises(ValueError, match=r"training\.init_from and model\.pretrained_target both say"):
        Config.model_validate(tree)
