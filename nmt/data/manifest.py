"""The record of a prepared folder, and whether it still holds: same settings, same inputs, outputs whole."""

import hashlib
import json
from pathlib import Path
from typing import Any

from nmt.config import Config
from nmt.data.corpus import file_sha256, has_split, input_files, input_fingerprints
from nmt.data.description import Split

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
# Where a file lies is no setting: the inputs are known by their contents, so that a moved corpus is not prepared again.
_PLACES: Any = {"source", "target", "tsv", "alignment", "memory", "tfds", "tfds_folder", "corpus"}
_DATA_PLACES: Any = {
    "root": True,
    "tfds_dir": True,
    "corpus": True,
    "train": _PLACES,
    "valid": _PLACES,
    "test": True,
    "tests": True,
    "mix": {"__all__": _PLACES | {"name"}},
}
_TOKENIZER_PLACES = {"model", "source_model", "target_model"}
# Settings that are younger than prepared data of format 1; left at these values they shape nothing.
_YOUNGER: Any = {
    "mix": None,
    "target_tags": False,
    "fuzzy": False,
    "split": None,
    "source_language": None,
    "target_language": None,
    "from_origin": True,
}


_FORMER_DEFAULTS = {"sample_sentences": (500_000, 1_000_000)}
"""Defaults now and before. A tokenizer that was trained with the former one is as good, so the data of older runs still hold."""


def settings_sha256(config: Config) -> str:
    """Return the hash of the settings that shape prepared data: the sections data and tokenizer, without paths, and the seed."""
    shaping: dict[str, Any] = {
        "data": _without_unused(config.data.model_dump(mode="json", exclude=_DATA_PLACES)),
        "tokenizer": _without_unused(config.tokenizer.model_dump(mode="json", exclude=_TOKENIZER_PLACES)),
        "seed": config.training.seed,
    }
    if config.training.init_from and config.tokenizer.from_origin:  # by its name: what it was is kept in the run, itself it may be gone
        shaping["tokenizer"] |= {"origin": str(config.training.init_from)}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()


def _without_unused(tree: dict[str, Any]) -> dict[str, Any]:
    """A section without the younger settings that nobody used, so that the data of older runs still hold."""
    used = {key: value for key, value in tree.items() if key not in _YOUNGER or value != _YOUNGER[key]}
    used |= {key: former for key, (now, former) in _FORMER_DEFAULTS.items() if used.get(key) == now}
    return {key: _without_unused(value) if isinstance(value, dict) else value for key, value in used.items()}


def input_paths(config: Config) -> dict[str, Path]:
    """Return every file that prepared data comes from, by role."""
    paths: dict[str, Path] = {}
    for split in _splits(config):
        paths |= input_files(config.data, split)
    given = {"model": config.tokenizer.model, "source_model": config.tokenizer.source_model, "target_model": config.tokenizer.target_model}
    return paths | {f"tokenizer.{role}": path for role, path in given.items() if path is not None}


def _splits(config: Config) -> list[Split]:
    return ["train", "valid"] if has_split(config.data, "valid") else ["train"]


def input_facts(config: Config, before: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return path, size, time and sha256 of every input; a file that looks untouched since `before` is not read again.

    Raises:
        CorpusError: an input is missing.
    """
    facts: dict[str, dict[str, Any]] = {}
    for role, path in input_paths(config).items():
        known = (before or {}).get(role, {})
        try:
            status = path.stat()
        except OSError:
            file_sha256(path)  # says what is wrong with it
            raise
        fact = {"path": str(path), "bytes": status.st_size, "modified_ns": status.st_mtime_ns}
        untouched = all(known.get(key) == value for key, value in fact.items())
        facts[role] = fact | {"sha256": known["sha256"] if untouched else file_sha256(path)}
    for split in _splits(config):
        facts |= {role: {"sha256": digest} for role, digest in input_fingerprints(config.data, split).items()}
    return facts


def corpora_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of the corpora that prepared data comes from; older manifests have one, under another name."""
    found: list[dict[str, Any]] = manifest.get("corpora") or [manifest["corpus"]]
    return found


def counts_by_text(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what was read, kept and dropped, for each text by its name in a report: `train`, or `train NAME` …, and `valid`."""
    each = {f"train {one['name']}": one["counts"] for one in corpora_of(manifest) if "counts" in one}
    return {**(each or {"train": manifest["counts"]["train"]}), "valid": manifest["counts"]["valid"]}


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a prepared folder, or None if there is none that this version can read."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format_version") == FORMAT_VERSION else None


def still_holds(manifest: dict[str, Any], config: Config, inputs: dict[str, dict[str, Any]], run_dir: Path, folder: Path) -> bool:
    """Whether prepared data may be used again instead of being made again."""
    if manifest["settings_sha256"] != settings_sha256(config) or _hashes(manifest["inputs"]) != _hashes(inputs):
        return False
    tokenizers = all(_sha256(run_dir / name) == digest for name, digest in manifest["tokenizer"]["files"].items())
    return tokenizers and all(_bytes(folder / name) == fact["bytes"] for name, fact in manifest["outputs"].items())


def output_facts(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and sha256 of the files in a folder."""
    return {path.name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)} for path in sorted(folder.iterdir())}


def _hashes(facts: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {role: fact["sha256"] for role, fact in facts.items()}


def _sha256(path: Path) -> str | None:
    return file_sha256(path) if path.is_file() else None


def _bytes(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
