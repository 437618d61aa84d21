"""What a stranger may try: every API refuses it in its own words, and nothing of a request gets where it does not belong."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from nmt.tokenizer import TokenizerPair
from serve.access import add_key
from tests.serve.conftest import MakeClient
from tests.serve.scripted import make_app

TEXT = "A dog runs."
JSON = {"content-type": "application/json"}
# Of each API: the route that translates, a body that it takes, and where an error is said.
APIS: dict[str, tuple[str, dict[str, Any], str]] = {
    "libretranslate": ("/translate", {"q": TEXT, "source": "en", "target": "de"}, "error"),
    "deepl": ("/v2/translate", {"text": [TEXT], "source_lang": "EN", "target_lang": "DE"}, "message"),
    "tensorflow_serving": ("/v1/models/ende:predict", {"instances": [TEXT]}, "error"),
    "native": ("/nmt/translate", {"text": TEXT, "source": "en"}, "error"),
}
api = pytest.mark.parametrize("api", APIS)


def said(answer: Any, api: str) -> str:
    """What an error says, which is in the shape of its API."""
    found = answer.json()
    extra = {"request_id"} if api == "native" else set()
    assert found.keys() == {APIS[api][2]} | extra
    assert found.get("request_id", answer.headers["x-request-id"]) == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    return str(found[APIS[api][2]])


def ask(client: TestClient, api: str, text: str = TEXT, **options: Any) -> Any:
    path, body, _ = APIS[api]
    return client.post(path, content=json.dumps(body).replace(TEXT, text), headers=JSON | options.pop("headers", {}), **options)


async def call(app: Any, path: str, receive: Any, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Call an application without any client between: status, headers, body."""
    scope: Scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("testserver", 80), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


class TestBodies:
    @api
    @pytest.mark.parametrize("declared", [True, False])
    def test_a_big_body(self, make_client: MakeClient, api: str, declared: bool) -> None:
        path, body, _ = APIS[api]
        whole = json.dumps(body | {"padding": "x" * 3000}).encode()
        parts = [whole[start : start + 500] for start in range(0, len(whole), 500)]
        answer = make_client(max_body_bytes=2000).post(path, content=whole if declared else iter(parts), headers=JSON)
        assert ("content-length" in answer.request.headers) is declared
        assert (answer.status_code, said(answer, api)) == (413, "the body is larger than 2000 bytes")

    def test_a_big_body_for_deepl_is_smaller(self, client: TestClient) -> None:
        body = {"text": ["A" * 200], "target_lang": "DE", "context": "x" * (129 << 10)}
        assert client.post("/v2/translate", json=body).status_code == 413
        assert client.post("/nmt/translate", json=body).status_code == 400

    @api
    @pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
    def test_a_compressed_body(self, client: TestClient, api: str, encoding: str) -> None:
        answer = ask(client, api, headers={"Content-Encoding": encoding})
        assert (answer.status_code, said(answer, api)) == (415, "compressed bodies are not taken: send it without Content-Encoding")
        assert answer.headers["connection"] == "close"

    @api
    @pytest.mark.parametrize(
        "body",
        [
            "[" * 100_000,
            '{"a":' * 20_000,
            '{"a": ' + "[" * 2000 + "]" * 2000 + "}",
            '{"a": ' + "1" * 5000 + "}",
            '{"a": NaN}',
            '{"a": -Infinity}',
        ],
        ids=["lists", "objects", "closed lists", "digits", "NaN", "Infinity"],
    )
    def test_odd_json(self, client: TestClient, api: str, body: str) -> None:
        answer = client.post(APIS[api][0], content=body, headers=JSON)
        assert (answer.status_code, said(answer, api)) == (400, "Invalid JSON format")

    @api
    def test_a_slow_body(self, tokenizers: TokenizerPair, api: str) -> None:
        async def receive() -> Message:
            await asyncio.sleep(5)
            return {"type": "http.disconnect"}

        app = make_app(tokenizers, body_seconds=0.05)
        status, headers, body = asyncio.run(call(app, APIS[api][0], receive, JSON))
        assert (status, headers["connection"]) == (408, "close")
        assert json.loads(body)[APIS[api][2]] == "the body did not come within 0.05 s"

    @api
    def test_a_body_that_trickles(self, tokenizers: TokenizerPair, api: str) -> None:
        async def receive() -> Message:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b" ", "more_body": True}

        app = make_app(tokenizers, body_seconds=0.1)
        assert asyncio.run(call(app, APIS[api][0], receive, JSON))[0] == 408

    @api
    def test_a_body_that_is_broken_off(self, tokenizers: TokenizerPair, api: str) -> None:
        messages: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

        async def receive() -> Message:
            return messages.pop(0)

        assert asyncio.run(call(make_app(tokenizers), APIS[api][0], receive, JSON))[0] == 400

    @api
    def test_a_length_of_thousands_of_digits(self, tokenizers: TokenizerPair, api: str) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}", "more_body": False}

        headers = JSON | {"content-length": "9" * 5000}
        assert asyncio.run(call(make_app(tokenizers), APIS[api][0], receive, headers))[0] == 413


