"""TensorFlow Serving's REST API for models of strings, a rule a case: status, metadata, predict in every form, and its status codes."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from serve.access import add_key
from tests.serve.conftest import MakeClient
from tests.serve.scripted import ReversingRuntime

PREDICT = "/v1/models/ende:predict"
A, B = "A dog runs.", "Ein Hund läuft."


def predict(client: TestClient, body: Any, path: str = PREDICT) -> httpx.Response:
    return client.post(path, json=body)


def said(client: TestClient, text: str) -> str:
    return predict(client, {"instances": [text]}).json()["predictions"][0]


def b64(text: str) -> dict[str, str]:
    return {"b64": base64.b64encode(text.encode()).decode()}


def runtime(client: TestClient) -> ReversingRuntime:
    return client.app.state.service.models.runtimes["ende"]  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------- status and metadata


@pytest.mark.parametrize("path", ["/v1/models/ende", "/v1/models/ende/versions/1", "/v1/models/ende/versions/01"])
def test_status(client: TestClient, path: str) -> None:
    version = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert client.get(path).json() == {"model_version_status": [version]}


def test_a_version_that_was_refused_is_told_without_its_reasons(client: TestClient) -> None:
    client.app.state.service.models.served["ende"].states[2] = ("END", "/home/somebody/2 is damaged")  # type: ignore[attr-defined]
    newest, first = client.get("/v1/models/ende").json()["model_version_status"]
    assert (newest["version"], newest["state"], newest["status"]["error_code"]) == ("2", "END", "FAILED_PRECONDITION")
    assert "somebody" not in newest["status"]["error_message"] != ""
    assert (first["version"], first["state"]) == ("1", "AVAILABLE")
    assert predict(client, {"instances": [A]}, "/v1/models/ende/versions/2:predict").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "which"),
    [
        ("GET", "/v1/models/x", "Latest(x)"),
        ("GET", "/v1/models/x/versions/7", "Specific(x, 7)"),
        ("GET", "/v1/models/ende/versions/7", "Specific(ende, 7)"),
        ("GET", "/v1/models/x/metadata", "Latest(x)"),
        ("GET", "/v1/models/ende/versions/7/metadata", "Specific(ende, 7)"),
        ("POST", "/v1/models/x:predict", "Latest(x)"),
        ("POST", "/v1/models/x/versions/1:predict", "Specific(x, 1)"),
        ("POST", "/v1/models/ende/versions/7:predict", "Specific(ende, 7)"),
    ],
)
def test_an_unknown_servable(client: TestClient, method: str, path: str, which: str) -> None:
    response = client.request(method, path, json={"instances": [A]} if method == "POST" else None)
    assert (response.status_code, response.json()) == (404, {"error": f"Servable not found for request: {which}"})


@pytest.mark.parametrize("path", ["/v1/models/ende/metadata", "/v1/models/ende/versions/1/metadata"])
def test_metadata(client: TestClient, path: str) -> None:
    answer = client.get(path).json()
    assert answer["model_spec"] == {"name": "ende", "signature_name": "", "version": "1"}
    (name, signature), *others = answer["metadata"]["signature_def"]["signature_def"].items()
    assert (name, others, signature["method_name"]) == ("serving_default", [], "tensorflow/serving/predict")
    assert {side: list(signature[side]) for side in ("inputs", "outputs")} == {"inputs": ["text"], "outputs": ["translation"]}
    assert all(spec["dtype"] == "DT_STRING" for spec in [signature["inputs"]["text"], signature["outputs"]["translation"]])


# ---------------------------------------------------------------------------------------------------- predict


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"instances": [A, B]}, "predictions"),
        ({"instances": [{"text": A}, {"text": B}]}, "predictions"),
        ({"instances": [A, {"text": B}]}, "predictions"),
        ({"instances": [b64(A), b64(B)]}, "predictions"),
        ({"instances": [{"text": b64(A)}, b64(B)]}, "predictions"),
        ({"signature_name": "serving_default", "instances": [A, B]}, "predictions"),
        ({"signature_name": "", "instances": [A, B]}, "predictions"),
        ({"signature_name": None, "instances": [A, B]}, "predictions"),
        ({"inputs": [A, B]}, "outputs"),
        ({"inputs": {"text": [A, B]}}, "outputs"),
        ({"inputs": [b64(A), B]}, "outputs"),
        ({"inputs": {"text": [A, b64(B)]}}, "outputs"),
        ({"signature_name": "serving_default", "inputs": [A, B]}, "outputs"),
    ],
)
@pytest.mark.parametrize("path", [PREDICT, "/v1/models/ende/versions/1:predict"])
def test_every_form_of_two_texts(client: TestClient, path: str, body: Any, key: str) -> None:
    assert predict(client, body, path).json() == {key: [said(client, A), said(client, B)]}


@pytest.mark.parametrize("inputs", [A, b64(A), {"text": A}, {"text": b64(A)}])
def test_one_input_without_a_list(client: TestClient, inputs: Any) -> None:
    assert predict(client, {"inputs": inputs}).json() == {"outputs": [said(client, A)]}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/json", "nonsense", None])
def test_the_content_type_is_not_checked(client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert client.post(PREDICT, content=json.dumps({"instances": [A]}), headers=headers).json() == {"predictions": [said(client, A)]}


def test_texts_are_texts_of_paragraphs(client: TestClient) -> None:
    assert said(client, f" {A}\n\n{A}\t") == f" {said(client, A)}\n\n{said(client, A)}\t"
    assert predict(client, {"instances": ["", " ", "42", "👍🏽"]}).json() == {"predictions": ["", " ", "42", "👍🏽"]}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "either 'instances' or 'inputs'"),
        ({"instances": [A], "inputs": [A]}, "not both"),
        ({"instances": []}, "at least one"),
        ({"instances": None}, "'instances'"),
        ({"instances": A}, "'instances'"),
        ({"instances": {"text": [A]}}, "'instances'"),
        ({"instances": [7]}, "must be a string"),
        ({"instances": [None]}, "must be a string"),
        ({"instances": [[A]]}, "must be a string"),
        ({"instances": [{"text": A, "beam": 5}]}, "must be a string"),
        ({"instances": [{"texts": A}]}, "must be a string"),
        ({"instances": [{"b64": "!"}]}, "base64"),
        ({"instances": [{"b64": "é"}]}, "base64"),
        ({"instances": [{"b64": base64.b64encode(b"\xff").decode()}]}, "base64"),
        ({"instances": [{"b64": 7}]}, "must be a string"),
        ({"inputs": []}, "at least one"),
        ({"inputs": {}}, "'text'"),
        ({"inputs": None}, "must be a string"),
        ({"inputs": 7}, "must be a string"),
        ({"inputs": {"text": []}}, "at least one"),
        ({"inputs": {"texts": [A]}}, "'text'"),
        ({"inputs": {"text": [A], "beam": [5]}}, "'text'"),
        ({"signature_name": "translate_ids", "instances": [A]}, "signature"),
        ({"signature_name": ["serving_default"], "instances": [A]}, "signature"),
        ({"instances": ["a"] * 129}, "128"),
        ({"instances": ["a" * 5001]}, "5000"),
        ([], "JSON"),
        (None, "JSON"),
    ],
)
def test_what_cannot_be_predicted(client: TestClient, body: Any, named: str) -> None:
    response = predict(client, body)
    assert response.status_code == 400
    assert response.json().keys() == {"error"}
    assert named in response.json()["error"]


@pytest.mark.parametrize("body", ["", "[", "NaN", '{"instances": [NaN]}', '{"instances": ["\\ud800"]}', '{"instances":' + "[" * 100_000])
def test_what_is_no_json(client: TestClient, body: str) -> None:
    response = client.post(PREDICT, content=body)
    assert response.status_code == 400
    assert isinstance(response.json()["error"], str)


def test_limits_hold_to_the_last_one(make_client: MakeClient) -> None:
    client = make_client(max_texts=2, max_characters=9, max_body_bytes=100)
    assert predict(client, {"instances": ["a" * 9] * 2}).status_code == 200
    assert predict(client, {"instances": ["a"] * 3}).status_code == 400
    assert predict(client, {"instances": ["a" * 10]}).status_code == 400
    assert predict(client, {"instances": ["a" * 100]}).status_code == 413


# ---------------------------------------------------------------------------------------------------- statuses


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/v1/models", {}, 404),
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/v1/models/ende/versions/x", {}, 404),
        ("GET", "/v1/models/ende/versions/" + "1" * 5000, {}, 404),
        ("POST", "/v1/models/ende/versions/-1:predict", {}, 404),
        ("POST", "/v1/models/ende:classify", {}, 404),
        ("POST", "/v1/models/ende:regress", {}, 404),
        ("POST", "/v1/models/..%2Fende:predict", {}, 404),
        ("GET", "/v1/models/ende:predict", {}, 405),
        ("POST", "/v1/models/ende", {}, 405),
        ("POST", PREDICT, {"content": b"{}", "headers": {"Content-Encoding": "gzip"}}, 415),
    ],
)
def test_a_route_that_is_none(client: TestClient, method: str, path: str, options: dict[str, Any], status: int) -> None:
    response = client.request(method, path, **options)
    assert response.status_code == status
    assert response.json().keys() == {"error"}


@pytest.mark.parametrize(
    ("header", "status"),
    [({"Authorization": "Bearer {key}"}, 200), ({"X-API-Key": "{key}"}, 200), ({"Authorization": "Bearer wrong"}, 403), ({}, 403)],
)
def test_keys(make_client: MakeClient, tmp_path: Path, header: dict[str, str], status: int) -> None:
    key = add_key(tmp_path / "keys", "me", None)
    client = make_client(api_keys_file=tmp_path / "keys")
    headers = {name: value.format(key=key) for name, value in header.items()}
    for response in (
        client.post(PREDICT, json={"instances": [A]}, headers=headers),
        client.get("/v1/models/ende", headers=headers),
        client.get("/v1/models/ende/metadata", headers=headers),
    ):
        assert response.status_code == status


def test_too_fast_is_429(make_client: MakeClient) -> None:
    client = make_client(client=("192.0.2.1", 50000), requests_per_minute=2)
    assert predict(client, {"instances": [A, B]}).status_code == 200
    response = predict(client, {"instances": [A]})
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1


def test_too_late_is_504(make_client: MakeClient) -> None:
    client = make_client(deadline_seconds=0.2)
    runtime(client).before = lambda rows: time.sleep(0.5)
    assert predict(client, {"instances": [A]}).status_code == 504


def test_busy_is_503_and_what_never_fits_413(make_client: MakeClient) -> None:
    client = make_client(batch_sentences=1, queue_pieces=60)
    go = threading.Event()

    def wait(_rows: int) -> None:
        assert go.wait(10)

    runtime(client).before = wait
    batcher = client.app.state.service.models.served["ende"].current.batcher  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(predict, client, {"instances": [f"dog {number}" for number in range(8)]})
        try:
            until = time.monotonic() + 10
            while not batcher._queue and time.monotonic() < until:
                time.sleep(0.005)
            busy = predict(client, {"instances": [f"men {number}" for number in range(8)]})
            never = predict(client, {"instances": [f"bench {number}" for number in range(40)]})
        finally:
            go.set()
    assert first.result().status_code == 200
    assert (busy.status_code, never.status_code) == (503, 413)
    assert int(busy.headers["Retry-After"]) >= 1


def test_a_failure_nobody_foresaw_is_500(client: TestClient) -> None:
    runtime(client).error = RuntimeError("the text of a request")
    response = predict(client, {"instances": [A]})
    assert response.status_code == 500
    assert "the text of a request" not in response.text
