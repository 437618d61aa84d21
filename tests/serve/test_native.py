"""Our own door, /nmt: every parameter, hypotheses with scores, words with their places."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from serve.access import add_key
from serve.translation import Split
from tests.serve.conftest import MakeClient

STRANGER = ("203.0.113.9", 1)
ASKED = {"text": "A dog runs.", "source": "en"}


def ask(client: TestClient, status: int = 200, **asked: Any) -> dict[str, Any]:
    answer = client.post("/nmt/translate", json=ASKED | asked)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestTranslate:
    def test_the_whole_answer(self, client: TestClient, translated: Any) -> None:
        found = ask(client)
        timing = found.pop("timing")
        text = translated("A dog runs.")
        sentence = {"start": 0, "end": 11, "target_start": 0, "target_end": len(text), "hypotheses": [{"text": text, "score": -0.5}]}
        assert found == {
            "translations": [{"text": text, "alternatives": [], "source": "en", "target": "de", "sentences": [sentence]}],
            "model": {"name": "ende", "version": 1},
        }
        assert timing.keys() == {"queue_ms", "inference_ms", "total_ms"}
        assert 0 <= timing["inference_ms"] <= timing["total_ms"]

    def test_texts_keep_their_order(self, client: TestClient, translated: Any) -> None:
        texts = ["Hello world", "", "A dog runs.", "🙂"]
        found = ask(client, text=texts)["translations"]
        assert [one["text"] for one in found] == [translated("Hello world"), "", translated("A dog runs."), "🙂"]
        assert [len(one["sentences"]) for one in found] == [1, 0, 1, 1]
        assert ask(client, text=[])["translations"] == []

    def test_what_is_copied_scores_0(self, client: TestClient) -> None:
        assert ask(client, text="12")["translations"][0]["sentences"][0]["hypotheses"] == [{"text": "12", "score": 0.0}]

    def test_n_best(self, client: TestClient, translated: Any) -> None:
        (one,) = ask(client, n_best=3)["translations"]
        best, *others = texts = [translated("A dog runs.", k) for k in range(3)]
        assert (one["text"], one["alternatives"]) == (best, others)
        hypotheses = one["sentences"][0]["hypotheses"]
        assert [(hypothesis["text"], hypothesis["score"]) for hypothesis in hypotheses] == list(zip(texts, [-0.5, -1.5, -2.5], strict=True))

    def test_alternatives_are_of_the_whole_text(self, client: TestClient, translated: Any) -> None:
        (one,) = ask(client, text="A dog runs. Two men sit.", n_best=2)["translations"]
        assert one["alternatives"] == [f"{translated('A dog runs.', 1)} {translated('Two men sit.', 1)}"]

    @pytest.mark.parametrize(
        "asked",
        [
            {"beam_size": 5},
            {"beam_size": None},
            {"length_penalty": 0},
            {"length_penalty": 0.6},
            {"coverage_penalty": 0.2},
            {"alignment": False},
        ],
    )
    def test_a_search_of_ones_own(self, client: TestClient, translated: Any, asked: dict[str, Any]) -> None:
        assert ask(client, **asked)["translations"][0]["text"] == translated("A dog runs.")

    def test_places_of_sentences(self, client: TestClient) -> None:
        text = "🙂 A dog runs.\n\n  Two men sit. Hello world "
        (one,) = ask(client, text=text)["translations"]
        places = [(sentence["start"], sentence["end"]) for sentence in one["sentences"]]
        assert [text[start:end] for start, end in places] == ["🙂 A dog runs.", "Two men sit.", "Hello world"]
        for sentence in one["sentences"]:
            assert one["text"][sentence["target_start"] : sentence["target_end"]] == sentence["hypotheses"][0]["text"]

    @pytest.mark.parametrize(
        ("split", "sentences"),
        [
            ("paragraphs", ["A dog runs.", "Two men", "sit."]),
            ("sentences", ["A dog runs.", "Two men\nsit."]),
            ("lines", ["A dog runs. Two men", "sit."]),
            ("none", ["A dog runs. Two men\nsit."]),
        ],
    )
    def test_where_a_text_is_cut(self, client: TestClient, split: Split, sentences: list[str]) -> None:
        text = " A dog runs. Two men\nsit.\n"
        (one,) = ask(client, text=text, split=split)["translations"]
        assert [text[sentence["start"] : sentence["end"]] for sentence in one["sentences"]] == sentences

    def test_control_characters_are_dropped(self, client: TestClient, translated: Any) -> None:
        (one,) = ask(client, text="A\x00 dog\x1b runs.\x7f")["translations"]
        assert (one["text"], one["sentences"][0]["end"]) == (translated("A dog runs."), 11)


class TestAlignment:
    def hypothesis(self, client: TestClient, text: str, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        sentence = ask(client, text=text, alignment=True, **asked)["translations"][0]["sentences"][-1]
        return sentence, sentence["hypotheses"][0]

    def test_it_comes_only_if_asked_for(self, client: TestClient) -> None:
        assert ask(client)["translations"][0]["sentences"][0]["hypotheses"][0].keys() == {"text", "score"}
        assert self.hypothesis(client, "A dog runs.")[1].keys() == {"text", "score", "alignment", "tokens", "attention"}

    @pytest.mark.parametrize(
        "text", ["A dog runs.", "Hello world", "🙂", "12", "läuft", "\u200b", "A dog runs. " * 12, "\u200b. " * 3 + "A dog runs. " * 12]
    )
    @pytest.mark.parametrize("split", ["paragraphs", "none"])
    def test_shapes_agree(self, client: TestClient, text: str, split: str) -> None:
        _, found = self.hypothesis(client, text, split=split, n_best=2)
        words, pieces = found["alignment"], found["tokens"]
        assert np.shape(found["attention"])[:1] == (len(pieces["target"]),)
        assert {len(row) for row in found["attention"]} <= {len(pieces["source"])}
        assert len(words["weights"]) == len(words["target"])
        assert {len(row) for row in words["weights"]} <= {len(words["source"])}

    def test_words_stand_where_they_say(self, client: TestClient) -> None:
        text = "🙂🎉 Hello world\nA dog runs."
        sentence, found = self.hypothesis(client, text)
        assert [word["text"] for word in found["alignment"]["source"]] == ["A", "dog", "runs."]
        for word in found["alignment"]["source"]:
            assert text[sentence["start"] :][word["start"] : word["end"]] == word["text"]
        for word in found["alignment"]["target"]:
            assert word["start"] is None or found["text"][word["start"] : word["end"]] == word["text"]

    def test_emoji_count_as_one(self, client: TestClient) -> None:
        _, found = self.hypothesis(client, "🙂 A dog runs.")
        assert [(word["text"], word["start"]) for word in found["alignment"]["source"]] == [("🙂", 0), ("A", 2), ("dog", 4), ("runs.", 8)]

    def test_weights_follow_the_model(self, client: TestClient) -> None:
        """A scripted model looks at the pieces in reverse order."""
        _, found = self.hypothesis(client, "A dog runs.")
        weights = np.array(found["alignment"]["weights"])
        assert weights[0].tolist() == [0.0, 0.0, 1.0]
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-3)
        assert found["tokens"]["source"][-1] == "</s>"


class TestLanguagesAndModels:
    def test_the_language_is_told_if_it_was_to_be_found(self, client: TestClient) -> None:
        for asked in ({"source": "auto"}, {"source": " AUTO "}):
            (one,) = ask(client, text="A dog runs and two men sit.", **asked)["translations"]
            assert (one["source"], one["target"], one["detected"]["language"]) == ("en", "de", "en")
            assert 50 < one["detected"]["confidence"] <= 100

    def test_the_source_may_be_left_out(self, client: TestClient) -> None:
        answer = client.post("/nmt/translate", json={"text": ["Ein Hund läuft über die Straße."]})
        assert [(one["source"], one["target"]) for one in answer.json()["translations"]] == [("de", "en")]

    @pytest.mark.parametrize("asked", [{"target": "de"}, {"target": "DE"}, {"target": "de-AT"}, {"target": None}, {"source": "en_US"}])
    def test_languages_choose_a_model(self, client: TestClient, asked: dict[str, Any]) -> None:
        assert ask(client, **asked)["model"]["name"] == "ende"

    def test_of_several_targets_one_must_be_named(self, make_client: MakeClient) -> None:
        client = make_client(pairs={"ende": ("en", "de"), "enfr": ("en", "fr")})
        assert ask(client, 400)["error"] == "target is needed: from en there are de, fr"
        assert ask(client, target="fr")["model"]["name"] == "enfr"

    def test_a_name_chooses_among_models_of_one_pair(self, make_client: MakeClient) -> None:
        client = make_client(pairs={"small": ("en", "de"), "large": ("en", "de")})
        assert ask(client)["model"]["name"] == "small"
        for name in ("small", "large"):
            found = ask(client, model=name, source="auto")
            assert (found["model"]["name"], "detected" in found["translations"][0]) == (name, False)

    def test_models(self, make_client: MakeClient) -> None:
        client = make_client(max_characters=7, max_texts=2, max_n_best=3, pairs={"b": ("en", "de"), "a": ("en", "zh")})
        english, german, chinese = ({"code": code, "name": name} for code, name in (("en", "English"), ("de", "German"), ("zh", "Chinese")))
        first, second = {"source": english, "target": german}, {"source": english, "target": chinese}
        assert client.get("/nmt/models").json() == {
            "models": [
                {"name": "b", "version": 1, **first, "directions": [first], "state": "AVAILABLE", "scores": []},
                {"name": "a", "version": 1, **second, "directions": [second], "state": "AVAILABLE", "scores": []},
            ],
            "limits": {"characters": 7, "texts": 2, "n_best": 3},
            "key_required": False,
        }


KNOWN = "text, source, target, model, n_best, beam_size, length_penalty, coverage_penalty, alignment, split"
# Each row: what is asked for besides `ASKED`, with limits of 20 characters, 2 texts, 3 hypotheses and a beam of 4.
MISTAKES: list[tuple[int, dict[str, Any], str]] = [
    (400, {"text": 5}, "text: expected a text or a list of texts"),
    (400, {"text": None}, "text: expected a text or a list of texts"),
    (400, {"text": ["A", 5]}, "text: expected a text or a list of texts"),
    (400, {"txt": "A"}, f"txt: not a parameter; there are {KNOWN}"),
    (400, {"x" * 50: 1}, f"{'x' * 40}: not a parameter; there are {KNOWN}"),
    (400, {"source": 5}, "source: Input should be a valid string"),
    (400, {"target": 5}, "target: Input should be a valid string"),
    (400, {"model": 5}, "model: Input should be a valid string"),
    (400, {"n_best": 0}, "n_best: Input should be greater than or equal to 1"),
    (400, {"n_best": "2"}, "n_best: Input should be a valid integer"),
    (400, {"n_best": 1.5}, "n_best: Input should be a valid integer"),
    (400, {"n_best": True}, "n_best: Input should be a valid integer"),
    (400, {"n_best": 4}, "n_best: at most 3, got 4"),
    (400, {"beam_size": 0}, "beam_size: Input should be greater than or equal to 1"),
    (400, {"beam_size": 5}, "beam_size: at most 4, got 5"),
    (400, {"n_best": 3, "beam_size": 2}, "Invalid request: 3 hypotheses need a beam size of at least 3, got 2"),
    (400, {"length_penalty": -1}, "length_penalty: Input should be greater than or equal to 0"),
    (400, {"length_penalty": 11}, "length_penalty: Input should be less than or equal to 10"),
    (400, {"coverage_penalty": -1}, "coverage_penalty: Input should be greater than or equal to 0"),
    (400, {"length_penalty": "1"}, "length_penalty: Input should be a valid number"),
    (400, {"alignment": 1}, "alignment: Input should be a valid boolean"),
    (400, {"split": "words"}, "split: Input should be 'paragraphs', 'sentences', 'lines' or 'none'"),
    (400, {"text": ["A", "B", "C"]}, "texts: at most 2, got 3"),
    (400, {"text": "x" * 21}, "characters of a text: at most 20, got 21"),
    (400, {"text": ["A", "🙂" * 21]}, "characters of a text: at most 20, got 21"),
    (400, {"source": "xx"}, "source 'xx' is not loaded; there are en, de"),
    (400, {"source": "x" * 50}, f"source '{'x' * 40}' is not loaded; there are en, de"),
    (400, {"target": "fr"}, "target 'fr' is not loaded; from en there are de"),
    (400, {"target": ""}, "target '' is not loaded; from en there are de"),
    (400, {"model": "ende", "source": "de"}, "source: model ende has en, got 'de'; give either a model or languages"),
    (400, {"model": "ende", "target": "fr"}, "target: model ende has de, got 'fr'; give either a model or languages"),
    (404, {"model": "none"}, "no model 'none'; there are ende, deen"),
    (404, {"model": ""}, "no model ''; there are ende, deen"),
]


@pytest.mark.parametrize(("status", "asked", "error"), MISTAKES)
def test_mistakes_are_named(make_client: MakeClient, status: int, asked: dict[str, Any], error: str) -> None:
    client = make_client(max_characters=20, max_texts=2, max_n_best=3, max_beam_size=4)
    answer = client.post("/nmt/translate", json=ASKED | asked, headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.json()) == (status, {"error": error, "request_id": "mine"})


def test_text_is_needed(client: TestClient) -> None:
    found = client.post("/nmt/translate", json={"source": "en"}).json()
    assert found["error"] == "text: Field required"


@pytest.mark.parametrize("body", [b"", b"[]", b'"A"', b"text=A", b"{"])
def test_what_is_no_object(client: TestClient, body: bytes) -> None:
    answer = client.post("/nmt/translate", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid JSON format")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_the_content_type_is_not_looked_at(client: TestClient) -> None:
    answer = client.post("/nmt/translate", content=b'{"text": "A", "source": "en"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 200


class TestKeys:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> Path:
        return tmp_path / "keys"

    @pytest.mark.parametrize("scheme", ["Bearer {}", "bearer  {} ", None])
    def test_a_key_lets_in(self, make_client: MakeClient, keys: Path, scheme: str | None) -> None:
        key = add_key(keys, "one", None)
        headers = {"Authorization": scheme.format(key)} if scheme else {"X-API-Key": key}
        answer = make_client(api_keys_file=keys).post("/nmt/translate", json=ASKED, headers=headers)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("headers", "status", "error"),
        [
            ({}, 401, "an API key is needed: Authorization: Bearer KEY"),
            ({"Authorization": "Bearer "}, 401, "an API key is needed: Authorization: Bearer KEY"),
            ({"Authorization": "Basic YTpi"}, 401, "an API key is needed: Authorization: Bearer KEY"),
            ({"X-API-Key": ""}, 401, "an API key is needed: Authorization: Bearer KEY"),
            ({"Authorization": "Bearer wrong"}, 403, "this API key is none of ours"),
            ({"X-API-Key": "wrong"}, 403, "this API key is none of ours"),
        ],
    )
    def test_refusals(self, make_client: MakeClient, keys: Path, headers: dict[str, str], status: int, error: str) -> None:
        add_key(keys, "one", None)
        answer = make_client(api_keys_file=keys).post("/nmt/translate", json=ASKED, headers=headers)
        assert (answer.status_code, answer.json()) == (status, {"error": error, "request_id": answer.headers["x-request-id"]})
        assert ("www-authenticate" in answer.headers) == (status == 401)

    def test_too_many_wrong_keys(self, make_client: MakeClient, keys: Path) -> None:
        key = add_key(keys, "one", None)
        client = make_client(api_keys_file=keys)
        for given in [*["wrong"] * 20, key]:
            assert client.post("/nmt/translate", json=ASKED, headers={"X-API-Key": given}).status_code == 403

    def test_models_need_none_and_say_so(self, make_client: MakeClient, keys: Path) -> None:
        add_key(keys, "one", None)
        answer = make_client(api_keys_file=keys).get("/nmt/models")
        assert (answer.status_code, answer.json()["key_required"]) == (200, True)

    def test_a_rate(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=2)
        assert client.post("/nmt/translate", json=ASKED | {"text": ["A", "B"]}).status_code == 200
        answer = client.post("/nmt/translate", json=ASKED)
        assert (answer.status_code, answer.json()["error"]) == (429, "too fast: 2 per 1 minute")
        assert 50 <= int(answer.headers["retry-after"]) <= 60