class TestTexts:
    @api
    @pytest.mark.parametrize("half", [r"\ud800", r"A \udfff.", r"\udc00\ud800"])
    def test_half_a_surrogate_pair(self, client: TestClient, api: str, half: str) -> None:
        answer = ask(client, api, half)
        assert answer.status_code == 400
        assert "surrogate" in said(answer, api)

    @api
    def test_a_whole_pair_is_a_character(self, client: TestClient, api: str) -> None:
        assert "🙂" in json.dumps(ask(client, api, r"\ud83d\ude42").json(), ensure_ascii=False)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/translate", '{"q": "A", "source": "en-\\ud800", "target": "de"}'),
            ("/translate", '{"q": "A", "source": "\\ud800", "target": "de"}'),
            ("/translate", '{"q": "A", "source": "en", "target": "en-\\ud800"}'),
            ("/translate", '{"q": "A", "source": "en", "target": "de", "format": "\\ud800"}'),
            ("/translate", '{"q": "A", "source": "en", "target": "de", "api_key": "\\ud800"}'),
            ("/translate", '{"q": "A", "source": "en", "target": "de", "\\ud800": 1}'),
            ("/detect", '{"q": "\\ud800"}'),
            ("/v2/translate", '{"text": "A", "source_lang": "EN-\\ud800", "target_lang": "DE"}'),
            ("/v2/translate", '{"text": "A", "source_lang": "EN", "target_lang": "DE-\\ud800"}'),
            ("/v2/translate", '{"text": "A", "source_lang": "EN", "target_lang": "DE", "split_sentences": "\\ud800"}'),
            ("/v1/models/ende:predict", '{"instances": ["A"], "signature_name": "\\ud800"}'),
            ("/v1/models/ende:predict", '{"instances": [{"b64": "\\ud800"}]}'),
            ("/nmt/translate", '{"text": "A", "source": "en-\\ud800"}'),
            ("/nmt/translate", '{"text": "A", "source": "\\ud800"}'),
            ("/nmt/translate", '{"text": "A", "source": "en", "target": "\\ud800"}'),
            ("/nmt/translate", '{"text": "A", "model": "\\ud800"}'),
            ("/nmt/translate", '{"text": "A", "split": "\\ud800"}'),
            ("/nmt/translate", '{"text": "A", "\\ud800": 1}'),
        ],
    )
    def test_half_a_pair_elsewhere_breaks_nothing(self, client: TestClient, path: str, body: str) -> None:
        assert client.post(path, content=body, headers=JSON).status_code in (200, 400, 404)

    @api
    def test_control_characters_are_dropped(self, client: TestClient, api: str) -> None:
        def without_timing(answer: Any) -> Any:
            return {name: one for name, one in answer.json().items() if name != "timing"}

        odd = without_timing(ask(client, api, r"\u0000A d\u001bog\u0007 ru\u007fns."))
        assert odd == without_timing(ask(client, api, "A dog runs."))

    @api
    def test_directions_and_joiners_stay(self, client: TestClient, api: str) -> None:
        assert "1\u202e2\u200d3" in json.dumps(ask(client, api, r"1\u202e2\u200d3").json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "%2e%2e", "..%2f..%2fetc", "a b", "a%00b", "ende%0a", "ende;x", "é", "x" * 5000, "", "END", "ende:", "{name}", "%ff"],
)
class TestModelNames:
    def test_a_path_of_none(self, client: TestClient, name: str) -> None:
        for answer in (client.get(f"/v1/models/{name}/metadata"), client.post(f"/v1/models/{name}:predict", json={"instances": ["A"]})):
            assert answer.status_code == 404
            assert said(answer, "tensorflow_serving")

    def test_a_name_of_none(self, client: TestClient, name: str) -> None:
        answer = client.post("/nmt/translate", json={"text": "A", "model": name})
        assert (answer.status_code, said(answer, "native")) == (404, f"no model {name[:40]!r}; there are ende, deen")


