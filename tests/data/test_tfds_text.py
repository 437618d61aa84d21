"""Sets of tensorflow-datasets through the real library: a small builder prepared in a folder of the test, loaded by its name."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow_datasets as tfds

from nmt.backend import load_backend
from nmt.config import Config, DataConfig
from nmt.data.corpus import SentencePair, corpus_facts, has_split, input_files, named_set, open_split, split_name
from nmt.data.manifest import input_facts
from nmt.data.prepare import prepare
from nmt.data.tfds_text import _opened, open_set
from nmt.errors import CorpusError, RunError

NUMBERS = {"train": 300, "validation": 12, "test": 5}


class Counting(tfds.core.GeneratorBasedBuilder):
    """Sentences with a number in them."""

    VERSION = tfds.core.Version("1.2.0")
    CHANGED = ""

    def _info(self) -> Any:
        features = tfds.features.Translation(languages=("en", "de"))
        return tfds.core.DatasetInfo(builder=self, features=features, citation="A. Counter (2026). Counting.", license="CC0")

    def _split_generators(self, manager: Any) -> Any:
        return {split: self._generate_examples(split, count) for split, count in NUMBERS.items()}

    def _generate_examples(self, split: str, count: int) -> Iterator[tuple[int, dict[str, str]]]:
        for number in range(count):
            yield number, {"de": f"Satz {number} von {split}{self.CHANGED},\nzwei Zeilen", "en": f"Sentence {number} of {split}, two lines"}


class ManyTongues(tfds.core.GeneratorBasedBuilder):
    """Each example with languages of its own."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        features = {"talk": tfds.features.Text(), "translations": tfds.features.TranslationVariableLanguages(languages=["de", "en", "fr"])}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, manager: Any) -> Any:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        yield 0, {"talk": "a", "translations": {"de": "ein Haus", "en": "one house", "fr": "une maison"}}
        yield 1, {"talk": "b", "translations": {"en": "two cars", "fr": "deux voitures"}}


@pytest.fixture(scope="module")
def prepared_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    load_backend()
    tfds.disable_progress_bar()
    folder = tmp_path_factory.mktemp("tfds")
    for name in ("counting", "many_tongues"):
        tfds.builder(name, data_dir=folder).download_and_prepare()
    return folder


@pytest.fixture(autouse=True)
def opened_afresh() -> None:
    _opened.cache_clear()


def data(folder: Path, **text: Any) -> DataConfig:
    return DataConfig.model_validate({"source_language": "en", "target_language": "de", "tfds_dir": folder} | text)


