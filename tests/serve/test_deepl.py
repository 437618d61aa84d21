"""The DeepL API, a row of its rules a case: what its official client sends on the wire, what the server accepts, refuses and answers."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from serve.access import add_key
from serve.api.deepl import MOST_BODY_BYTES, MOST_TEXTS, NO_LIMIT
from tests.serve.conftest import MakeClient
from tests.serve.scripted import ReversingRuntime

TEXT = "A dog runs."
GLOSSARY = {"name": "mine", "source_lang": "EN", "target_lang": "DE", "entries": "dog\tHund", "entries_format": "tsv"}
# What `translate_text("…", target_lang="DE")` of the official client puts into its body.
SENT = {"text": [TEXT], "target_lang": "DE", "show_billed_characters": True}


def translate(client: TestClient, *texts: str, **options: Any) -> httpx.Response:
    return client.post("/v2/translate", json={"text": list(texts) or [TEXT], "target_lang": "DE"} | options)


def said(client: TestClient, *texts: str, **options: Any) -> list[str]:
    response = translate(client, *texts, **options)
    assert response.status_code == 200, response.text
    return [one["text"] for one in response.json()["translations"]]


def runtime(client: TestClient) -> ReversingRuntime:
    return client.app.state.service.models.runtimes["ende"]  # type: ignore[attr-defined]


def wait_until_queued(client: TestClient) -> None:
    batcher = client.app.state.service.models.served["ende"].current.batcher  # type: ignore[attr-defined]
    until = time.monotonic() + 10
    while not batcher._queue:
        assert time.monotonic() < until
        time.sleep(0.005)


# ---------------------------------------------------------------------------------------------------- what the client sends


@pytest.mark.parametrize(
    ("method", "path", "options", "answer"),
    [
        ("GET", "/v2/usage", {}, {"character_count": 0, "character_limit": NO_LIMIT}),
        ("GET", "/v2/languages", {}, [{"language": "EN", "name": "English"}, {"language": "DE", "name": "German"}]),
        ("GET", "/v2/glossary-language-pairs", {}, {"supported_languages": []}),
        ("GET", "/v2/glossaries", {}, {"glossaries": []}),
        ("GET", "/v3/glossaries", {}, {"glossaries": []}),
    ],
)
def test_a_call_and_its_answer(client: TestClient, method: str, path: str, options: dict[str, Any], answer: object) -> None:
    response = client.request(method, path, **options)
    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"data": {"type": "target"}}),  # the official client: a form body on a GET
        ("GET", {"params": {"type": "target"}}),
        ("POST", {"data": {"type": "target"}}),
    ],
)
def test_target_languages(client: TestClient, method: str, options: dict[str, Any]) -> None:
    answer = client.request(method, "/v2/languages", **options).json()
    assert [one["language"] for one in answer] == ["DE", "EN-US", "EN-GB"]
    assert all(one.keys() == {"language", "name", "supports_formality"} and one["supports_formality"] is False for one in answer)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v2/glossaries", GLOSSARY, 400),
        ("GET", "/v2/glossaries/1234", None, 404),
        ("DELETE", "/v2/glossaries/1234", None, 404),
        ("GET", "/v2/glossaries/1234/entries", None, 404),
        ("POST", "/v3/glossaries", {"name": "mine", "dictionaries": [GLOSSARY]}, 400),
        ("GET", "/v3/glossaries/1234", None, 404),
        ("PATCH", "/v3/glossaries/1234", {"name": "other"}, 404),
        ("DELETE", "/v3/glossaries/1234", None, 404),
        ("GET", "/v3/glossaries/1234/entries?source_lang=EN&target_lang=DE", None, 404),
        ("PUT", "/v3/glossaries/1234/dictionaries", GLOSSARY, 404),
        ("DELETE", "/v3/glossaries/1234/dictionaries?source_lang=en&target_lang=de", None, 404),
        ("POST", "/v2/document", None, 404),
        ("POST", "/v2/document/1234", None, 404),
        ("POST", "/v2/document/1234/result", None, 404),
        ("POST", "/v2/write/rephrase", {"text": [TEXT]}, 404),
    ],
)
def test_what_is_not_there_is_told_in_words(client: TestClient, method: str, path: str, body: object, status: int) -> None:
    response = client.request(method, path, headers={"Accept": "text/tab-separated-values"}, json=body)
    assert response.status_code == status
    assert_a_message(response)


def assert_a_message(response: httpx.Response) -> None:
    """The client joins `message` and `detail` to a string: anything else is a TypeError in the middle of its error handling."""
    answer = response.json()
    assert isinstance(answer["message"], str)
    assert isinstance(answer.get("detail", ""), str)
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Trace-ID"])


def test_a_translation_as_the_client_asks_for_it(client: TestClient) -> None:
    response = client.post("/v2/translate", json=SENT)
    (one,) = response.json()["translations"]
    assert one.keys() == {"text", "detected_source_language", "billed_characters"}
    assert sorted(one["text"].replace(" ", "")) == sorted(TEXT.replace(" ", ""))
    assert (one["detected_source_language"], one["billed_characters"]) == ("EN", len(TEXT))
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Trace-ID"])


def test_translations_come_in_order_as_many_as_texts(client: TestClient) -> None:
    texts = [TEXT, "", "Two men sit.", TEXT, "42", " \n"]
    assert said(client, *texts) == [said(client, text)[0] for text in texts]


@pytest.mark.parametrize(
    "option",
    [
        {"context": "about animals"},
        {"preserve_formatting": True},
        {"preserve_formatting": False},
        {"outline_detection": False},
        {"formality": "default"},
        {"formality": "prefer_more"},
        {"formality": "prefer_less"},
        {"enable_beta_languages": True},
        {"split_sentences": "1"},
        {"split_sentences": None},
        {"split_sentences": True},
        {"split_sentences": 1},
        {"source_lang": "EN"},
        {"source_lang": "en"},
        {"source_lang": ""},
        {"source_lang": None},
        {"target_lang": "de"},
        {"target_lang": "DE-CH"},
        {"glossary_id": None},
        {"glossary_ids": []},
        {"style_id": None},
        {"custom_instructions": []},
        {"tag_handling": ""},
        {"text": TEXT},
        {"something_new": {"a": 1}},
    ],
)
def test_an_option_that_changes_nothing_is_accepted(client: TestClient, option: dict[str, Any]) -> None:
    assert said(client, TEXT, **option) == said(client, TEXT)


@pytest.mark.parametrize("model_type", ["quality_optimized", "prefer_quality_optimized", "latency_optimized"])
def test_the_model_type_is_told_to_who_asks_for_one(client: TestClient, model_type: str) -> None:
    (one,) = translate(client, model_type=model_type).json()["translations"]
    assert one["model_type_used"] == "latency_optimized"


# ---------------------------------------------------------------------------------------------------- what the server rules


@pytest.mark.parametrize(
    ("option", "status", "named"),
    [
        ({"text": None}, 400, "'text'"),
        ({"text": []}, 400, "'text'"),
        ({"text": [None]}, 400, "'text'"),
        ({"text": [["a"]]}, 400, "'text'"),
        ({"text": {"a": "b"}}, 400, "'text'"),
        ({"text": 7}, 400, "'text'"),
        ({"text": ["a"] * (MOST_TEXTS + 1)}, 400, "Too many texts"),
        ({"text": ["a" * 5001]}, 413, "5000"),
        ({"target_lang": None}, 400, "'target_lang'"),
        ({"target_lang": ""}, 400, "'target_lang'"),
        ({"target_lang": ["DE"]}, 400, "'target_lang'"),
        ({"target_lang": "FR"}, 400, "'target_lang'"),
        ({"source_lang": "DE"}, 400, "'target_lang'"),
        ({"source_lang": "FR"}, 400, "'source_lang'"),
        ({"source_lang": 7}, 400, "'source_lang'"),
        ({"source_lang": "auto"}, 400, "'source_lang'"),
        ({"formality": "more"}, 400, "'formality'"),
        ({"formality": "less"}, 400, "'formality'"),
        ({"formality": "cool"}, 400, "'formality'"),
        ({"tag_handling": "html"}, 400, "'tag_handling'"),
        ({"tag_handling": "xml", "ignore_tags": ["x"]}, 400, "'tag_handling'"),
        ({"tag_handling": 1}, 400, "'tag_handling'"),
        ({"style_id": "1234"}, 400, "'style_id'"),
        ({"translation_memory_id": "1234"}, 400, "'translation_memory_id'"),
        ({"translation_memory_threshold": 80}, 400, "'translation_memory_threshold'"),
        ({"custom_instructions": ["be kind"]}, 400, "'custom_instructions'"),
        ({"model_type": "huge"}, 400, "'model_type'"),
        ({"split_sentences": "2"}, 400, "'split_sentences'"),
        ({"split_sentences": []}, 400, "'split_sentences'"),
        ({"glossary_id": "1234"}, 400, "'source_lang'"),
        ({"glossary_ids": ["1234"]}, 400, "'source_lang'"),
        ({"source_lang": "EN", "glossary_id": "1234"}, 404, "Glossary"),
        ({"source_lang": "EN", "glossary_ids": ["1", "2"]}, 404, "Glossary"),
        ({"source_lang": "EN", "glossary_id": "1", "glossary_ids": ["2"]}, 400, "Only one"),
        ({"source_lang": "EN", "glossary_ids": list("123456")}, 400, "At most 5"),
    ],
)
def test_an_option_that_cannot_be_honoured_is_refused(client: TestClient, option: dict[str, Any], status: int, named: str) -> None:
    response = translate(client, **option)
    assert response.status_code == status
    assert_a_message(response)
    assert named in response.json()["message"]
    assert client.get("/v2/usage").json()["character_count"] == 0, "nothing is billed"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("text=A+dog+runs.&text=Two+men+sit.&target_lang=DE", "application/x-www-form-urlencoded"),
        ("text=A+dog+runs.&text=Two+men+sit.&target_lang=DE&preserve_formatting=1&split_sentences=1", "application/x-www-form-urlencoded"),
        ("text=A+dog+runs.&text=Two+men+sit.&target_lang=DE&preserve_formatting=false", "application/x-www-form-urlencoded; charset=utf-8"),
        ('{"text": ["A dog runs.", "Two men sit."], "target_lang": "DE", "preserve_formatting": "1"}', "application/json"),
        ('{"text": ["A dog runs.", "Two men sit."], "target_lang": "DE", "preserve_formatting": 0}', "application/json; charset=utf-8"),
        ('\ufeff{"text": ["A dog runs.", "Two men sit."], "target_lang": "DE"}', "application/json"),
    ],
)
def test_json_and_forms_in_every_spelling(client: TestClient, body: str, content_type: str) -> None:
    response = client.post("/v2/translate", content=body.encode(), headers={"Content-Type": content_type})
    assert [one["text"] for one in response.json()["translations"]] == said(client, TEXT, "Two men sit.")


@pytest.mark.parametrize(
    "body",
    ["", "[", "[]", "7", '"a"', "null", "NaN", "[" * 100_000, '{"text": ["a"], "target_lang": ' + "1" * 5000 + "}", "\ud800", r'"\ud800"'],
)
def test_json_that_is_none_or_no_object(client: TestClient, body: str) -> None:
    content = body.encode("utf-8", "surrogatepass")
    response = client.post("/v2/translate", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert_a_message(response)


@pytest.mark.parametrize("name", ["text", "target_lang", "source_lang", "formality", "split_sentences", "model_type", "glossary_id"])
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(client: TestClient, name: str) -> None:
    values = {"text": ["a"], "target_lang": "DE"} | {name: ["\ud800"] if name == "text" else "\ud800"}
    response = client.post("/v2/translate", content=json.dumps(values), headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert_a_message(response)


def test_limits_hold_to_the_last_one(client: TestClient) -> None:
    assert len(said(client, *["a"] * MOST_TEXTS)) == MOST_TEXTS
    bare = json.dumps(SENT | {"context": ""})
    for size, status in ((MOST_BODY_BYTES, 200), (MOST_BODY_BYTES + 1, 413)):
        body = json.dumps(SENT | {"context": "x" * (size - len(bare))})
        response = client.post("/v2/translate", content=body, headers={"Content-Type": "application/json"})
        assert (len(body), response.status_code) == (size, status)
    assert_a_message(response)


SPLIT = "A dog\nruns.\nTwo men sit. A dog."


@pytest.mark.parametrize(
    ("mode", "parts"),
    [
        ("1", ["A dog", "\n", "runs.", "\n", "Two men sit.", " ", "A dog."]),
        ("nonewlines", ["A dog runs.", "\n", "Two men sit.", " ", "A dog."]),
        ("0", ["A dog runs. Two men sit. A dog."]),
        (False, ["A dog runs. Two men sit. A dog."]),
        (True, ["A dog", "\n", "runs.", "\n", "Two men sit.", " ", "A dog."]),
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_where_sentences_are_split(client: TestClient, mode: str | bool, parts: list[str], form: bool) -> None:
    expected = "".join(part if part.isspace() else said(client, part, split_sentences="0")[0] for part in parts)
    values = {"text": [SPLIT], "target_lang": "DE", "split_sentences": mode}
    if form:
        response = client.post("/v2/translate", data=values | {"split_sentences": str(int(mode)) if isinstance(mode, bool) else mode})
    else:
        response = client.post("/v2/translate", json=values)
    assert response.json()["translations"][0]["text"] == expected


@pytest.mark.parametrize(
    ("text", "options", "language"),
    [
        (TEXT, {"source_lang": "en"}, "EN"),
        (TEXT, {"source_lang": "EN-US"}, "EN-US"),
        (TEXT, {}, "EN"),
        ("Two men sit on a bench and a dog runs.", {}, "EN"),
        ("Ein Hund läuft und zwei Männer sitzen.", {"target_lang": "EN-US"}, "DE"),
        ("Ein Hund läuft.", {"target_lang": "EN", "source_lang": "DE"}, "DE"),
        ("42", {}, "EN"),
        ("42", {"target_lang": "EN-GB"}, "DE"),
        ("a", {}, "EN"),  # too short to tell: a language from which there is a way
        ("a", {"target_lang": "EN-GB"}, "DE"),
    ],
)
def test_the_source_language_is_the_given_one_or_detected(client: TestClient, text: str, options: dict[str, str], language: str) -> None:
    assert translate(client, text, **options).json()["translations"][0]["detected_source_language"] == language


def test_code_points_of_texts_are_billed(client: TestClient) -> None:
    billed = [
        one["billed_characters"] for one in translate(client, "👍🏽", "é", "e\u0301", "你好。", "", context="x" * 99).json()["translations"]
    ]
    assert billed == [2, 1, 2, 3, 0]
    assert client.get("/v2/usage").json()["character_count"] == 8


@pytest.mark.parametrize("path", ["/v2/usage", "/v2/languages", "/v2/nothing"])
def test_no_other_origin_is_let_in(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"Origin": "https://example.org"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


# ---------------------------------------------------------------------------------------------------- keys


@pytest.fixture
def key(tmp_path: Path) -> str:
    return add_key(tmp_path / "keys", "me", None)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("DeepL-Auth-Key {key}", 200),
        ("deepl-auth-key  {key} ", 200),
        ("DeepL-Auth-Key wrong", 403),
        ("DeepL-Auth-Key", 403),
        ("Bearer {key}", 403),
        ("{key}", 403),
        (None, 403),
    ],
)
def test_keys(make_client: MakeClient, tmp_path: Path, key: str, header: str | None, status: int) -> None:
    headers = {} if header is None else {"Authorization": header.format(key=key)}
    client = make_client(api_keys_file=tmp_path / "keys")
    for method, path, body in (
        ("POST", "/v2/translate", {"json": SENT}),
        ("GET", "/v2/usage", {}),
        ("GET", "/v2/languages", {"data": {"type": "target"}}),
        ("GET", "/v2/glossary-language-pairs", {}),
        ("GET", "/v2/glossaries", {}),
        ("GET", "/v3/glossaries", {}),
    ):
        response = client.request(method, path, headers=headers, **body)
        assert response.status_code == status
        if status == 403:
            assert_a_message(response)


@pytest.mark.parametrize("place", ["params", "json"])
def test_a_key_in_query_or_body_is_none(make_client: MakeClient, tmp_path: Path, key: str, place: str) -> None:
    client = make_client(api_keys_file=tmp_path / "keys")
    options: dict[str, Any] = {"json": SENT}
    options[place] = options.get(place, {}) | {"auth_key": key}
    assert client.post("/v2/translate", **options).status_code == 403


# ---------------------------------------------------------------------------------------------------- statuses and retries


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/v2/nothing", {}, 404),
        ("GET", "/v2", {}, 404),
        ("GET", "/v3/nothing", {}, 404),
        ("DELETE", "/v2/usage", {}, 405),
        ("GET", "/v2/translate", {}, 405),
        ("PUT", "/v3/glossaries", {}, 405),
        ("POST", "/v2/translate", {"content": b"x" * (MOST_BODY_BYTES + 1)}, 413),
        ("GET", "/v2/languages", {"content": b"x" * (MOST_BODY_BYTES + 1)}, 413),
        ("POST", "/v2/translate", {"content": b"", "headers": {"Content-Encoding": "gzip"}}, 415),
        (
            "POST",
            "/v2/translate",
            {"content": b"text=%ff&target_lang=DE", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            400,
        ),
        ("POST", "/v2/translate", {"content": b"text=a&target_lang=DE", "headers": {"Content-Type": "text/plain"}}, 400),
        ("GET", "/v2/languages", {"params": {"type": "both"}}, 400),
    ],
)
def test_every_failure_has_a_message(client: TestClient, method: str, path: str, options: dict[str, Any], status: int) -> None:
    response = client.request(method, path, **options)
    assert response.status_code == status
    assert_a_message(response)


def test_too_fast_is_429(make_client: MakeClient) -> None:
    client = make_client(client=("192.0.2.1", 50000), requests_per_minute=2)
    assert translate(client, TEXT, TEXT).status_code == 200
    response = translate(client)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert_a_message(response)


def test_too_late_is_503_before_the_client_gives_up(make_client: MakeClient) -> None:
    assert make_client().app.state.service.settings.deepl_deadline_seconds == 9.0  # type: ignore[attr-defined]
    client = make_client(deepl_deadline_seconds=0.2)
    runtime(client).before = lambda rows: time.sleep(0.5)
    response = translate(client)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert_a_message(response)


def test_busy_is_429_and_what_never_fits_413(make_client: MakeClient) -> None:
    client = make_client(batch_sentences=1, queue_pieces=60)
    go = threading.Event()
    runtime(client).before = lambda rows: assert_went(go)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(translate, client, *(f"dog {number}" for number in range(8)))
        try:
            wait_until_queued(client)
            busy = translate(client, *(f"men {number}" for number in range(8)))
            never = translate(client, *(f"bench {number}" for number in range(40)))
        finally:
            go.set()
    assert first.result().status_code == 200
    assert (busy.status_code, never.status_code) == (429, 413)
    assert int(busy.headers["Retry-After"]) >= 1
    assert_a_message(busy)
    assert_a_message(never)


def assert_went(go: threading.Event) -> None:
    assert go.wait(10)


def test_a_failure_nobody_foresaw_is_500(client: TestClient) -> None:
    runtime(client).error = RuntimeError("the text of a request")
    response = translate(client)
    assert response.status_code == 500
    assert "the text of a request" not in response.text
    assert_a_message(response)


def test_an_ending_server_says_503(client: TestClient) -> None:
    assert client.portal is not None
    client.portal.call(client.app.state.service.models.served["ende"].current.batcher.close)  # type: ignore[attr-defined]
    response = translate(client)
    assert response.status_code == 503
    assert_a_message(response)
