"""What may differ when a run is carried on, and what of an older run's config counts as said."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nmt.config import Config
from nmt.config_file import load_config
from nmt.errors import RunError
from nmt.run_directory import RunDirectory

DATA = {"source_language": "en", "target_language": "de"}


def mixed(**first: Any) -> Config:
    return Config.model_validate({"data": DATA | {"mix": [{"tsv": "/a.tsv"} | first, {"memory": "/b.tmx"}]}})


@pytest.mark.parametrize("changed", [{"tsv": "/elsewhere/a.tsv"}, {"name": "mine"}])
def test_the_places_of_a_mixture_may_move(changed: dict[str, Any], tmp_path: Path) -> None:
    RunDirectory(tmp_path).adopt(mixed())
    moved = mixed(**changed)
    RunDirectory(tmp_path).adopt(moved)
    assert load_config(tmp_path / "config.yaml") == moved


@pytest.mark.parametrize(("changed", "key"), [({"weight": 2}, "data.mix.0.weight"), ({"tag": "bt"}, "data.mix.0.tag")])
def test_its_weights_and_tags_may_not(changed: dict[str, Any], key: str, tmp_path: Path) -> None:
    RunDirectory(tmp_path).adopt(mixed())
    with pytest.raises(RunError, match=f"was begun with {key} = "):
        RunDirectory(tmp_path).adopt(mixed(**changed))


def test_test_sets_may_come_and_go(tmp_path: Path) -> None:
    config = {"data": DATA | {"corpus": "demo"}}
    RunDirectory(tmp_path).adopt(Config.model_validate(config))
    config["data"]["tests"] = {"news": {"tsv": "/news.tsv"}}  # type: ignore[assignment]
    RunDirectory(tmp_path).adopt(Config.model_validate(config))
    assert set(load_config(tmp_path / "config.yaml").data.tests) == {"news"}
    RunDirectory(tmp_path).adopt(Config.model_validate({"data": DATA | {"corpus": "demo"}}))
    assert not load_config(tmp_path / "config.yaml").data.tests


def test_a_run_from_before_a_setting_was_there_is_carried_on(tmp_path: Path) -> None:
    config = Config.model_validate({"data": DATA | {"corpus": "demo"}})
    written = config.model_dump(mode="json", exclude_none=True)
    for key in ("tests", "target_tags"):
        del written["data"][key]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(written))
    RunDirectory(tmp_path).adopt(config)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(written | {"training": {"seed": 2}}))
    with pytest.raises(RunError, match=r"training\.seed = 2, now it is 1"):
        RunDirectory(tmp_path).adopt(config)


def test_all_differences_are_told_at_once(tmp_path: Path) -> None:
    config = {"data": DATA | {"corpus": "demo"}}
    RunDirectory(tmp_path).adopt(Config.model_validate(config))
    changed = config | {"training": {"seed": 2, "max_updates": 7}, "model": {"residual": True, "readout_units": 256, "dropout": 0.0}}
    with pytest.raises(RunError) as refused:
        RunDirectory(tmp_path).adopt(Config.model_validate(changed))
    assert str(refused.value) == (
        f"run directory {tmp_path} was begun with model.dropout = 0.2, now it is 0.0; model.readout_units = not set, now it is 256; "
        "model.residual = false, now it is true; training.seed = 1, now it is 2; set them back to carry that run on, or choose another "
        "with --run-dir"
    )


def test_micro_batches_may_change_but_the_precision_may_not(tmp_path: Path) -> None:
    """Who runs out of memory on the way carries on with more of them."""
    config = {"data": DATA | {"corpus": "demo"}}
    RunDirectory(tmp_path).adopt(Config.model_validate(config))
    RunDirectory(tmp_path).adopt(Config.model_validate(config | {"training": {"accumulate": 4}}))
    with pytest.raises(RunError, match=r"training\.precision = 'float32', now it is 'bfloat16'"):
        RunDirectory(tmp_path).adopt(Config.model_validate(config | {"training": {"precision": "bfloat16"}}))


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for folder in (run.checkpoints, run.exports / ".tmp-1-abc", run.exports / "1"):
        folder.mkdir(parents=True)
    for path in (tmp_path / ".tmp-tokenizer.model-abc", run.checkpoints / ".tmp-update-00000001.npz-abc", run.checkpoints / "index.json"):
        path.touch()
    with run.locked():
        found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert found == {"lock", "checkpoints", "checkpoints/index.json", "export", "export/1"}
