"""TensorFlow Serving's REST API, for models of strings: status and predict. The text is tokenised here, so any MODEL_DIR will do."""

import base64
import binascii
from typing import Any

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serve.access import KeyMissing, KeyWrong, TooFast, TooManyWrongKeys
from serve.http.body import json_object, read_body
from serve.http.errors import ApiError
from serve.loaded_model import DirectedModel, LoadedModel
from serve.models import Served
from serve.service import Manners, Service

SIGNATURE, INPUT, OUTPUT = "serving_default", "text", "translation"


class _NameConvertor(Convertor[str]):
    """A model's name in a path: it ends before the colon of `:predict`."""

    regex = r"[A-Za-z0-9_.-]+"

    def convert(self, value: str) -> str:
        """The name itself."""
        return value

    def to_string(self, value: str) -> str:
        """The name itself."""
        return value


class _VersionConvertor(Convertor[int]):
    """A version in a path: Starlette's own `int` fails on thousands of digits."""

    regex = r"[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Its digits."""
        return str(value)


register_url_convertor("model_name", _NameConvertor())
register_url_convertor("model_version", _VersionConvertor())


def tensorflow_serving_routes(service: Service) -> list[Route]:
    """The routes of the API."""
    api = TensorFlowServing(service)
    base = "/v1/models/{name:model_name}"
    return [
        Route(base, api.status, methods=["GET"]),
        Route(base + "/versions/{version:model_version}", api.status, methods=["GET"]),
        Route(base + "/metadata", api.metadata, methods=["GET"]),
        Route(base + "/versions/{version:model_version}/metadata", api.metadata, methods=["GET"]),
        Route(base + ":predict", api.predict, methods=["POST"]),
        Route(base + "/versions/{version:model_version}:predict", api.predict, methods=["POST"]),
    ]


class TensorFlowServing:
    """The endpoints over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def status(self, request: Request) -> Response:
        """GET /v1/models/NAME: the state of every version that was tried."""
        self._let_in(request, 1)
        served = self._served(request)
        wanted = request.path_params.get("version")
        versions = [number for number in sorted(served.states, reverse=True) if wanted in (None, number)]
        if not versions:
            raise self._not_found(request)
        return JSONResponse(
            {
                "model_version_status": [
                    {
                        "version": str(number),
                        "state": served.states[number][0],
                        "status": {
                            "error_code": "FAILED_PRECONDITION" if served.states[number][1] else "OK",
                            # What went wrong names folders of this machine: that is for the log.
                            "error_message": "refused; see the server's log" if served.states[number][1] else "",
                        },
                    }
                    for number in versions
                ]
            }
        )

    async def metadata(self, request: Request) -> Response:
        """GET /v1/models/NAME/metadata: the signatures, which are alike."""
        self._let_in(request, 1)
        model = self._model(request)
        spec = {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}}
        signature = {
            "inputs": {INPUT: spec | {"name": f"{SIGNATURE}_{INPUT}:0"}},
            "outputs": {OUTPUT: spec | {"name": "StatefulPartitionedCall:0"}},
            "method_name": "tensorflow/serving/predict",
        }
        return JSONResponse(
            {
                "model_spec": {"name": model.name, "signature_name": "", "version": str(model.version)},
                "metadata": {"signature_def": {"signature_def": dict.fromkeys(_signatures(model), signature)}},
            }
        )

    async def predict(self, request: Request) -> Response:
        """POST /v1/models/NAME:predict. The content type is not looked at, as `curl -d` sends a wrong one."""
        service, settings = self.service, self.service.settings
        body = json_object(await read_body(request, settings.max_body_bytes, settings.body_seconds))
        signatures = _signatures(self._model(request))
        wanted = body.get("signature_name") or SIGNATURE
        model = signatures.get(wanted) if isinstance(wanted, str) else None
        if model is None:
            alone = " alone" if len(signatures) == 1 else ""
            raise ApiError(400, f"Serving signature name not found; this model has {', '.join(map(repr, signatures))}{alone}")
        if ("instances" in body) == ("inputs" in body):
            raise ApiError(400, "Request must have either 'instances' or 'inputs'" + (", not both" if "inputs" in body else ""))
        rows = "instances" in body
        texts = _row_texts(body["instances"]) if rows else _column_texts(body["inputs"])
        if len(texts) > settings.max_texts:
            raise ApiError(400, f"{len(texts)} texts in one request; at most {settings.max_texts} are taken")
        longest = max(map(len, texts), default=0)
        if longest > settings.max_characters:
            raise ApiError(400, f"a text of {longest} characters; at most {settings.max_characters} are taken")
        texts = [service.text(text) for text in texts]
        self._let_in(request, len(texts))
        manners = Manners(settings.deadline_seconds, busy_status=503, late_status=504)
        outcome = await service.translate(request, model, texts, service.search_for(model), "paragraphs", manners)
        return JSONResponse({"predictions" if rows else "outputs": [one.text for one in outcome.texts]})

    def _served(self, request: Request) -> Served:
        served = self.service.models.served.get(request.path_params["name"])
        if served is None:
            raise self._not_found(request)
        return served

    def _model(self, request: Request) -> LoadedModel:
        model = self._served(request).current
        if model is None or request.path_params.get("version", model.version) != model.version:
            raise self._not_found(request)
        return model

    @staticmethod
    def _not_found(request: Request) -> ApiError:
        version = request.path_params.get("version")
        which = f"Specific({request.path_params['name']}, {version})" if version is not None else f"Latest({request.path_params['name']})"
        return ApiError(404, f"Servable not found for request: {which}")

    def _let_in(self, request: Request, cost: int) -> None:
        try:
            self.service.let_in(request, bearer(request), cost)
        except (KeyMissing, KeyWrong, TooManyWrongKeys) as error:
            raise ApiError(403, "an API key is needed: Authorization: Bearer KEY") from error
        except TooFast as error:
            raise ApiError(429, f"Slowdown: {error}", retry_after=error.retry_after) from error


def _signatures(model: LoadedModel) -> dict[str, DirectedModel]:
    """The main direction, and each of several by its languages, as `en-de`."""
    others = {f"{one.source}-{one.target}": one for one in model.directions} if len(model.directions) > 1 else {}
    return {SIGNATURE: model.main} | others


def bearer(request: Request) -> str | None:
    """Return the key of `Authorization: Bearer KEY` or `X-API-Key: KEY`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")


def _row_texts(instances: Any) -> list[str]:
    """The row format: a list of texts, or of objects of one named text."""
    if not isinstance(instances, list) or not instances:
        raise ApiError(400, "'instances' must be a list of at least one text")
    return [_text(one[INPUT] if isinstance(one, dict) and one.keys() == {INPUT} else one) for one in instances]


def _column_texts(inputs: Any) -> list[str]:
    """The column format: the texts, or an object that names them."""
    if isinstance(inputs, dict) and "b64" not in inputs:
        if inputs.keys() != {INPUT}:
            raise ApiError(400, f"'inputs' must name the one input, {INPUT!r}")
        inputs = inputs[INPUT]
    texts = inputs if isinstance(inputs, list) else [inputs]
    if not texts:
        raise ApiError(400, "'inputs' must hold at least one text")
    return [_text(one) for one in texts]


def _text(value: Any) -> str:
    """A string, or bytes as TensorFlow Serving writes them: `{"b64": "…"}`."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise ApiError(400, "a b64 text is not base64 of UTF-8") from error
    raise ApiError(400, "every text must be a string")