@pytest.mark.parametrize("version", ["2", "0", "-1", "1.0", "x", "9" * 5000, "１"])
def test_versions_of_none(client: TestClient, version: str) -> None:
    answer = client.get(f"/v1/models/ende/versions/{version}")
    assert (answer.status_code, bool(said(answer, "tensorflow_serving"))) == (404, True)


SECRET = "geheimnisvoll"


class TestUnknownErrors:
    @api
    def test_nothing_is_told_but_the_request_id(self, client: TestClient, caplog: pytest.LogCaptureFixture, api: str) -> None:
        for runtime in client.app.state.service.models.runtimes.values():  # type: ignore[attr-defined]
            runtime.error = RuntimeError(f"it was about {SECRET}")
        answer = ask(client, api, SECRET, headers={"X-Request-ID": "mine"})
        assert (answer.status_code, answer.headers["x-request-id"]) == (500, "mine")
        assert said(answer, api) == "something went wrong here; ask the operator about request mine"
        assert "request mine failed" in caplog.text
        assert "RuntimeError" in caplog.text
        assert SECRET not in caplog.text

    @api
    def test_the_next_request_is_answered(self, client: TestClient, api: str) -> None:
        runtimes = client.app.state.service.models.runtimes  # type: ignore[attr-defined]
        for runtime in runtimes.values():
            runtime.error = RuntimeError("once")
        assert ask(client, api).status_code == 500
        for runtime in runtimes.values():
            runtime.error = None
        assert ask(client, api).status_code == 200


class TestLog:
    """The loggers `serve` and `serve.access` get no text, key, query string or made-up path."""

    @pytest.fixture
    def lines(self, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
        caplog.set_level(logging.DEBUG)
        return caplog

    def test_a_line(self, make_client: MakeClient, lines: pytest.LogCaptureFixture) -> None:
        ask(make_client(access_log=True), "native", headers={"X-Request-ID": "mine"})
        (line,) = [json.loads(record.message) for record in lines.records if record.name == "serve.access"]
        assert line.keys() == {
            "time", "id", "api", "route", "method", "status", "ms", "client", "model", "version", "pair", "texts", "characters", "tokens",
            "queue_ms", "inference_ms", "batch_rows",
        }  # fmt: skip
        expected = {"id": "mine", "api": "native", "route": "/nmt/translate", "status": 200, "pair": "en-de", "texts": 1, "characters": 11}
        assert expected.items() <= line.items()
        assert line["client"] != "127.0.0.1"

    @api
    def test_a_request_that_is_answered(self, make_client: MakeClient, lines: pytest.LogCaptureFixture, tmp_path: Path, api: str) -> None:
        key = add_key(tmp_path / "keys", "somebody", None)
        path, body, _ = APIS[api]
        headers = {"Authorization": f"{'DeepL-Auth-Key' if api == 'deepl' else 'Bearer'} {key}", "User-Agent": SECRET}
        client = make_client(access_log=True, api_keys_file=tmp_path / "keys")
        whole = json.loads(json.dumps(body).replace(TEXT, SECRET)) | ({"api_key": key} if api == "libretranslate" else {})
        assert client.post(path, params={"note": SECRET}, json=whole, headers=headers).status_code == 200
        self.nothing_told(lines, key)

    @api
    def test_a_request_that_is_refused(self, make_client: MakeClient, lines: pytest.LogCaptureFixture, tmp_path: Path, api: str) -> None:
        add_key(tmp_path / "keys", "somebody", None)
        client = make_client(access_log=True, api_keys_file=tmp_path / "keys")
        path, body, _ = APIS[api]
        asked = {"params": {"q": SECRET, "api_key": SECRET}, "headers": {"Authorization": f"Bearer {SECRET}", "X-Request-ID": SECRET + "!"}}
        for whole in (body, body | {"source": SECRET, "source_lang": SECRET, "signature_name": SECRET}, {SECRET: SECRET}, SECRET):
            assert 400 <= client.post(path, json=whole, **asked).status_code < 500
        self.nothing_told(lines)

    @pytest.mark.parametrize(
        "path", [f"/{SECRET}", f"/v1/models/{SECRET}", f"/v2/glossaries/{SECRET}", f"/nmt/{SECRET}", f"/translate/{SECRET}"]
    )
    def test_a_path_that_was_made_up(self, make_client: MakeClient, lines: pytest.LogCaptureFixture, path: str) -> None:
        assert make_client(access_log=True).get(path, params={"q": SECRET}).status_code == 404
        self.nothing_told(lines)

    def test_it_can_be_off(self, make_client: MakeClient, lines: pytest.LogCaptureFixture) -> None:
        ask(make_client(access_log=False), "native")
        assert [record for record in lines.records if record.name == "serve.access"] == []

    def nothing_told(self, lines: pytest.LogCaptureFixture, *others: str) -> None:
        ours = [record for record in lines.records if record.name.startswith("serve")]
        assert len(ours) >= 1
        for secret in (SECRET, *others):
            assert secret not in " ".join(record.getMessage() for record in ours)


class TestRequestIds:
    @pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
    def test_a_harmless_one_is_taken(self, client: TestClient, given: str) -> None:
        assert client.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"] == given

    @pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a/b", "a\tb", '"', "ä", "<script>"])
    def test_any_other_is_replaced(self, client: TestClient, given: str | None) -> None:
        headers = {} if given is None else {"X-Request-ID": given.encode("latin-1")}
        found = [client.get("/health", headers=headers).headers["x-request-id"] for _ in range(2)]
        assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in found)
        assert found[0] != found[1]

    @pytest.mark.parametrize("path", ["/v2/languages", "/v2/usage", "/v2/nothing", "/v3/glossaries", "/v2/translate"])
    def test_deepls_routes_have_a_trace_id(self, client: TestClient, path: str) -> None:
        headers = client.get(path).headers
        assert headers["x-trace-id"] == headers["x-request-id"]
        assert len(headers["x-trace-id"]) == 32

    @pytest.mark.parametrize("path", ["/translate", "/health", "/nmt/models", "/v1/models/ende", "/metrics"])
    def test_no_other_routes_have(self, client: TestClient, path: str) -> None:
        assert "x-trace-id" not in client.get(path).headers