def failure(folder: Path, name: str, **text: Any) -> str:
    with pytest.raises(CorpusError) as error:
        list(open_split(data(folder, train={"tfds": name, **text}), "train"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_set_by_name_in_both_directions_and_always_in_one_order(prepared_sets: Path) -> None:
    config = data(prepared_sets, corpus="tfds:counting")
    pairs = list(open_split(config, "train"))
    assert pairs == list(open_split(config, "train"))
    assert [pair.line for pair in pairs] == list(range(1, 301))
    assert {pair[:2] for pair in pairs} == {
        (f"Sentence {number} of train, two lines", f"Satz {number} von train, zwei Zeilen") for number in range(300)
    }
    swapped = DataConfig(source_language="de", target_language="en-GB", corpus="tfds:counting", tfds_dir=prepared_sets)
    assert next(open_split(swapped, "train")) == SentencePair(pairs[0].target, pairs[0].source, 1)


def test_the_splits_of_a_set_serve_by_their_roles_or_by_their_names(prepared_sets: Path) -> None:
    config = data(prepared_sets, corpus="tfds:counting")
    assert all(has_split(config, split) for split in ("train", "valid", "test"))
    assert [len(list(open_split(config, split))) for split in ("valid", "test")] == [12, 5]
    assert split_name(config, "valid") == "tfds:counting/1.2.0 validation"
    assert named_set(config, "validation")[0].label == named_set(config, "valid")[0].label
    part = data(prepared_sets, train={"tfds": "counting", "split": "train[:7]"}, valid={"tfds": "counting"})
    assert [len(list(open_split(part, split))) for split in ("train", "valid")] == [7, 12]
    assert not has_split(data(prepared_sets, corpus="tfds:many_tongues"), "valid")


def test_examples_with_languages_of_their_own(prepared_sets: Path) -> None:
    pairs = list(open_split(data(prepared_sets, corpus="tfds:many_tongues"), "train"))
    assert sorted(pair[:2] for pair in pairs if not pair.fault) == [("one house", "ein Haus")]
    assert [pair.fault for pair in pairs if pair.fault] == ["other_language"]


def test_what_is_recorded_of_a_set(prepared_sets: Path) -> None:
    config = data(prepared_sets, corpus="tfds:counting")
    [record] = corpus_facts(config)
    assert record["name"] == "tfds:counting"
    assert (record["version"], record["licence"], record["citation"]) == ("1.2.0", "CC0", "A. Counter (2026). Counting.")
    files = input_files(config, "train")
    assert [path.name for path in files.values()] == ["counting-train.tfrecord-00000-of-00001"]
    assert {"tfds", *(path.name for path in files.values())} < record["sha256"].keys()


def test_a_changed_set_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared_sets: Path) -> None:
    tfds.builder("counting", data_dir=tmp_path).download_and_prepare()
    config = Config.model_validate({"data": data(tmp_path, corpus="tfds:counting").model_dump(), "tokenizer": {"vocabulary_size": 350}})
    made = prepare(config, tmp_path / "run")
    assert made.manifest["counts"]["train"]["kept"] == 300
    assert made.manifest["inputs"]["train.tfds"]["sha256"] == open_set("counting", tmp_path).fingerprint()
    moved = config.model_copy(update={"data": data(prepared_sets, corpus="tfds:counting")})
    assert prepare(moved, tmp_path / "run", begun=True).manifest["outputs"] == made.manifest["outputs"]  # the same set, elsewhere

    monkeypatch.setattr(Counting, "CHANGED", "!")
    (tmp_path / "counting").rename(tmp_path / "before")
    _opened.cache_clear()
    tfds.builder("counting", data_dir=tmp_path).download_and_prepare()
    assert input_facts(config)["train.tfds.0"]["sha256"] != made.manifest["inputs"]["train.tfds.0"]["sha256"]
    with pytest.raises(RunError, match="has changed since it began"):
        prepare(config, tmp_path / "run", begun=True)


def test_mistakes_are_one_line(prepared_sets: Path) -> None:
    assert "has no set 'ted_hrl_translate'; did you mean ted_hrlr_translate?" in failure(prepared_sets, "ted_hrl_translate/pt_to_en")
    assert "no configuration 'pt_to_xx'; did you mean ted_hrlr_translate/pt_to_en?" in failure(prepared_sets, "ted_hrlr_translate/pt_to_xx")
    assert "tfds:mnist/3.0.1 is no translation set: its examples have image, label" in failure(prepared_sets, "mnist")
    assert "has no split dev; it has train, validation, test" in failure(prepared_sets, "counting", split="dev")
    config = DataConfig(source_language="en", target_language="fr", corpus="tfds:counting", tfds_dir=prepared_sets)
    with pytest.raises(CorpusError, match=r"tfds:counting/1\.2\.0 has no language 'fr'; it has de, en"):
        open_split(config, "train")


def test_without_a_network_the_line_names_the_set_and_its_folder(tmp_path: Path) -> None:
    started = time.monotonic()
    message = failure(tmp_path, "ted_hrlr_translate/pt_to_en")
    assert time.monotonic() - started < 30
    assert message.startswith(f"tfds:ted_hrlr_translate/pt_to_en is not prepared at {tmp_path}/ted_hrlr_translate/pt_to_en/1.0.0")
    assert message.endswith("put its prepared data there, or name the folder that has them with data.tfds_dir")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_record_is_one_line(tmp_path: Path, prepared_sets: Path) -> None:
    tfds.builder("counting", data_dir=tmp_path).download_and_prepare()
    [path] = (tmp_path / "counting/1.2.0").glob("*train*")
    path.write_bytes(path.read_bytes()[:-9])
    message = failure(tmp_path, "counting")
    assert message.startswith("tfds:counting/1.2.0: cannot read split train after example 0 in ")


def test_without_the_extra_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    assert "pip install 'carousel-nmt[corpora]'" in failure(tmp_path, "counting")


def test_a_folder_is_read_as_translate_folder_reads_it(tmp_path: Path) -> None:
    texts = {"en": ["one house", "two cars"], "de": ["ein Haus", "zwei Autos"]}
    for split, count in (("train", 2), ("dev", 1)):
        for language, lines in texts.items():
            (tmp_path / f"{language}.{split}.txt").write_text("".join(f"{line}\n" for line in lines[:count]))
    config = data(tmp_path, train={"tfds_folder": tmp_path}, valid={"tfds_folder": tmp_path})
    load_backend()
    for split, name in (("train", "train"), ("valid", "dev")):
        theirs = [
            (each["en"].decode(), each["de"].decode()) for each in tfds.as_numpy(tfds.TranslateFolder(str(tmp_path)).as_dataset(name))
        ]
        assert [pair[:2] for pair in open_split(config, split)] == theirs  # type: ignore[arg-type]
    assert split_name(config, "valid") == f"{tmp_path.name} dev"
    for text, expected in (({"split": "tst"}, "has no set tst; it has dev, train"), ({}, "has no fr.train.txt; its set train has de, en")):
        wrong = DataConfig.model_validate(
            {"source_language": "en", "target_language": "de" if text else "fr", "train": {"tfds_folder": tmp_path, **text}}
        )
        with pytest.raises(CorpusError, match=expected):
            open_split(wrong, "train")
    with pytest.raises(CorpusError, match=r"cannot read folder .*gone"):
        open_split(data(tmp_path, train={"tfds_folder": tmp_path / "gone"}), "train")
