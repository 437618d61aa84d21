"""The LibreTranslate API: routes, parameters, answers and errors as its clients know them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serve.access import KeyMissing, KeyWrong, TooFast, TooManyWrongKeys
from serve.api.openapi import swagger
from serve.detection import Detected, detect
from serve.http.body import first_values, form_values, is_json, json_object, query_values, read_body
from serve.http.errors import ApiError
from serve.languages import find_language, language_name, long_form
from serve.loaded_model import DirectedModel
from serve.service import Manners, Service

FRONTEND_TIMEOUT_MS = 500
_DISABLED = {"/suggest": "Suggestions are disabled on this server.", "/translate_file": "Files translation are disabled on this server."}


def libretranslate_routes(service: Service) -> list[Route]:
    """The routes of the API."""
    api = LibreTranslate(service)
    return [
        Route("/translate", api.translate, methods=["POST"]),
        Route("/detect", api.detect, methods=["POST"]),
        Route("/languages", api.languages, methods=["GET"]),
        Route("/frontend/settings", api.frontend_settings, methods=["GET"]),
        Route("/health", api.health, methods=["GET"]),
        Route("/spec", api.spec, methods=["GET"]),
        *(Route(path, api.disabled, methods=["POST"]) for path in _DISABLED),
    ]


class LibreTranslate:
    """The endpoints over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def translate(self, request: Request) -> Response:
        """POST /translate."""
        service, settings = self.service, self.service.settings
        values = await self._values(request)
        query = values.get("q")
        for name in ("q", "source", "target"):
            if values.get(name) in (None, "", []):
                raise ApiError(400, f"Invalid request: missing {name} parameter")
        batch = isinstance(query, list)
        texts = self._texts(query if isinstance(query, list) else [query], lines=not is_json(request))
        alternatives = _number(values.get("alternatives"), settings.max_alternatives)
        if len(texts) > settings.max_texts:
            raise _too_large(len(texts), settings.max_texts)
        for text in texts:
            if len(text) > settings.max_characters:
                raise _too_large(len(text), settings.max_characters)
        source, target = _string(values, "source"), _string(values, "target")
        detected = None
        if source.strip().lower() == "auto":
            detected = service.detect_source(texts, target)
            source = detected.language
        model = self._model(source, target)
        kind = values.get("format") or "text"
        if kind == "html":
            raise ApiError(400, "html format is not supported yet: send the text without its markup")
        if kind != "text":
            raise ApiError(400, f"{_shown(kind)} format is not supported")
        self._let_in(request, values, len(texts))
        search = service.search_for(model, n_best=1 + alternatives)
        manners = Manners(settings.deadline_seconds)
        outcome = await service.translate(request, model, texts, search, "paragraphs", manners)
        found: dict[str, Any] = {"translatedText": [one.text for one in outcome.texts]}
        if detected:
            found["detectedLanguage"] = [_detection(detected)] * len(texts)
        if alternatives:
            found["alternatives"] = [list(one.alternatives[:alternatives]) for one in outcome.texts]
        return JSONResponse(found if batch else {name: value[0] for name, value in found.items()})

    async def detect(self, request: Request) -> Response:
        """POST /detect."""
        values = await self._values(request)
        if values.get("q") in (None, "", []):
            raise ApiError(400, "Invalid request: missing q parameter")
        (text,) = self._texts([values["q"]], lines=not is_json(request))
        if len(text) > self.service.settings.max_characters:
            raise _too_large(len(text), self.service.settings.max_characters)
        self._let_in(request, values, 1)
        return JSONResponse([_detection(one) for one in detect(text, self.service.models.directions.sources)])

    async def languages(self, _request: Request) -> Response:
        """GET /languages."""
        directions = self.service.models.directions
        return JSONResponse(
            [
                {
                    "code": long_form(source),
                    "name": language_name(source),
                    "targets": [long_form(target) for target in directions.targets(source)],
                }
                for source in directions.sources
            ]
        )

    async def frontend_settings(self, _request: Request) -> Response:
        """GET /frontend/settings."""
        settings, models = self.service.settings, self.service.models
        first = models.loaded[0].main
        return JSONResponse(
            {
                "charLimit": settings.max_characters,
                "frontendTimeout": FRONTEND_TIMEOUT_MS,
                "apiKeys": self.service.access.required,
                "keyRequired": self.service.access.required,
                "suggestions": False,
                "filesTranslation": False,
                "supportedFilesFormat": [],
                "language": {
                    "source": {"code": long_form(first.source), "name": language_name(first.source)},
                    "target": {"code": long_form(first.target), "name": language_name(first.target)},
                },
            }
        )

    async def health(self, _request: Request) -> Response:
        """GET /health."""
        if not self.service.ready:
            raise ApiError(503, "not ready", retry_after=1.0)
        return JSONResponse({"status": "ok"})

    async def spec(self, _request: Request) -> Response:
        """GET /spec."""
        return JSONResponse(swagger())

    async def disabled(self, request: Request) -> Response:
        """What LibreTranslate has and we do not."""
        raise ApiError(403, _DISABLED[request.scope["path"]])

    async def _values(self, request: Request) -> dict[str, Any]:
        """JSON if it says so; else query string and form together, of which the first of equal names wins."""
        settings = self.service.settings
        body = await read_body(request, settings.max_body_bytes, settings.body_seconds)
        if is_json(request):
            return dict(json_object(body))
        return first_values([*query_values(request), *form_values(request, body)])

    def _texts(self, query: list[Any], *, lines: bool) -> list[str]:
        if not all(isinstance(text, str) for text in query):
            raise ApiError(400, "Invalid request: q is neither a text nor a list of texts")
        texts = [self.service.text(text) for text in query]
        return ["\n".join(text.replace("\r\n", "\n").split("\r")) for text in texts] if lines else texts

    def _model(self, source: str, target: str) -> DirectedModel:
        directions = self.service.models.directions
        own_source = find_language(source, directions.sources)
        if own_source is None:
            raise ApiError(400, f"{_shown(source)} is not supported")
        if find_language(target, directions.targets()) is None:
            raise ApiError(400, f"{_shown(target)} is not supported")
        model = directions.find(own_source, target)
        if model is None:
            raise ApiError(
                400,
                f"{_shown(language_name(target))} ({_shown(target)}) is not available as a target language from "
                f"{language_name(own_source)} ({long_form(own_source)})",
            )
        return model

    def _let_in(self, request: Request, values: dict[str, Any], cost: int) -> None:
        key = values.get("api_key")
        url = self.service.settings.key_url
        try:
            self.service.let_in(request, key if isinstance(key, str) else None, cost)
        except KeyMissing as error:
            where = f"Visit {url}" if url else "Please contact the server operator"
            raise ApiError(400, f"{where} to get an API key") from error
        except KeyWrong as error:
            raise ApiError(403, "Invalid API key") from error
        except TooManyWrongKeys as error:
            raise ApiError(403, "Too many request limits violations") from error
        except TooFast as error:
            raise ApiError(429, f"Slowdown: {error}", retry_after=error.retry_after) from error


def _string(values: dict[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise ApiError(400, f"Invalid request: {name} is not a language code")
    return value


def _number(value: Any, most: int) -> int:
    """The alternatives that are asked for: a number, or one that a form spells in digits."""
    if value in (None, ""):
        return 0
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdecimal())):
        raise ApiError(400, "Invalid request: alternatives parameter is not a number")
    if isinstance(value, int) and value < 0:
        raise ApiError(400, "Invalid request: alternatives parameter is not a number")
    if len(str(value)) > 9 or int(value) > most:
        raise ApiError(400, f"Invalid request: alternatives parameter must be <= {most}")
    return int(value)


def _too_large(size: int, most: int) -> ApiError:
    return ApiError(400, f"Invalid request: request ({size}) exceeds text limit ({most})")


def _detection(detected: Detected) -> dict[str, Any]:
    return {"confidence": detected.confidence, "language": long_form(detected.language)}


def _shown(value: object) -> str:
    """A value of the caller's own that goes back to him in an error."""
    return str(value).encode("utf-8", "replace").decode()[:40]