ROUTES = [
    "/",
    "/openapi.json",
    "/languages",
    "/v2/languages",
    "/v1/models/ende",
    "/nmt/models",
    "/livez",
    "/metrics",
    "/nothing",
    "/v2/nothing",
]


class TestHeaders:
    @pytest.mark.parametrize("path", ROUTES)
    def test_of_every_answer(self, client: TestClient, path: str) -> None:
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert not {"server", "set-cookie", "x-powered-by", "access-control-allow-origin"} & set(headers)

    def test_of_an_unknown_error(self, client: TestClient) -> None:
        client.app.state.service.models.runtimes["ende"].error = RuntimeError()  # type: ignore[attr-defined]
        answer = ask(client, "native")
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (500, "nosniff")

    def test_of_the_page(self, client: TestClient) -> None:
        policy = client.get("/").headers["content-security-policy"]
        assert "script-src 'sha256-" in policy
        assert "unsafe" not in policy


ORIGIN = "https://pages.example"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


class TestCors:
    def test_it_is_off(self, client: TestClient) -> None:
        assert client.options("/translate", headers=PREFLIGHT).status_code == 405
        assert "access-control-allow-origin" not in client.get("/languages", headers={"Origin": ORIGIN}).headers

    @pytest.mark.parametrize(("origins", "allowed"), [((ORIGIN,), ORIGIN), (("*",), "*"), (("https://other.example", ORIGIN), ORIGIN)])
    def test_it_is_on_for_the_origins_that_are_named(self, make_client: MakeClient, origins: tuple[str, ...], allowed: str) -> None:
        client = make_client(cors_origins=origins)
        for answer in (client.options("/translate", headers=PREFLIGHT), client.get("/languages", headers={"Origin": ORIGIN})):
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, allowed)
            assert "access-control-allow-credentials" not in answer.headers
            assert "x-request-id" in answer.headers

    def test_it_is_off_for_others(self, make_client: MakeClient) -> None:
        client = make_client(cors_origins=(ORIGIN,))
        other = {"Origin": "https://evil.example"}
        assert client.options("/translate", headers=PREFLIGHT | other).status_code == 400
        assert "access-control-allow-origin" not in client.get("/languages", headers=other).headers


