"""What `nmt distill` and `nmt backtranslate` write: text, its record, and a config that keeps all other settings and its validation."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from nmt import back_translation, distillation
from nmt.back_translation import BackTranslation, back_translate
from nmt.config import Config
from nmt.config_file import complete_config, load_config
from nmt.data.corpus import open_split, split_name, training_corpora
from nmt.data.hold_out import HoldOut
from nmt.distillation import Distillation, distill
from nmt.errors import ConfigError, ModelError
from nmt.hypotheses import Hypothesis
from tests.test_synthesis import Scripted, lines_of

QUIET = Console(file=io.StringIO())
MODEL = {
    "format_version": 1,
    "name": "teacher",
    "source": "en",
    "target": "de",
    "training": {"updates": 1, "seconds": 1.0, "seed": 1},
    "versions": {},
    "limits": {"max_source_pieces": 9, "max_steps": 9},
    "search": {"beam_size": 2, "length_penalty": 1.0},
    "files": {},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 40 pairs, and a teacher that puts them in capitals."""
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher/MODEL.json").write_text(json.dumps(MODEL))
    (tmp_path / "train.en").write_text("".join(f"sentence {number}\n" for number in range(40)))
    (tmp_path / "train.de").write_text("".join(f"Satz {number}\n" for number in range(40)))
    (tmp_path / "dev.tsv").write_text("a dog\tein Hund\n")
    for verb in (distillation, back_translation):
        monkeypatch.setattr(verb, "load_translator", lambda *_, **__: Scripted())
    return tmp_path


def config_of(place: Path, data: dict[str, Any], **sections: Any) -> Config:
    return complete_config({"data": {"source_language": "en", "target_language": "de"} | data} | sections, "test", place)


def own(place: Path, valid: bool = True, **sections: Any) -> Config:
    data: dict[str, Any] = {"train": {"source": "train.en", "target": "train.de"}}
    return config_of(place, data | ({"valid": {"tsv": "dev.tsv"}} if valid else {}), **sections)


def test_the_ready_config_has_gold_and_distilled_text_and_whatever_was_said(place: Path) -> None:
    before = own(place, tokenizer={"vocabulary_size": 300}, training={"deadline_minutes": None, "seed": 5}, model={"cell": "gru"})
    ready = load_config(distill(str(place / "teacher"), before, place / "out", Distillation(n_best=2), QUIET))
    assert ready.data.mix
    gold, distilled = ready.data.mix
    assert (gold.source, gold.weight, distilled.weight) == (place / "train.en", 1.0, 0.5)
    assert lines_of(place / "out/distilled.en") == [f"sentence {number}" for number in range(40)]
    assert lines_of(place / "out/distilled.de") == [f"SENTENCE {number}" for number in range(40)]
    assert ready.data.valid == before.data.valid
    assert ready.model_dump(exclude={"data"}) == before.model_dump(exclude={"data"})
    said = yaml.safe_load((place / "out/config.yaml").read_text())
    assert said["model"] == {"cell": "gru"}  # defaults stay unsaid


def test_pairs_that_validation_sets_aside_are_the_gold_ones_and_the_teacher_never_sees_them(place: Path) -> None:
    before = own(place, valid=False)
    set_aside = [pair[:2] for pair in HoldOut(before.data).pairs()]
    ready = load_config(distill(str(place / "teacher"), before, place / "out", Distillation(), QUIET))
    assert [pair[:2] for pair in open_split(ready.data, "valid")] == set_aside
    assert len(set_aside) == 4
    gold, distilled = ([pair[:2] for pair in corpus.text.pairs()] for corpus in training_corpora(ready.data))
    assert len(gold) == len(distilled) == 36
    assert not set(set_aside) & set(gold)
    assert not {source for source, _ in set_aside} & {source for source, _ in distilled}
    record = json.loads((place / "out/SYNTHESIS.json").read_text())
    assert record["counts"]["distilled"]["dropped"]["in_hold_out"]["count"] == 4
    assert record["hold_out"]["pairs"] == 4


def test_a_described_corpus_keeps_its_own_validation_and_test_sets(place: Path) -> None:
    before = config_of(place, {"corpus": "demo"})
    tree = back_translation.mixed_config(before, [{"source": str(place / "train.en"), "target": str(place / "train.de"), "tag": "bt"}])
    after = complete_config(tree, "test", place)
    for split in ("valid", "test"):
        assert split_name(after.data, split) == split_name(before.data, split) == f"demo {split}"  # type: ignore[arg-type]
    assert [(corpus.name, corpus.tags) for corpus in training_corpora(after.data)] == [("demo", ()), ("train.en", ("bt",))]


def test_each_text_of_a_mixture_is_distilled_with_its_weight_and_tag(place: Path) -> None:
    text = {"source": "train.en", "target": "train.de"}
    before = config_of(place, {"mix": [text, text | {"weight": 4, "tag": "office", "name": "mine"}], "valid": {"tsv": "dev.tsv"}})
    ready = load_config(distill(str(place / "teacher"), before, place / "out", Distillation(weight=0.5), QUIET))
    assert ready.data.mix
    assert [(one.name, one.weight, one.tag) for one in ready.data.mix] == [
        (None, 1.0, None),
        ("mine", 4.0, "office"),
        ("distilled-0", 0.5, None),
        ("distilled-1", 2.0, "office"),
    ]


