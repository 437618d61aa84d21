"""A config with synthetic text mixed into its training text: every other setting, validation and test sets stay what they are."""

from pathlib import Path
from typing import Any

import yaml

from nmt.atomic import write_text
from nmt.config import Config, DataConfig
from nmt.config_file import complete_config
from nmt.data.corpus import has_split
from nmt.data.texts import own_sets

_ROLES = ("train", "valid", "test")


def mixed_config(
    config: Config, synthetic: list[dict[str, Any]], *, gold: list[dict[str, Any]] | None = None, valid: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the tree of a config, as YAML has it, that trains on more text.

    Args:
        config: what there is. Only what was set in it is in the tree: defaults stay unsaid.
        synthetic: entries of `data.mix` that are added.
        gold: entries in place of the config's own training text.
        valid: its validation text where it names none; without it and without a set of a described corpus, pairs are set aside as before.

    Raises:
        ConfigError: the whole does not fit together.
    """
    tree: dict[str, Any] = config.model_dump(mode="json", exclude_unset=True)
    data = tree["data"]
    data["mix"] = [*(gold or own_entries(config.data)), *synthetic]
    data.pop("train", None)
    if (corpus := data.pop("corpus", None)) is not None:
        _keep_sets(data, config.data, corpus)
    if valid is not None:
        data["valid"] = valid
    complete_config(yaml.safe_load(_dumped(tree)), "the config with the text mixed in", Path.cwd())
    return tree


def own_entries(data: DataConfig) -> list[dict[str, Any]]:
    """The training text of a config as entries of a mixture."""
    if data.mix is not None:
        return [entry.model_dump(mode="json", exclude_unset=True) for entry in data.mix]
    return [data.train.model_dump(mode="json", exclude_unset=True) if data.train else {"corpus": data.corpus}]


def entry_of(
    name: str, files: tuple[Path, Path], languages: tuple[str, str], data: DataConfig, weight: float, tag: str | None = None
) -> dict[str, Any]:
    """An entry of a mixture: two files, with their languages where they are not those of the main direction."""
    entry: dict[str, Any] = {"name": name, "source": str(files[0]), "target": str(files[1]), "weight": round(weight, 6)}
    if languages != data.direction:
        entry |= {"source_language": languages[0], "target_language": languages[1]}
    return entry | ({"tag": tag} if tag else {})


def write_config(tree: dict[str, Any], path: Path, comment: str) -> None:
    """Write a config that `nmt train` takes, under a line that says where it comes from."""
    write_text(path, f"# {comment}\n{_dumped(tree)}")


def _keep_sets(data: dict[str, Any], before: DataConfig, corpus: str) -> None:
    """Name the sets that a described corpus brought along: as one text of a mixture it no longer does."""
    for role in ("valid", "test"):
        if data.get(role) is None and has_split(before, "valid" if role == "valid" else "test"):
            data[role] = {"corpus": corpus}
    others = [name for name in own_sets(corpus, before.direction, before.tfds_dir) if name not in _ROLES]
    tests = {name: {"corpus": corpus, "split": name} for name in others} | (data.get("tests") or {})
    if tests:
        data["tests"] = tests


def _dumped(tree: dict[str, Any]) -> str:
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
