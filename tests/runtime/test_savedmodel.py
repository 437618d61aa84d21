"""The SavedModel runtime on a model of ten lines that copies its input."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nmt
from nmt.config import TokenizerConfig
from nmt.errors import ModelError
from nmt.model_directory import MANIFEST_FILE, file_hashes
from nmt.runtime.savedmodel import SavedModelRuntime
from nmt.special_tokens import EOS
from nmt.tokenizer import train_tokenizer

tf = pytest.importorskip("tensorflow")


class Copy(tf.Module):  # type: ignore[misc]
    """Every hypothesis is the source, cut to max_steps; scores fall with the rank by length_penalty."""

    def __init__(self) -> None:
        super().__init__()
        self.one = tf.Variable(1, dtype=tf.int32)  # lost if the loaded object is not kept alive
        self.traces = 0

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, name="ids"),
            tf.TensorSpec([None], tf.int32, name="lengths"),
            tf.TensorSpec([], tf.int32, name="beam_size"),
            tf.TensorSpec([], tf.float32, name="length_penalty"),
            tf.TensorSpec([], tf.int32, name="max_steps"),
        ]
    )
    def translate_ids(self, ids: Any, lengths: Any, beam_size: Any, length_penalty: Any, max_steps: Any) -> dict[str, Any]:
        copies = tf.repeat(ids[:, None, :max_steps] * self.one, beam_size, axis=1)
        sizes = tf.repeat(tf.minimum(lengths - 1, max_steps)[:, None], beam_size, axis=1)
        scores = -length_penalty * tf.cast(tf.range(beam_size), tf.float32) * tf.ones_like(sizes, tf.float32)
        attention = tf.zeros([tf.shape(ids)[0], beam_size, tf.shape(copies)[2], tf.shape(ids)[1]])
        return {"ids": copies, "lengths": sizes, "scores": scores, "attention": attention}


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("model")
    module = Copy()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.translate_ids})
    train_tokenizer(["A dog runs.", "Two men sit."], folder / "tokenizer.model", TokenizerConfig(vocabulary_size=400), seed=1)
    manifest = {
        "format_version": 1,
        "name": "copy",
        "source": "en",
        "target": "en",
        "training": {"updates": 1, "seconds": 1.0, "seed": 1},
        "versions": {},
        "limits": {"max_source_pieces": 20, "max_steps": 50},
        "search": {"beam_size": 2, "length_penalty": 1.0},
        "files": file_hashes(folder),
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_shapes_and_beam_change_between_calls(model_dir: Path) -> None:
    runtime = SavedModelRuntime(model_dir)
    for B, S, K in ((1, 3, 1), (4, 7, 5), (2, 2, 3)):
        ids = np.full((B, S), EOS, np.int32)
        lengths = np.full(B, S, np.int32)
        found = runtime.translate_ids(ids, lengths, beam_size=K, length_penalty=0.5, max_steps=5)
        T = min(S, 5)
        assert (found.ids.shape, found.lengths.shape, found.scores.shape) == ((B, K, T), (B, K), (B, K))
        assert found.attention.shape == (B, K, T, S)
        assert (found.ids.dtype, found.scores.dtype) == (np.int32, np.float32)
        assert found.scores[0].tolist() == pytest.approx([-0.5 * k for k in range(K)])
        assert found.ids[0, 0].tolist() == [EOS] * T


def test_a_graph_that_is_older_than_the_coverage_penalty_translates_without_and_refuses_it(model_dir: Path) -> None:
    translator = nmt.load(model_dir)
    assert not translator.takes_coverage_penalty
    assert translator.translate(["A dog runs."], coverage_penalty=0.0) == ["A dog runs."]
    with pytest.raises(ModelError, match=r"takes no coverage penalty, got .*: it has no attention"):
        translator.translate(["A dog runs."], coverage_penalty=0.2)


def test_load_and_translate_through_the_door(model_dir: Path) -> None:
    translator = nmt.load(model_dir)
    assert (translator.name, translator.source_language, translator.target_language) == ("copy", "en", "en")
    assert translator.translate(["A dog runs.", "", "Two men sit."]) == ["A dog runs.", "", "Two men sit."]


def test_a_damaged_model_and_a_foreign_signature_are_told(model_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot load the SavedModel"):
        SavedModelRuntime(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ModelError, match="cannot load the SavedModel"):
        SavedModelRuntime(tmp_path)
    foreign = tf.Module()
    foreign.call = tf.function(lambda text: text, input_signature=[tf.TensorSpec([], tf.string, name="text")])
    tf.saved_model.save(foreign, str(tmp_path / "foreign"), signatures={"serving_default": foreign.call})
    with pytest.raises(ModelError, match="it takes text"):
        SavedModelRuntime(tmp_path / "foreign")


def test_threads_must_come_first(model_dir: Path) -> None:
    SavedModelRuntime(model_dir)  # TensorFlow runs from here on
    with pytest.raises(ModelError, match="comes too late"):
        SavedModelRuntime(model_dir, threads=3)
    with pytest.raises(ModelError, match="1 or more"):
        SavedModelRuntime(model_dir, threads=0)
