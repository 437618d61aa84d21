"""What the server says of itself: every route, valid descriptions, and answers that are as described, whatever is asked."""

import copy
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR, SWAGGER_20_VALIDATOR
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from nmt.tokenizer import TokenizerPair
from serve.api.openapi import openapi, swagger
from tests.serve.scripted import make_app

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, response_headers_conformance]


# What is loaded and allowed in this server: made-up codes and names would get no further than the first check.
KNOWN: dict[str, dict[str, Any]] = {
    "source": {"enum": ["en", "auto"]}, "target": {"enum": ["de"]},
    "source_lang": {"enum": ["EN", "en-GB"]}, "target_lang": {"enum": ["DE"]},
    "model": {"enum": ["ende", "deen"]}, "model_name": {"enum": ["ende", "deen"]}, "model_version": {"enum": [1]},
    "alternatives": {"maximum": 3}, "n_best": {"maximum": 4}, "beam_size": {"minimum": 4, "maximum": 6},
}  # fmt: skip


def described_with_values() -> dict[str, Any]:
    """The description with `KNOWN` in it."""
    found = copy.deepcopy(openapi())
    components = found["components"]
    requests = [one for name, one in components["schemas"].items() if name.endswith(("Request", "Form"))]
    places = [item for one in requests for item in one["properties"].items()]
    places += [(name, one["schema"]) for name, one in components["parameters"].items()]
    for name, schema in places:
        schema.update(KNOWN.get(name, {}))
    return found


SCHEMA = schemathesis.openapi.from_dict(described_with_values())
OPERATIONS = {f"{one.method.upper()} {one.path}": one for one in (found.ok() for found in SCHEMA.get_all_operations())}
NEVER_200 = {"POST /suggest", "POST /translate_file"} | {
    name for name in OPERATIONS if "glossaries" in name and name not in ("GET /v2/glossaries", "GET /v3/glossaries")
}


@pytest.fixture(scope="module")
def asked(tokenizers: TokenizerPair) -> Iterator[ASGIClient]:
    SCHEMA.app = make_app(tokenizers, requests_per_minute=0)
    with get_client(SCHEMA.app) as client:
        yield client
    shutdown_lifespans()


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_is_answered_otherwise_than_described(name: str, asked: ASGIClient) -> None:
    operation = OPERATIONS[name]
    seen: set[int] = set()
    cases = st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))

    @given(case=cases)
    @settings(max_examples=30, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def ask(case: schemathesis.Case) -> None:
        response = case.call(session=asked)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    assert (200 in seen) != (name in NEVER_200), seen


def routes_of(app: Starlette) -> set[tuple[str, str]]:
    routes = [route for route in app.routes if isinstance(route, Route)]
    return {(re.sub(r":\w+}", "}", route.path), method) for route in routes for method in (route.methods or set()) - {"HEAD"}}


def test_every_route_is_described_and_nothing_else(tokenizers: TokenizerPair) -> None:
    described = {(path, method.upper()) for path, found in openapi()["paths"].items() for method in found if method != "parameters"}
    assert described == routes_of(make_app(tokenizers))


def test_the_description_is_openapi_3(client: TestClient) -> None:
    answer = client.get("/openapi.json")
    assert [str(error) for error in OPENAPI_30_VALIDATOR.iter_errors(answer.json())] == []
    assert answer.json()["info"]["version"] == version("carousel-nmt")


def test_every_operation_has_a_name_of_its_own_and_one_of_the_tags() -> None:
    operations = [one for methods in openapi()["paths"].values() for name, one in methods.items() if name != "parameters"]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names)
    assert {tag for one in operations for tag in one["tags"]} == {tag["name"] for tag in openapi()["tags"]}


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    def references(one: Any) -> set[str]:
        if isinstance(one, dict):
            return {value for name, value in one.items() if name == "$ref"} | set().union(*map(references, one.values()))
        return set().union(*map(references, one)) if isinstance(one, list) else set()

    components = openapi()["components"]
    kinds = ("schemas", "responses", "parameters", "headers")
    assert references(openapi()) == {f"#/components/{kind}/{name}" for kind in kinds for name in components[kind]}


def test_spec_is_swagger_2_with_libretranslates_paths(client: TestClient) -> None:
    spec = client.get("/spec").json()
    assert [str(error) for error in SWAGGER_20_VALIDATOR.iter_errors(spec)] == []
    assert spec["swagger"] == "2.0"
    assert set(spec["paths"]) == {
        "/translate", "/detect", "/languages", "/frontend/settings", "/health", "/spec", "/suggest", "/translate_file",
    }  # fmt: skip
    fields = {one["name"]: one["required"] for one in spec["paths"]["/translate"]["post"]["parameters"]}
    assert fields == {"q": True, "source": True, "target": True, "format": False, "alternatives": False, "api_key": False}


def test_descriptions_name_no_machine() -> None:
    assert not re.search(r"localhost|127\.0\.0\.1|https?://(?!www\.apache\.org)", str(openapi()) + str(swagger()))
