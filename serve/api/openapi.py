"""What the server says of itself: OpenAPI 3 for all routes, and Swagger 2 for LibreTranslate's, which its clients ask for."""

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import yaml


@cache
def openapi() -> dict[str, Any]:
    """The description of every route, from openapi.yaml."""
    described: dict[str, Any] = yaml.safe_load((files("serve.api") / "openapi.yaml").read_text(encoding="utf-8"))
    described["info"]["version"] = version("carousel-nmt")
    return described


@cache
def swagger() -> dict[str, Any]:
    """LibreTranslate's routes as Swagger 2.0: the same paths, each with the parameters of its body as fields of a form."""
    whole = openapi()
    paths: dict[str, Any] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if method != "parameters" and "LibreTranslate" in operation["tags"]:
                paths.setdefault(path, {})[method] = _operation(operation, whole)
    info = {"title": "LibreTranslate", "version": whole["info"]["version"], "description": "The LibreTranslate API of Carousel NMT."}
    return {"swagger": "2.0", "info": info, "basePath": "/", "schemes": ["http", "https"], "paths": paths}


def _operation(operation: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    found = {
        "tags": ["translate"],
        "summary": operation["summary"],
        "operationId": operation["operationId"],
        "produces": ["application/json"],
        "responses": {code: _response(_followed(one, whole), whole) for code, one in operation["responses"].items()},
    }
    contents = operation.get("requestBody", {}).get("content", {})
    if contents:
        body = _followed(contents["application/json"]["schema"], whole)
        found["consumes"] = ["application/x-www-form-urlencoded", "multipart/form-data"]
        found["parameters"] = [_parameter(name, one, body) for name, one in body["properties"].items()]
    return found


def _response(response: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    return {"description": response["description"], "schema": _schema(response["content"]["application/json"]["schema"], whole)}


def _schema(schema: Any, whole: dict[str, Any]) -> Any:
    """A schema with its references filled in, without what Swagger 2.0 has no word for: a choice of types is any type."""
    if isinstance(schema, list):
        return [_schema(one, whole) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: one for name, one in _followed(schema, whole).items() if name not in ("oneOf", "anyOf", "nullable")}
    return {name: _schema(one, whole) for name, one in kept.items()}


def _followed(one: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for; anything else is itself."""
    if "$ref" not in one:
        return one
    _, kind, name = one["$ref"].removeprefix("#/").split("/")
    found: dict[str, Any] = whole["components"][kind][name]
    return found


def _parameter(name: str, schema: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found = {
        "name": name,
        "in": "formData",
        "type": schema.get("type", "string"),
        "required": name in body.get("required", []),
        "description": schema["description"],
    }
    return found | {word: schema[word] for word in ("enum", "default", "minimum") if word in schema}