class TestUnknownRoutes:
    @pytest.mark.parametrize(
        ("path", "api"),
        [
            ("/nothing", "libretranslate"), ("/download_file/x", "libretranslate"), ("/v22/x", "libretranslate"),
            ("/nmtx", "libretranslate"), ("/docs", "libretranslate"),
            ("/v2", "deepl"), ("/v2/document", "deepl"), ("/v3/x", "deepl"), ("/v2/glossaries/1/x", "deepl"),
            ("/v1", "tensorflow_serving"), ("/v1/models", "tensorflow_serving"), ("/v1/models/ende:classify", "tensorflow_serving"),
            ("/v1/models/ende/labels/stable", "tensorflow_serving"), ("/nmt", "native"), ("/nmt/x", "native"),
        ],
    )  # fmt: skip
    def test_404(self, client: TestClient, path: str, api: str) -> None:
        answer = client.get(path)
        assert (answer.status_code, said(answer, api)) == (404, "Not found")

    @pytest.mark.parametrize(
        ("method", "path", "api"),
        [
            ("GET", "/translate", "libretranslate"), ("PUT", "/languages", "libretranslate"), ("GET", "/v2/translate", "deepl"),
            ("DELETE", "/v2/glossaries", "deepl"), ("PATCH", "/v2/usage", "deepl"),
            ("GET", "/v1/models/ende:predict", "tensorflow_serving"),
            ("POST", "/v1/models/ende", "tensorflow_serving"), ("GET", "/nmt/translate", "native"), ("DELETE", "/nmt/models", "native"),
        ],
    )  # fmt: skip
    def test_405(self, client: TestClient, method: str, path: str, api: str) -> None:
        answer = client.request(method, path)
        assert (answer.status_code, said(answer, api)) == (405, f"{method} is not allowed for this route")
        assert method not in answer.headers["allow"]

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/livez/x", 404), ("POST", "/metrics", 405), ("PUT", "/readyz", 405)])
    def test_operations_answer_in_text(self, client: TestClient, method: str, path: str, status: int) -> None:
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")


class TestOperations:
    paths = pytest.mark.parametrize(("path", "text"), [("/livez", "alive\n"), ("/readyz", "ready\n"), ("/metrics", "# HELP")])

    @paths
    def test_they_are_open(self, client: TestClient, path: str, text: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.text.startswith(text)
        assert answer.headers["content-type"].startswith("text/plain")

    @paths
    def test_a_token_closes_them(self, make_client: MakeClient, path: str, text: str) -> None:
        client = make_client(metrics_token="the token")
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic the token"}):
            answer = client.get(path, headers=headers)
            assert (answer.status_code, answer.text) == (401, "a token is needed: Authorization: Bearer TOKEN\n")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get(path, headers={"Authorization": "Bearer the token"}).text.startswith(text)

    def test_no_api_key_opens_them(self, make_client: MakeClient, tmp_path: Path) -> None:
        key = add_key(tmp_path / "keys", "one", None)
        client = make_client(api_keys_file=tmp_path / "keys", metrics_token="the token")
        assert client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 401

    def test_ready_is_no_longer_while_ending(self, client: TestClient) -> None:
        client.app.state.service.draining = True  # type: ignore[attr-defined]
        answer = client.get("/readyz")
        assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, "draining\n", "1")
        assert answer.headers["connection"] == "close"
        assert client.get("/livez").status_code == 200

    def test_metrics_hold_no_text_and_no_key(self, make_client: MakeClient, tmp_path: Path) -> None:
        key = add_key(tmp_path / "keys", "somebody", 1)
        client = make_client(api_keys_file=tmp_path / "keys")
        whole = {"q": SECRET, "source": "en", "target": "de"}
        for given in (key, key, SECRET, ""):
            client.post("/translate", json=whole | {"api_key": given})
        client.get(f"/{SECRET}?q={SECRET}")
        text = client.get("/metrics").text
        for secret in (SECRET, key, "somebody", "127.0.0.1", "testclient"):
            assert secret not in text
        for line in (
            'nmt_requests_total{api="libretranslate",model="ende",status="200",version="1"} 1.0',
            'nmt_requests_total{api="libretranslate",model="",status="429",version=""} 1.0',
            'nmt_requests_total{api="libretranslate",model="",status="404",version=""} 1.0',
            'nmt_rejected_total{reason="rate"} 1.0',
            'nmt_rejected_total{reason="key_wrong"} 1.0',
            'nmt_rejected_total{reason="key_missing"} 1.0',
            f'nmt_characters_total{{model="ende",version="1"}} {len(SECRET)}.0',
        ):
            assert line in text.splitlines()
