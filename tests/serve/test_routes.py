"""Routes that are shared out among wire formats: who answers what, and who does not."""

import re

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import MakeClient


@pytest.mark.parametrize("path", ["/languages/", "/v2/languages/", "/nmt/models/", "/v1/models/ende/"])
def test_a_slash_too_many_is_not_found_and_sends_nobody_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert (answer.status_code, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("path", ["/v2/glossaries", "/v3/glossaries"])
def test_what_a_route_allows_is_said_whole(client: TestClient, path: str) -> None:
    answer = client.delete(path)
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("path", "allowed"), [("/languages", True), ("/nmt/models", True), ("/v2/usage", False), ("/v3/glossaries", False)]
)
def test_deepl_routes_answer_no_browser_of_another_origin(make_client: MakeClient, path: str, allowed: bool) -> None:
    client = make_client(cors_origins="https://a.example")
    answer = client.get(path, headers={"Origin": "https://a.example"})
    assert ("access-control-allow-origin" in answer.headers) == allowed


@pytest.mark.parametrize("text", ["Der Hund läuft über die Straße.", "The dog runs over the street."])
def test_a_source_is_told_among_those_that_lead_to_the_target(client: TestClient, text: str) -> None:
    """Models are en-de and de-en: whatever a text looks like, into German it is translated from English."""
    plain = client.post("/translate", json={"q": text, "source": "auto", "target": "de"}).json()
    assert plain["detectedLanguage"]["language"] == "en"
    own = client.post("/nmt/translate", json={"text": text, "target": "de"}).json()
    assert own["translations"][0]["detected"]["language"] == "en"
    deepl = client.post("/v2/translate", json={"text": [text], "target_lang": "DE"}).json()
    assert deepl["translations"][0]["detected_source_language"] == "EN"


@pytest.mark.parametrize("given", ["abc", "0123456789abcdef" * 2, "é"])
def test_a_trace_id_is_32_hexadecimal_digits_whatever_the_request_id(client: TestClient, given: str) -> None:
    answer = client.get("/v2/usage", headers={"X-Request-ID": given.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-trace-id"])
    assert answer.headers["x-request-id"] == (given if given.isascii() else answer.headers["x-trace-id"])
