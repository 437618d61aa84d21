"""One model of several directions, trained for real: by the command line, from Python, and behind a live server."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

import nmt
from nmt.data.prepare import open_prepared
from nmt.export import verification_ids
from nmt.publishing import export_run_strings
from nmt.scoring import score_model
from nmt.tokenizer import TokenizerPair
from nmt.translator import Translator
from tests.conftest import RunNmt
from tests.serve.conftest import LiveServer, start_server

WORDS = {
    "en": ["one", "two", "three", "four", "five", "six", "seven"],
    "de": ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben"],
    "fr": ["un", "deux", "trois", "quatre", "cinq", "six", "sept"],
}
DIRECTIONS = [("en", "de"), ("en", "fr"), ("de", "en")]
QUIET = Console(file=io.StringIO())
THERE_ARE = "it translates en → de, en → fr, de → en"


def said(numbers: list[int], language: str) -> str:
    return " ".join(WORDS[language][number - 1] for number in numbers) + "."


def write_pairs(folder: Path, name: str, direction: tuple[str, str], count: int, seed: int) -> dict[str, str]:
    """Sentences of number words, and the same numbers the other way round in another language."""
    rng = np.random.default_rng(seed)
    sentences = [rng.integers(1, 8, size=rng.integers(1, 5)).tolist() for _ in range(count)]
    sides = {"source": (direction[0], sentences), "target": (direction[1], [numbers[::-1] for numbers in sentences])}
    for side, (language, lines) in sides.items():
        text = "".join(said(numbers, language) + "\n" for numbers in lines)
        (folder / f"{name}.{side}").write_text(text, encoding="utf-8")
    return {side: f"{name}.{side}" for side in sides}


def text(folder: Path, name: str, direction: tuple[str, str], count: int, seed: int) -> dict[str, str]:
    source, target = direction
    return write_pairs(folder, name, direction, count, seed) | {"source_language": source, "target_language": target}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, run_nmt: RunNmt) -> Path:
    folder = tmp_path_factory.mktemp("languages")
    mix: list[dict[str, Any]] = [text(folder, "-".join(one), one, 1500, seed) for seed, one in enumerate(DIRECTIONS)]
    mix[0]["tag"] = "own"  # half of the main direction's text, so that the model knows it with and without
    config = {
        "data": {
            "source_language": "en",
            "target_language": "de",
            "target_tags": True,
            "mix": [*mix, text(folder, "en-de-2", DIRECTIONS[0], 1500, 8)],
            "valid": write_pairs(folder, "valid", DIRECTIONS[0], 50, 9),
            "tests": {"backwards": text(folder, "test", DIRECTIONS[2], 50, 10)},
        },
        "tokenizer": {"vocabulary_size": 400},
        "search": {"max_source_pieces": 12},
        "model": {"embedding_units": 32, "encoder_units": 32, "decoder_units": 64, "dropout": 0.1},
        "training": {"batch_tokens": 512, "learning_rate": 0.01, "warmup_updates": 20, "validate_bleu_lines": 50, "ema_decay": 0.9,
                     "max_updates": 200, "validate_every": 200},
    }  # fmt: skip
    (folder / "numbers.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = run_nmt("train", "numbers.yaml", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> Translator:
    return nmt.load(run)


@pytest.fixture(scope="module")
def server(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = start_server(tmp_path_factory.mktemp("server"), f"numbers={run}")
    yield live
    live.stop()
    live.process.stdout.close()  # type: ignore[union-attr]


NUMBERS = [[3], [7, 2], [1, 6, 4], [7, 5, 2, 6]]


def test_from_python_each_direction_has_its_words(model: Translator) -> None:
    for source, target in DIRECTIONS:
        lines = [said(numbers, source) for numbers in NUMBERS]
        expected = [said(numbers[::-1], target) for numbers in NUMBERS]
        assert model.translate(lines, target=target, source=source) == expected
    assert model.translate([said([1, 2], "en")]) == [said([2, 1], "de")]
    assert model.into(tag="own").translate([said([1, 2], "en")]) == [said([2, 1], "de")]


def test_no_tag_is_in_an_alignment(model: Translator) -> None:
    line = "one two three."
    (found,) = model.into("fr").hypotheses([line], alignment=True)
    alignment = found[0].alignment
    assert alignment is not None
    assert "".join(alignment.source_pieces).replace("▁", " ").strip() == line + "</s>"
    assert alignment.attention.shape == (len(alignment.target_pieces), len(alignment.source_pieces))
    assert (alignment.attention.sum(axis=1) <= 1.001).all()


def test_from_the_command_line(run: Path, run_nmt: RunNmt) -> None:
    done = run_nmt("translate", run, "four five.", "six.", "--to", "FR")
    assert (done.stdout, done.returncode) == ("cinq quatre.\nsix.\n", 0)
    rows = [" ".join(row.split()) for row in run_nmt("info", run).stdout.splitlines()]
    assert "languages en → de, en → fr, de → en" in rows
    assert "tags <own>" in rows
    assert json.loads(run_nmt("info", run, "--json").stdout)["directions"] == [list(one) for one in DIRECTIONS]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--to", "it"), f"this model has not learnt to translate into it; {THERE_ARE}"),
        (("--to", "fr", "--from", "de"), f"this model has not learnt to translate de → fr; {THERE_ARE}"),
        (("--from", "fr"), f"this model has not learnt to translate from fr; {THERE_ARE}"),
        (("--tag", "bt"), "this model has no tag 'bt': it has own"),
    ],
)
def test_what_it_has_not_learnt_is_told_in_one_line(run: Path, run_nmt: RunNmt, arguments: tuple[str, ...], reason: str) -> None:
    done = run_nmt("translate", run, "one.", *arguments)
    assert (done.stdout, done.stderr.splitlines(), done.returncode) == ("", [f"nmt: {reason}"], 2)


def test_a_set_of_another_direction_is_scored_in_its_own(run: Path) -> None:
    found = score_model(str(run), "backwards", None, None, QUIET)
    assert (found.source, found.target) == ("de", "en")
    assert found.scores[0].score > 90


def test_an_export_is_verified_in_every_direction(run: Path) -> None:
    tokenizers = TokenizerPair.load(run)
    begins = {ids[0] for ids in verification_ids(open_prepared(run))}
    assert begins == set(tokenizers.tag_ids(["2de", "2fr", "2en"]))


@pytest.mark.slow
def test_a_graph_of_strings_has_the_tag_inside(run: Path, tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    pytest.importorskip("tensorflow_text")
    published = export_run_strings(run, tmp_path, QUIET, target="fr")
    assert published == tmp_path / "run-en-fr" / "1"
    serve = tf.saved_model.load(str(published)).signatures["serving_default"]
    found = serve(text=tf.constant(["one two three.", " ", "one two three four five six seven one two."]))["translation"].numpy()
    assert [text.decode() for text in found[:2]] == ["trois deux un.", ""]
    assert set(found[2].decode().replace(".", " ").split()) <= set(WORDS["fr"])  # of two windows, each with the tag


class TestServer:
    def test_each_target_has_its_words_in_every_api(self, server: LiveServer) -> None:
        for target, text in (("de", "drei zwei eins."), ("fr", "trois deux un.")):
            asked = {"q": "one two three.", "source": "en", "target": target}
            assert server.post("/translate", json=asked).json() == {"translatedText": text}
            deepl = server.post("/v2/translate", data={"text": "one two three.", "target_lang": target.upper(), "source_lang": "EN"}).json()
            assert deepl["translations"][0]["text"] == text
            native = server.post("/nmt/translate", json={"text": "one two three.", "source": "en", "target": target}).json()
            assert native["translations"][0] | {"sentences": []} == {
                "text": text, "alternatives": [], "source": "en", "target": target, "sentences": []
            }  # fmt: skip
            body = {"instances": ["one two three."], "signature_name": f"en-{target}"}
            assert server.post("/v1/models/numbers:predict", json=body).json() == {"predictions": [text]}
        assert server.post("/v1/models/numbers:predict", json={"instances": ["one two."]}).json() == {"predictions": ["zwei eins."]}

    def test_every_direction_is_listed(self, server: LiveServer) -> None:
        languages = {one["code"]: one["targets"] for one in server.get("/languages").json()}
        assert languages == {"en": ["de", "fr"], "de": ["en"]}
        assert [one["language"] for one in server.get("/v2/languages").json()] == ["EN", "DE"]
        assert {one["language"] for one in server.get("/v2/languages?type=target").json()} == {"DE", "FR", "EN-US", "EN-GB"}
        (model,) = server.get("/nmt/models").json()["models"]
        assert [(one["source"]["code"], one["target"]["code"]) for one in model["directions"]] == DIRECTIONS
        signatures = server.get("/v1/models/numbers/metadata").json()["metadata"]["signature_def"]["signature_def"]
        assert list(signatures) == ["serving_default", "en-de", "en-fr", "de-en"]

    def test_the_source_is_told_from_the_text_among_those_that_lead_to_the_target(self, server: LiveServer) -> None:
        def told(text: str, **asked: str) -> tuple[str, str]:
            one = server.post("/nmt/translate", json={"text": text} | asked).json()["translations"][0]
            return one["source"], one["text"]

        assert told("sieben zwei fünf vier.", target="en") == ("de", "four five two seven.")
        assert told("sieben zwei fünf vier.") == ("de", "four five two seven.")
        assert told("sieben zwei fünf vier.", model="numbers") == ("de", "four five two seven.")
        assert told("one six two seven.", model="numbers")[0] == "en"
        assert told("one.", target="fr") == ("en", "un.")

    @pytest.mark.parametrize(
        ("path", "body", "reason"),
        [
            ("/translate", {"q": "one.", "source": "en", "target": "it"}, "it is not supported"),
            ("/translate", {"q": "eins.", "source": "de", "target": "fr"}, "French (fr) is not available as a target language from German"),
            ("/nmt/translate", {"text": "one.", "source": "en"}, "target is needed: from en there are de, fr"),
            ("/nmt/translate", {"text": "eins.", "source": "de", "target": "fr"}, "target 'fr' is not loaded; from de there are en"),
            ("/nmt/translate", {"text": "one.", "model": "numbers", "target": "it"}, "target: model numbers has de, fr, en, got 'it'"),
            ("/v1/models/numbers:predict", {"instances": ["one."], "signature_name": "de-fr"}, "this model has 'serving_default', 'en-de'"),
        ],
    )
    def test_what_it_has_not_learnt_is_told(self, server: LiveServer, path: str, body: dict[str, Any], reason: str) -> None:
        answer = server.post(path, json=body)
        assert answer.status_code == 400
        assert reason in answer.json()["error"]

    def test_attention_is_of_words(self, server: LiveServer) -> None:
        asked = {"text": "one two three.", "source": "en", "target": "fr", "alignment": True}
        (sentence,) = server.post("/nmt/translate", json=asked).json()["translations"][0]["sentences"]
        alignment = sentence["hypotheses"][0]["alignment"]
        assert [word["text"] for word in alignment["source"]] == ["one", "two", "three."]
        assert [int(np.argmax(row)) for row in alignment["weights"]] == [2, 1, 0]