def test_the_record_says_how_the_text_came_about(place: Path) -> None:
    distill(str(place / "teacher"), own(place), place / "out", Distillation(n_best=3, closest=True), QUIET)
    record = json.loads((place / "out/SYNTHESIS.json").read_text())
    assert (record["verb"], record["n_best"], record["beam_size"], record["choose"]) == ("distill", 3, 3, "closest")
    assert record["model"]["name"] == "teacher"
    assert len(record["model"]["sha256"]) == 64
    assert record["text"][0]["sha256"].keys() == {"train.en", "train.de", "dev.tsv"}
    assert record["counts"]["distilled"]["kept"] == 40
    assert "sentencepiece" in record["versions"]


def test_alignments_go_line_for_line_so_pairs_cannot_be_set_aside(place: Path) -> None:
    (place / "links").write_text("0-0\n" * 40)
    before = config_of(place, {"train": {"source": "train.en", "target": "train.de", "alignment": "links"}})
    with pytest.raises(ConfigError, match=r"alignment.*give data\.valid"):
        distill(str(place / "teacher"), before, place / "out", Distillation(), QUIET)


def test_more_hypotheses_than_the_beam_holds_are_refused(place: Path) -> None:
    with pytest.raises(ModelError, match="3 hypotheses of each line need a beam size of at least 3, got 2"):
        distill(str(place / "teacher"), own(place), place / "out", Distillation(n_best=3, beam_size=2), QUIET)


def test_back_translation_without_a_config_is_the_text_alone(place: Path) -> None:
    found = back_translate(str(place / "teacher"), place / "train.en", place / "out", BackTranslation(), QUIET)
    assert sorted(path.name for path in found.iterdir()) == ["SYNTHESIS.json", "back-translated.de", "back-translated.en"]
    assert lines_of(found / "back-translated.en") == lines_of(place / "train.en")
    assert lines_of(found / "back-translated.de")[:2] == ["SENTENCE 0", "SENTENCE 1"]


def test_back_translated_text_is_mixed_in_with_its_tag_and_never_validated_on(place: Path) -> None:
    before = config_of(place, {"source_language": "de", "target_language": "en", "train": {"source": "train.de", "target": "train.en"}})
    wanted = BackTranslation(tag="back", weight=2.0)
    ready = load_config(back_translate(str(place / "teacher"), place / "train.en", place / "out", wanted, QUIET, config=before))
    gold, made = training_corpora(ready.data)
    assert (gold.tags, gold.weight, made.tags, made.weight) == ((), 1.0, ("back",), 2.0)
    assert next(iter(made.text.pairs()))[:2] == ("SENTENCE 0", "sentence 0")
    assert list(HoldOut(ready.data).pairs()) == list(HoldOut(before.data).pairs())


def test_sentences_that_validation_compares_with_are_not_learnt(place: Path) -> None:
    (place / "dev.tsv").write_text("Satz drei\tsentence 3\n")
    data = {"source_language": "de", "target_language": "en", "train": {"source": "train.de", "target": "train.en"}}
    before = config_of(place, data | {"valid": {"tsv": "dev.tsv"}})
    back_translate(str(place / "teacher"), place / "train.en", place / "out", BackTranslation(), QUIET, config=before)
    assert lines_of(place / "out/back-translated.en") == [f"sentence {number}" for number in range(40) if number != 3]
    dropped = json.loads((place / "out/SYNTHESIS.json").read_text())["counts"]["back-translated"]["dropped"]
    assert dropped == {"in_validation": {"count": 1, "first_lines": [4]}}


def test_pairs_of_another_direction_than_the_main_one_say_so(place: Path) -> None:
    text = {"source": "train.en", "target": "train.de"}
    turned = {"source": "train.de", "target": "train.en", "source_language": "de", "target_language": "en"}
    before = config_of(place, {"mix": [text, turned], "target_tags": True, "valid": {"tsv": "dev.tsv"}})
    wanted = BackTranslation(text_language="en", source_language="de")
    ready = load_config(back_translate(str(place / "teacher"), place / "train.en", place / "out", wanted, QUIET, config=before))
    made = training_corpora(ready.data)[-1]
    assert (made.languages, made.tags) == (("de", "en"), ("2en", "bt"))


def test_a_model_of_the_wrong_direction_is_refused(place: Path) -> None:
    with pytest.raises(ModelError, match="has not learnt to translate de → en; it translates en → de"):
        back_translate(str(place / "teacher"), place / "train.en", place / "out", BackTranslation(), QUIET, config=own(place))
    wanted = BackTranslation(text_language="en", source_language="de")
    with pytest.raises(ConfigError, match=r"pairs would be de → en, but the config trains en → de"):
        back_translate(str(place / "teacher"), place / "train.en", place / "out", wanted, QUIET, config=own(place))
    assert not list(place.glob("out*"))


def test_the_teacher_is_asked_with_the_tag_of_a_text_if_it_knows_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "teacher/MODEL.json").write_text(json.dumps(MODEL | {"corpus_tags": ["office"]}))
    asked = []

    class Turned(Scripted):
        def into(self, target: str, *, source: str, tag: str | None) -> Scripted:
            asked.append(tag)
            return Scripted({"sentence 0": [Hypothesis(str(tag), 0.0, None, 2)]})

    monkeypatch.setattr(distillation, "load_translator", lambda *_, **__: Turned())
    text = {"source": "train.en", "target": "train.de"}
    mix = [text, text | {"tag": "office"}, text | {"tag": "legal"}]
    distill(str(place / "teacher"), config_of(place, {"mix": mix, "valid": {"tsv": "dev.tsv"}}), place / "out", Distillation(), QUIET)
    assert asked == [None, "office", None]
    assert [lines_of(place / f"out/distilled-{number}.de")[0] for number in range(3)] == ["None", "office", "None"]
