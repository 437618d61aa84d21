"""What the server says of itself: every route, valid descriptions, and answers that are as described, whatever is asked."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans
from schemathesis.specs.openapi.checks import content_type_conformance, response_headers_conformance, response_schema_conformance
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR, SWAGGER_20_VALIDATOR
from starlette.routing import Route
from starlette.testclient import TestClient

from nmt.tokenizer import TokenizerPair
from serve.api.openapi import openapi, swagger
from tests.serve.scripted import make_app

from schemathesis.specs.openapi.checks import status_code_conformance
CHECKS = [status_code_conformance, not_a_server_error, content_type_conformance, response_schema_conformance, response_headers_conformance]


# What is loaded and allowed in this server: made-up codes and names would get no further than the first check.
KNOWN: dict[str, dict[str, Any]] = {
    "source": {"enum": ["en", "auto"]}, "target": {"enum": ["de"]}, "source_lang": {"enum": ["EN", "en-GB"]}, "target_lang": {"enum": ["DE"]},
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
    @settings(max_examples=400, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def ask(case: schemathesis.Case) -> None:
        response = case.call(session=asked)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    assert (200 in seen) != (name in NEVER_200), seen
