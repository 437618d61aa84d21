"""configs/ablation: each file is the half-hour recipe with one change, and docs/quality.md has a row for it."""

import re
from pathlib import Path
from typing import Any

import pytest

from nmt.config_file import find_config, load_config
from nmt.shipped import shipped_folder

FOLDER = shipped_folder("configs") / "ablation"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
PAGE = (Path(__file__).resolve().parent.parent / "docs" / "quality.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| \[`(\w+)`\]\(\.\./configs/ablation/\1\.yaml\)(.*)\|$", re.MULTILINE)
EQUAL_TIME = {"training.max_updates"}
CHANGES = {
    "one_layer": {"model.encoder_layers", "model.decoder_layers", "model.residual"} | EQUAL_TIME,
    "layernorm": {"model.cell"},
    "multi_head": {"model.attention"},
    "variational": {"model.variational_dropout"},
    "subword_sampling": {"training.subword_sampling"},
    "r_drop": {"training.r_drop"} | EQUAL_TIME,
    "no_average": {"training.ema_decay"},
    "less_smoothing": {"training.label_smoothing"},
    "word_dropout": {"model.word_dropout"},
    "not_residual": {"model.residual"},
}


def settings(name: str) -> dict[str, Any]:
    config = load_config(find_config(name)).model_dump()
    return {f"{section}.{key}": value for section, values in config.items() for key, value in values.items()}


def changed(name: str, reference: str) -> set[str]:
    ours, theirs = settings(name), settings(reference)
    return {key for key in ours if ours[key] != theirs[key]}


def test_the_reference_is_the_recipe_without_its_deadline() -> None:
    assert changed("ablation/reference", "multi30k_en_de_quick") == {"training.deadline_minutes", "training.max_updates"}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "reference"])
def test_a_row_is_the_reference_with_one_change(name: str) -> None:
    assert changed(f"ablation/{name}", "ablation/reference") == CHANGES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_comment_of_a_file_has_the_command_that_trains_it(name: str) -> None:
    assert f"#   nmt train ablation/{name} " in (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def test_the_page_has_a_row_for_each_file_with_a_hash_for_each_seed() -> None:
    rows = {name: [cell.strip() for cell in cells.split("|")] for name, cells in ROW.findall(PAGE)}
    assert sorted(rows) == NAMES
    assert len(rows) <= 12
    for cells in rows.values():
        seeds, hashes = re.findall(r"\d+", cells[2]), re.findall(r"`[0-9a-f]{12}…`", cells[-1])
        assert len(seeds) == len(hashes) > 0
