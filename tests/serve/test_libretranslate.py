"""LibreTranslate's API as its clients know it: how they ask, what they get, and how they are refused."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from nmt.tokenizer import TokenizerPair
from serve.access import add_key
from tests.serve.conftest import MakeClient

ASKED = {"q": "A dog runs.", "source": "en", "target": "de"}
STRANGER = ("203.0.113.9", 1)
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def multipart(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """A body with equal names in it, and its header."""
    parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    return {"content": (parts + "--edge--\r\n").encode(), "headers": {"content-type": "multipart/form-data; boundary=edge"}}


WAYS: dict[str, dict[str, Any]] = {
    "json": {"json": ASKED},
    "json of another kind": {"content": json.dumps(ASKED), "headers": {"content-type": "application/vnd.api+json; charset=utf-8"}},
    "json with a byte order mark": {"content": "\ufeff" + json.dumps(ASKED), "headers": JSON},
    "form": {"data": ASKED},
    "form without a content type": {"content": urlencode(ASKED).encode()},
    "multipart": multipart(list(ASKED.items())),
    "query string alone": {"params": ASKED},
    "query string and form together": {"params": {"q": "A dog runs.", "format": "text"}, "data": {"source": "en", "target": "de"}},
    "deep-translator's query string": {"params": ASKED | {"format": "text", "api_key": "any"}},
    "the first of two in a form": {"content": urlencode([*ASKED.items(), ("q", "Hello world")]), "headers": FORM},
    "the first of two in multipart": multipart([*ASKED.items(), ("q", "Hello world")]),
    "the query string before the form": {"params": {"q": "A dog runs."}, "data": ASKED | {"q": "Hello world"}},
    "codes in capitals": {"json": ASKED | {"source": "EN", "target": "De"}},
    "codes with a region": {"json": ASKED | {"source": "en-US", "target": "de_AT"}},
    "no key": {"json": ASKED | {"api_key": None}},
    "an empty key": {"json": ASKED | {"api_key": ""}},
    "a parameter that is not known": {"json": ASKED | {"colour": "red"}},
    "no alternatives": {"json": ASKED | {"alternatives": 0}},
    "no alternatives in a form": {"data": ASKED | {"alternatives": "0"}},
    "an empty number in a form": {"data": ASKED | {"alternatives": ""}},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_gives_the_same_answer(client: TestClient, translated: Any, way: str) -> None:
    answer = client.post("/translate", **WAYS[way])
    assert (answer.status_code, answer.json()) == (200, {"translatedText": translated("A dog runs.")})


@pytest.mark.parametrize("body", [b"", b"api_key=1", b"\xff\xfe"])
def test_languages_come_whatever_body_the_get_has(client: TestClient, body: bytes) -> None:
    answer = client.request("GET", "/languages", content=body, headers=FORM)
    assert answer.json() == [
        {"code": "en", "name": "English", "targets": ["de"]},
        {"code": "de", "name": "German", "targets": ["en"]},
    ]


@pytest.mark.parametrize(
    ("way", "breaks"),
    [("data", "\n\n"), ("params", "\n\n"), ("json", "\r\n\r")],
)
def test_line_ends_become_line_feeds_but_in_json(client: TestClient, translated: Any, way: str, breaks: str) -> None:
    answer = client.post("/translate", **{way: ASKED | {"q": "A dog runs.\r\n\rHello world"}})
    assert answer.json()["translatedText"] == translated("A dog runs.") + breaks + translated("Hello world")


@pytest.mark.parametrize(("way", "status"), [("data", 200), ("json", 400)])
def test_line_ends_become_line_feeds_before_characters_are_counted(make_client: MakeClient, way: str, status: int) -> None:
    asked = ASKED | {"q": "1\r\n2\r\n3"}
    assert make_client(max_characters=5).post("/translate", **{way: asked}).status_code == status


@pytest.mark.parametrize("way", ["json", "data"])
def test_characters_are_code_points(make_client: MakeClient, way: str) -> None:
    client = make_client(max_characters=3)
    assert client.post("/translate", **{way: ASKED | {"q": "🙂🙂🙂"}}).json() == {"translatedText": "🙂🙂🙂"}
    refused = client.post("/translate", **{way: ASKED | {"q": "🙂🙂🙂🙂"}})
    assert refused.json() == {"error": "Invalid request: request (4) exceeds text limit (3)"}


class TestTranslate:
    def test_a_list_gives_a_list_in_its_order(self, client: TestClient, translated: Any) -> None:
        texts = ["Hello world", "A dog runs.", "", "Hello world", " 1 "]
        answer = client.post("/translate", json=ASKED | {"q": texts})
        assert answer.json() == {"translatedText": [translated(text) if text.strip(" 1") else text for text in texts]}

    def test_the_language_is_told_only_if_it_was_to_be_found(self, client: TestClient, translated: Any) -> None:
        found = client.post("/translate", json=ASKED | {"source": "auto", "q": "A dog runs and two men sit."}).json()
        assert found.keys() == {"translatedText", "detectedLanguage"}
        assert found["detectedLanguage"]["language"] == "en"
        assert 50 < found["detectedLanguage"]["confidence"] <= 100

    def test_one_language_is_found_for_a_whole_list(self, client: TestClient) -> None:
        texts = ["A dog runs and two men sit.", "Hallo", "Two men sit on a bench."]
        found = client.post("/translate", json=ASKED | {"source": "auto", "q": texts}).json()
        assert len(found["translatedText"]) == len(found["detectedLanguage"]) == 3
        assert [one["language"] for one in found["detectedLanguage"]] == ["en", "en", "en"]

    @pytest.mark.parametrize("text", ["🙂", "🙂 🎉\n", "   ", "\n", "12.5 %", "1, 2, 3"])
    def test_text_without_a_letter_comes_back_as_it_is(self, client: TestClient, text: str) -> None:
        answer = client.post("/translate", json=ASKED | {"source": "auto", "q": text})
        assert answer.json() == {"translatedText": text, "detectedLanguage": {"confidence": 0.0, "language": "en"}}

    def test_line_breaks_and_spaces_between_sentences_stay(self, client: TestClient, translated: Any) -> None:
        dog, men = translated("A dog runs."), translated("Two men sit.")
        answer = client.post("/translate", json=ASKED | {"q": " A dog runs.  Two men sit.\n\n\tA dog runs.\n"})
        assert answer.json()["translatedText"] == f" {dog}  {men}\n\n\t{dog}\n"

    def test_alternatives_are_the_next_best(self, client: TestClient, translated: Any) -> None:
        answer = client.post("/translate", json=ASKED | {"alternatives": 2})
        best, *others = (translated("A dog runs.", k) for k in range(3))
        assert answer.json() == {"translatedText": best, "alternatives": others}

    def test_alternatives_of_a_list_are_lists(self, client: TestClient, translated: Any) -> None:
        answer = client.post("/translate", json=ASKED | {"q": ["A dog runs.", "7"], "alternatives": 1})
        assert answer.json() == {
            "translatedText": [translated("A dog runs."), "7"],
            "alternatives": [[translated("A dog runs.", 1)], []],
        }

    def test_alternatives_are_without_equals(self, client: TestClient, tokenizers: TokenizerPair) -> None:
        word = next(piece for piece in ("A", "B", "h") if len(tokenizers.source.encode([piece])[0]) <= 2)
        found = client.post("/translate", json=ASKED | {"q": word, "alternatives": 3}).json()
        whole = [found["translatedText"], *found["alternatives"]]
        assert len(set(whole)) == len(whole) < 4

    @pytest.mark.parametrize("asked", [{"alternatives": "3"}, {"alternatives": 3}])
    def test_alternatives_may_be_spelled(self, client: TestClient, asked: dict[str, Any]) -> None:
        assert len(client.post("/translate", json=ASKED | asked).json()["alternatives"]) == 3

    @pytest.mark.parametrize("kind", ["text", "", None])
    def test_the_format_is_text(self, client: TestClient, kind: str | None) -> None:
        assert client.post("/translate", json=ASKED | {"format": kind}).status_code == 200


PAIRS = {"enzh": ("en", "zh"), "zhen": ("zh", "en"), "enpt": ("en", "pt-BR"), "pten": ("pt-BR", "en"), "enzt": ("en", "zt")}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("en", "zh"), ("en", "zh-Hans"), ("en", "ZH-hans"), ("zh", "en"), ("zh-Hans", "en"), ("zh_CN", "en"),
        ("en", "pt-BR"), ("en", "pb"), ("en", "pt"), ("pb", "en"), ("pt-br", "en"), ("en", "zt"), ("en", "zh-Hant"), ("en", "zh-TW"),
    ],
)  # fmt: skip
def test_codes_have_other_names(make_client: MakeClient, source: str, target: str) -> None:
    answer = make_client(pairs=PAIRS).post("/translate", json={"q": "A", "source": source, "target": target})
    assert answer.status_code == 200, answer.text


def test_long_names_are_answered(make_client: MakeClient) -> None:
    client = make_client(pairs=PAIRS)
    assert client.get("/languages").json() == [
        {"code": "en", "name": "English", "targets": ["zh-Hans", "pt-BR", "zh-Hant"]},
        {"code": "zh-Hans", "name": "Chinese", "targets": ["en"]},
        {"code": "pt-BR", "name": "Portuguese (Brazil)", "targets": ["en"]},
    ]
    assert client.get("/frontend/settings").json()["language"]["target"] == {"code": "zh-Hans", "name": "Chinese"}
    assert client.post("/detect", json={"q": "你好。再见。"}).json()[0]["language"] == "zh-Hans"


class TestDetect:
    @pytest.mark.parametrize(
        "asked",
        [{"json": {"q": "Ein Hund läuft."}}, {"data": {"q": "Ein Hund läuft."}}, {"params": {"q": "Ein Hund läuft."}}],
        ids=["json", "form", "query string"],
    )
    def test_languages_come_best_first(self, client: TestClient, asked: dict[str, Any]) -> None:
        found = client.post("/detect", **asked).json()
        assert [one["language"] for one in found] == ["de", "en"]
        assert 100 >= found[0]["confidence"] > found[1]["confidence"] >= 0

    @pytest.mark.parametrize("text", ["🙂", " ", "42"])
    def test_nothing_found_is_the_first_without_confidence(self, client: TestClient, text: str) -> None:
        assert client.post("/detect", json={"q": text}).json() == [{"confidence": 0.0, "language": "en"}]

    @pytest.mark.parametrize(
        ("asked", "error"),
        [
            ({}, "Invalid request: missing q parameter"),
            ({"q": ""}, "Invalid request: missing q parameter"),
            ({"q": ["A"]}, "Invalid request: q is neither a text nor a list of texts"),
            ({"q": 5}, "Invalid request: q is neither a text nor a list of texts"),
            ({"q": "abcdef"}, "Invalid request: request (6) exceeds text limit (5)"),
        ],
    )
    def test_mistakes_are_told(self, make_client: MakeClient, asked: dict[str, Any], error: str) -> None:
        answer = make_client(max_characters=5).post("/detect", json=asked)
        assert (answer.status_code, answer.json()) == (400, {"error": error})

    def test_a_key_is_asked_for(self, make_client: MakeClient, tmp_path: Path) -> None:
        key = add_key(tmp_path / "keys", "one", None)
        client = make_client(api_keys_file=tmp_path / "keys")
        assert client.post("/detect", json={"q": "A"}).status_code == 400
        assert client.post("/detect", json={"q": "A", "api_key": key}).status_code == 200


class TestOtherRoutes:
    def test_frontend_settings(self, make_client: MakeClient) -> None:
        assert make_client(max_characters=77).get("/frontend/settings").json() == {
            "charLimit": 77, "frontendTimeout": 500, "apiKeys": False, "keyRequired": False, "suggestions": False,
            "filesTranslation": False, "supportedFilesFormat": [],
            "language": {"source": {"code": "en", "name": "English"}, "target": {"code": "de", "name": "German"}},
        }  # fmt: skip

    def test_frontend_settings_tell_that_a_key_is_needed(self, make_client: MakeClient, tmp_path: Path) -> None:
        add_key(tmp_path / "keys", "one", None)
        found = make_client(api_keys_file=tmp_path / "keys").get("/frontend/settings").json()
        assert (found["apiKeys"], found["keyRequired"]) == (True, True)

    def test_health(self, client: TestClient) -> None:
        assert (client.get("/health").status_code, client.get("/health").json()) == (200, {"status": "ok"})

    def test_health_while_ending(self, client: TestClient) -> None:
        client.app.state.service.draining = True  # type: ignore[attr-defined]
        answer = client.get("/health")
        assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"error": "not ready"}, "1")

    @pytest.mark.parametrize(
        ("path", "error"),
        [
            ("/suggest", "Suggestions are disabled on this server."),
            ("/translate_file", "Files translation are disabled on this server."),
        ],
    )
    def test_what_is_not_offered(self, client: TestClient, path: str, error: str) -> None:
        answer = client.post(path, json={"q": "A", "s": "B", "source": "en", "target": "de"})
        assert (answer.status_code, answer.json()) == (403, {"error": error})

    def test_languages_and_health_need_no_key_and_have_no_rate(self, make_client: MakeClient, tmp_path: Path) -> None:
        add_key(tmp_path / "keys", "one", None)
        client = make_client(api_keys_file=tmp_path / "keys", requests_per_minute=1, client=STRANGER)
        for path in ("/languages", "/health", "/frontend/settings", "/spec"):
            assert [client.get(path).status_code for _ in range(3)] == [200] * 3


NOT_A_TEXT = "Invalid request: q is neither a text nor a list of texts"
NOT_A_NUMBER = "Invalid request: alternatives parameter is not a number"
# Each row: what is asked for besides `ASKED`, with limits of 10 characters, 2 texts and 3 alternatives; later rows' mistakes come with it.
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"q": None}, "Invalid request: missing q parameter"),
    ({"q": ""}, "Invalid request: missing q parameter"),
    ({"q": []}, "Invalid request: missing q parameter"),
    ({"q": None, "source": "", "target": ""}, "Invalid request: missing q parameter"),
    ({"source": ""}, "Invalid request: missing source parameter"),
    ({"source": None, "target": None}, "Invalid request: missing source parameter"),
    ({"target": ""}, "Invalid request: missing target parameter"),
    ({"target": None, "q": 5}, "Invalid request: missing target parameter"),
    ({"q": 5}, NOT_A_TEXT),
    ({"q": {"a": "b"}}, NOT_A_TEXT),
    ({"q": ["A", 5]}, NOT_A_TEXT),
    ({"q": ["A", None]}, NOT_A_TEXT),
    ({"q": [["A"]], "alternatives": "many"}, NOT_A_TEXT),
    ({"alternatives": "many"}, NOT_A_NUMBER),
    ({"alternatives": "²"}, NOT_A_NUMBER),
    ({"alternatives": 1.5}, NOT_A_NUMBER),
    ({"alternatives": True}, NOT_A_NUMBER),
    ({"alternatives": [1]}, NOT_A_NUMBER),
    ({"alternatives": -1}, NOT_A_NUMBER),
    ({"alternatives": "-1", "q": "12345678901"}, NOT_A_NUMBER),
    ({"alternatives": 4}, "Invalid request: alternatives parameter must be <= 3"),
    ({"alternatives": "4"}, "Invalid request: alternatives parameter must be <= 3"),
    ({"alternatives": 10**40, "q": ["1", "2", "3"]}, "Invalid request: alternatives parameter must be <= 3"),
    ({"q": ["1", "2", "3"]}, "Invalid request: request (3) exceeds text limit (2)"),
    ({"q": "12345678901"}, "Invalid request: request (11) exceeds text limit (10)"),
    ({"q": ["1", "123456789012"], "source": "xx"}, "Invalid request: request (12) exceeds text limit (10)"),
    ({"source": "xx"}, "xx is not supported"),
    ({"source": "xx", "target": "yy"}, "xx is not supported"),
    ({"target": "yy", "format": "html"}, "yy is not supported"),
    ({"target": "x" * 100}, "x" * 40 + " is not supported"),
    ({"source": ["en"]}, "Invalid request: source is not a language code"),
    ({"target": 5}, "Invalid request: target is not a language code"),
    ({"target": "en", "format": "html"}, "English (en) is not available as a target language from English (en)"),
    ({"format": "html"}, "html format is not supported yet: send the text without its markup"),
    ({"format": "pdf"}, "pdf format is not supported"),
    ({"format": 5}, "5 format is not supported"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "error"), MISTAKES)
def test_mistakes_are_told_in_the_order_of_the_checks(make_client: MakeClient, asked: dict[str, Any], error: str) -> None:
    client = make_client(max_characters=10, max_texts=2)
    answer = client.post("/translate", json={"q": "A", "source": "en", "target": "de"} | asked)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("body", [b"[1]", b'"A"', b"null", b"5", b"{", b"", b"{'q': 'A'}", b"\xff{}"])
def test_json_that_is_no_object(client: TestClient, body: bytes) -> None:
    answer = client.post("/translate", content=body, headers=JSON)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid JSON format"})


@pytest.mark.parametrize(
    "asked",
    [
        {"content": "q=%ff&source=en&target=de", "headers": FORM},
        {"url": "/translate?q=%ff&source=en&target=de"},
        {"content": "&".join(["a=1"] * 1001), "headers": FORM},
        {"content": b"--edge\r\n", "headers": {"content-type": "multipart/form-data; boundary=edge"}},
        {"content": b"A", "headers": {"content-type": "multipart/form-data"}},
        {"files": {"q": ("text.txt", b"A dog runs.")}, "params": {"source": "en", "target": "de"}},
    ],
    ids=["form", "query string", "fields", "broken off", "no boundary", "file"],
)
def test_broken_forms_are_told(client: TestClient, asked: dict[str, Any]) -> None:
    answer = client.post(**{"url": "/translate"} | asked)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_text_of_another_kind_is_no_form(client: TestClient) -> None:
    answer = client.post("/translate", content=urlencode(ASKED), headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid request: missing q parameter"})


class TestKeys:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> Path:
        return tmp_path / "keys"

    @pytest.mark.parametrize("way", ["json", "data", "params"])
    def test_a_key_lets_in(self, make_client: MakeClient, keys: Path, way: str) -> None:
        key = add_key(keys, "one", None)
        assert make_client(api_keys_file=keys).post("/translate", **{way: ASKED | {"api_key": key}}).status_code == 200

    @pytest.mark.parametrize(
        ("given", "url", "status", "error"),
        [
            ({}, None, 400, "Please contact the server operator to get an API key"),
            ({}, "https://example.org/keys", 400, "Visit https://example.org/keys to get an API key"),
            ({"api_key": ""}, None, 400, "Please contact the server operator to get an API key"),
            ({"api_key": None}, None, 400, "Please contact the server operator to get an API key"),
            ({"api_key": 5}, None, 400, "Please contact the server operator to get an API key"),
            ({"api_key": "wrong"}, None, 403, "Invalid API key"),
            ({"api_key": "schlüssel"}, None, 403, "Invalid API key"),
            ({"api_key": "wrong", "target": "yy"}, None, 400, "yy is not supported"),
        ],
    )
    def test_refusals(self, make_client: MakeClient, keys: Path, given: dict[str, Any], url: str | None, status: int, error: str) -> None:
        add_key(keys, "one", None)
        answer = make_client(api_keys_file=keys, key_url=url).post("/translate", json=ASKED | given)
        assert (answer.status_code, answer.json()) == (status, {"error": error})

    def test_wrong_keys_are_counted(self, make_client: MakeClient, keys: Path) -> None:
        key = add_key(keys, "one", None)
        client = make_client(api_keys_file=keys)
        answers = [client.post("/translate", json=ASKED | {"api_key": "wrong"}) for _ in range(21)]
        assert [one.json() for one in answers[:20]] == [{"error": "Invalid API key"}] * 20
        assert (answers[20].status_code, answers[20].json()) == (403, {"error": "Too many request limits violations"})
        assert client.post("/translate", json=ASKED | {"api_key": key}).status_code == 403

    def test_a_key_has_a_rate_of_its_own_also_on_loopback(self, make_client: MakeClient, keys: Path) -> None:
        slow, fast = add_key(keys, "slow", 2), add_key(keys, "fast", 0)
        client = make_client(api_keys_file=keys)
        answers = [client.post("/translate", json=ASKED | {"api_key": slow}) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert answers[2].json() == {"error": "Slowdown: 2 per 1 minute"}
        assert 50 <= int(answers[2].headers["retry-after"]) <= 60
        assert client.post("/translate", json=ASKED | {"api_key": fast}).status_code == 200


class TestRates:
    def test_an_address_has_a_rate(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=2)
        answers = [client.post("/translate", json=ASKED) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert answers[2].json() == {"error": "Slowdown: 2 per 1 minute"}
        assert 50 <= int(answers[2].headers["retry-after"]) <= 60

    def test_a_list_costs_as_many_as_it_has(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=4)
        assert client.post("/translate", json=ASKED | {"q": ["A", "B", "C"]}).status_code == 200
        assert client.post("/translate", json=ASKED | {"q": ["A", "B"]}).status_code == 429
        assert client.post("/translate", json=ASKED).status_code == 200

    def test_a_list_of_more_than_the_rate_gets_in_alone(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=2)
        assert client.post("/translate", json=ASKED | {"q": ["A", "B", "C"]}).status_code == 200
        assert client.post("/translate", json=ASKED).status_code == 429

    def test_a_mistake_costs_nothing(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=1)
        assert [client.post("/translate", json={}).status_code for _ in range(3)] == [400] * 3
        assert client.post("/translate", json=ASKED).status_code == 200

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
    def test_loopback_has_none(self, make_client: MakeClient, address: str) -> None:
        client = make_client(client=(address, 1), requests_per_minute=1)
        assert [client.post("/translate", json=ASKED).status_code for _ in range(4)] == [200] * 4

    def test_nobody_has_one_if_it_is_off(self, make_client: MakeClient) -> None:
        client = make_client(client=STRANGER, requests_per_minute=0)
        assert [client.post("/translate", json=ASKED).status_code for _ in range(4)] == [200] * 4


def test_more_than_can_ever_be_done_is_a_413(make_client: MakeClient) -> None:
    answer = make_client(queue_pieces=10).post("/translate", json=ASKED)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])


def test_too_much_waiting_is_a_429(make_client: MakeClient) -> None:
    client = make_client(queue_pieces=24, batch_sentences=1)
    running, go_on = threading.Event(), threading.Event()

    def hold(_rows: int) -> None:
        running.set()
        go_on.wait(10)

    client.app.state.service.models.runtimes["ende"].before = hold  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(client.post, "/translate", json=ASKED | {"q": ["A dog runs.", "Two men sit."]})
        running.wait(10)  # one of the two is being translated, the other one waits
        refused = client.post("/translate", json=ASKED | {"q": "Two men sit on a bench."})
        go_on.set()
    assert (first.result().status_code, refused.status_code) == (200, 429)
    assert refused.json() == {"error": "Slowdown: too much is waiting here"}
    assert int(refused.headers["retry-after"]) >= 1


def test_a_missed_deadline_is_a_503(make_client: MakeClient) -> None:
    client = make_client(deadline_seconds=0.05)
    client.app.state.service.models.runtimes["ende"].before = lambda _rows: time.sleep(0.1)  # type: ignore[attr-defined]
    answer = client.post("/translate", json=ASKED)
    assert (answer.status_code, answer.json()) == (503, {"error": "the translation was not done in time"})
    assert int(answer.headers["retry-after"]) >= 1
