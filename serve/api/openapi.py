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
    """LibreTranslate's routes as Swagger 2.0: the same paths, each with the parameters of its JSON body in a form."""
    whole = openapi()
    paths: dict[str, Any] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if "LibreTranslate" not in operation.get("tags", []):
                continue
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            paths.setdefault(path, {})[method] = {
                "tags": ["translate"],
                "summary": operation["summary"],
                "consumes": ["application/json", "application/x-www-form-urlencoded"],
                "produces": ["application/json"],
                "parameters": [_parameter(name, one, schema) for name, one in schema.get("properties", {}).items()],
                "responses": {code: {"description": one["description"]} for code, one in operation["responses"].items()},
            }
    info = {"title": "LibreTranslate", "version": whole["info"]["version"], "description": "The LibreTranslate API of Carousel NMT."}
    return {"swagger": "2.0", "info": info, "basePath": "/", "paths": paths}


def _parameter(name: str, schema: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type", "string")
    return {
        "name": name,
        "in": "formData",
        "type": kind if kind in ("string", "integer") else "string",
        "required": name in body.get("required", []),
        "description": schema.get("description", ""),
    }
