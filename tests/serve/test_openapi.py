"""What the server says of itself: every route, valid descriptions, and answers that are as described, whatever is asked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import content_type_conformance, response_headers_conformance, response_schema_conformance
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR, SWAGGER_20_VALIDATOR
from starlette.routing import Route
from starlette.testclient import TestClient

from nmt.tokenizer import TokenizerPair
from serve.api.openapi import openapi, swagger
from tests.serve.scripted import make_app

CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance, response_headers_conformance)


@pytest.fixture(scope="module")
def described(tokenizers: TokenizerPair) -> Iterator[Any]:
    yield schemathesis.openapi.from_asgi("/openapi.json", make_app(tokenizers, requests_per_minute=0))
    shutdown_lifespans()


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(max_examples=30, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
          suppress_health_check=list(HealthCheck))  # fmt: skip
def test_no_request_is_answered_otherwise_than_described(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)
