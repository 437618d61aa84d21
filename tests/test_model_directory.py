"""Finding and checking published models; no TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nmt.errors import ModelError
from nmt.model_directory import FORMAT_VERSION, MANIFEST_FILE, Manifest, file_hashes, find_model_directory, model_versions, read_manifest

MANIFEST: dict[str, Any] = {
    "format_version": FORMAT_VERSION,
    "name": "demo",
    "source": "en",
    "target": "de",
    "scores": [{"metric": "BLEU", "score": 30.1, "signature": "nrefs:1", "set": "valid", "beam": 5}],
    "training": {"updates": 1000, "seconds": 60.5, "seed": 1, "commit": "abc", "hardware": "2 CPU cores"},
    "versions": {"tensorflow": "2.21.0"},
    "limits": {"max_source_pieces": 100, "max_steps": 210},
    "search": {"beam_size": 5, "length_penalty": 1.0},
    "corpora": [{"name": "demo", "licence": "CC0", "sha256": {"train.en": "00"}}],
    "files": {},
}


def publish(folder: Path, **changes: Any) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    (folder / MANIFEST_FILE).write_text(json.dumps({**MANIFEST, "files": file_hashes(folder), **changes}), encoding="utf-8")
    return folder


def test_a_model_says_what_it_is(tmp_path: Path) -> None:
    found = find_model_directory(str(publish(tmp_path / "model")))
    assert found.path == tmp_path / "model"
    assert (found.manifest.name, found.manifest.source, found.manifest.target) == ("demo", "en", "de")
    assert found.manifest.limits.max_steps == 210
    assert set(found.manifest.files) == {"saved_model.pb", "variables/variables.index"}
    found.check_files()
    found.verify_files()


def test_a_run_gives_its_newest_export_and_versions_their_highest(tmp_path: Path) -> None:
    for version in ("1", "2", "10"):
        publish(tmp_path / "run" / "export" / version)
    publish(tmp_path / "run" / "export" / ".tmp-11-0badcafe")
    (tmp_path / "run" / "export" / "12").mkdir()  # not ours, or still being copied
    (tmp_path / "run" / "export" / "²").mkdir()
    assert find_model_directory(tmp_path / "run").path.name == "10"
    assert find_model_directory(tmp_path / "run" / "export").path.name == "10"
    assert find_model_directory(tmp_path / "run" / "export" / "2").path.name == "2"


def test_versions_from_the_highest_and_their_numbers(tmp_path: Path) -> None:
    for version in ("1", "2", "10"):
        publish(tmp_path / "models" / version)
    assert [path.name for path in model_versions(tmp_path / "models")] == ["10", "2", "1"]
    assert model_versions(tmp_path / "models/2") == [tmp_path / "models/2"]
    assert find_model_directory(tmp_path / "models").version == 10
    assert find_model_directory(publish(tmp_path / "mine")).version == 1


def test_golden_lines_are_what_the_export_wrote_or_none(tmp_path: Path) -> None:
    found = find_model_directory(publish(tmp_path / "model"))
    assert found.golden_lines() == {}
    (found.path / "golden.json").write_text('{"A dog.": "Ein Hund."}', encoding="utf-8")
    assert found.golden_lines() == {"A dog.": "Ein Hund."}
    (found.path / "golden.json").write_text("[]")
    with pytest.raises(ModelError, match=r"golden\.json is not") as refusal:
        found.golden_lines()
    assert "\n" not in str(refusal.value)


def test_what_is_not_a_model_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name, reason in [
        ("none", "does not exist"),
        ("file", "is not a folder"),
        ("empty", r"looked for MODEL\.json"),
        ("run", "no export yet"),
    ]:
        with pytest.raises(ModelError, match=reason) as caught:
            find_model_directory(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid JSON"),
        ("[1]", "not a model description"),
        ("\udcff", "not a model description"),
        (json.dumps({**MANIFEST, "limits": {"max_source_pieces": 0, "max_steps": 1}}), r"limits\.max_source_pieces"),
        (json.dumps({key: value for key, value in MANIFEST.items() if key != "search"}), "search"),
        (json.dumps({**MANIFEST, "directions": [["x", "y"]], "target_tags": True}), "directions begin with x → y"),
        (json.dumps({**MANIFEST, "directions": [["en", "de"], ["en", "fr"]]}), "2 directions without target_tags"),
        (json.dumps({**MANIFEST, "format_version": FORMAT_VERSION + 1}), "upgrade"),
        (json.dumps({"format_version": FORMAT_VERSION + 1}), "upgrade"),
    ],
)
def test_a_damaged_description_is_told_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / MANIFEST_FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=reason) as caught:
        find_model_directory(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_model_that_says_nothing_of_directions_has_one(tmp_path: Path) -> None:
    manifest = read_manifest(publish(tmp_path / "model", format_version=1) / MANIFEST_FILE)
    assert (manifest.directions, manifest.target_tags, manifest.corpus_tags) == (((manifest.source, manifest.target),), False, ())


def test_keys_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    manifest = read_manifest(publish(tmp_path / "model", later="something") / MANIFEST_FILE)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_changed_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    model = publish(tmp_path / "model")
    (model / "saved_model.pb").write_bytes(b"other")
    found = find_model_directory(model)
    found.check_files()
    with pytest.raises(ModelError, match=r"saved_model\.pb has sha256"):
        found.verify_files()
    (model / "saved_model.pb").unlink()
    with pytest.raises(ModelError, match=r"saved_model\.pb is missing"):
        found.check_files()
    for name in ("../secret", os.fspath(tmp_path / "secret")):
        with pytest.raises(ModelError, match="outside"):
            find_model_directory(publish(tmp_path / f"foreign{len(name)}", files={name: "00"})).verify_files()


def test_the_door_and_the_translator_reach_no_tensorflow() -> None:
    program = (
        "import sys, nmt, nmt.loading, nmt.translator, nmt.model_directory, nmt.evaluation, nmt.streaming; "
        "assert nmt.__version__.count('.') >= 1; "
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'sacrebleu', 'sentencepiece')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_door_has_nothing_else() -> None:
    import nmt

    with pytest.raises(AttributeError, match="no attribute 'translate'"):
        nmt.translate  # noqa: B018
