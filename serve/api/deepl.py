"""The DeepL API, version 2 (and what its client asks of version 3): routes, parameters, answers and errors as its clients know them."""

from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serve.access import KeyMissing, KeyWrong, TooFast, TooManyWrongKeys
from serve.http.body import form_values, is_json, json_object, query_values, read_body
from serve.http.errors import ApiError
from serve.languages import deepl_targets, find_language, language_name, normal
from serve.loaded_model import DirectedModel
from serve.service import Manners, Service
from serve.translation import Split

MOST_BODY_BYTES = 128 << 10
MOST_TEXTS = 50
NO_LIMIT = 10**12
"""What `/v2/usage` calls the limit where there is none: clients stop when they have reached it."""

_SPLITS: dict[str, Split] = {"0": "none", "1": "paragraphs", "nonewlines": "sentences"}
_FORMALITIES = {"default", "prefer_more", "prefer_less"}
_MODEL_TYPES = {"quality_optimized", "prefer_quality_optimized", "latency_optimized"}
_CHANGING = ("style_id", "translation_memory_id", "translation_memory_threshold", "custom_instructions")
"""Options that change the output and that no model of ours can honour."""


def deepl_routes(service: Service) -> list[Route]:
    """The routes of the API."""
    api = DeepL(service)
    return [
        Route("/v2/translate", api.translate, methods=["POST"]),
        Route("/v2/usage", api.usage, methods=["GET"]),
        Route("/v2/languages", api.languages, methods=["GET", "POST"]),
        Route("/v2/glossary-language-pairs", api.glossary_language_pairs, methods=["GET"]),
        Route("/v2/glossaries", api.glossaries, methods=["GET", "POST"]),
        Route("/v2/glossaries/{glossary_id}", api.glossary_not_found, methods=["GET", "DELETE"]),
        Route("/v2/glossaries/{glossary_id}/entries", api.glossary_not_found, methods=["GET"]),
        Route("/v3/glossaries", api.glossaries, methods=["GET", "POST"]),
        Route("/v3/glossaries/{glossary_id}", api.glossary_not_found, methods=["GET", "DELETE", "PATCH"]),
        Route("/v3/glossaries/{glossary_id}/entries", api.glossary_not_found, methods=["GET"]),
        Route("/v3/glossaries/{glossary_id}/dictionaries", api.glossary_not_found, methods=["PUT", "DELETE"]),
    ]


class DeepL:
    """The endpoints over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.characters = 0  # billed since the server began

    async def translate(self, request: Request) -> Response:
        """POST /v2/translate."""
        service = self.service
        values = await self._values(request)
        texts = self._texts(values.get("text"))
        target = _string(values, "target_lang")
        if not target:
            raise ApiError(400, "Parameter 'target_lang' not specified.")
        source = _string(values, "source_lang")
        split = _refuse_what_cannot_be(values, bool(source))
        self._let_in(request, len(texts))
        given = bool(source)
        if not source:
            source = service.detect_source(texts, target).language
        model = self._model(source, target)
        manners = Manners(service.settings.deepl_deadline_seconds)
        outcome = await service.translate(request, model, texts, service.search_for(model), split, manners)
        answers: list[dict[str, Any]] = []
        for text, translated in zip(texts, outcome.texts, strict=True):
            answer = {
                "detected_source_language": (source if given else normal(model.source)).upper(),
                "text": translated.text,
                "billed_characters": len(text),
            }
            if "model_type" in values:
                answer["model_type_used"] = "latency_optimized"
            answers.append(answer)
            self.characters += len(text)
        return JSONResponse({"translations": answers})

    async def usage(self, request: Request) -> Response:
        """GET /v2/usage."""
        self._let_in(request, 1)
        return JSONResponse({"character_count": self.characters, "character_limit": NO_LIMIT})

    async def languages(self, request: Request) -> Response:
        """GET /v2/languages, whose client sends `type` in the body of a GET."""
        body = await self._body(request)
        pairs = [*query_values(request), *form_values(request, body)]
        kind = dict(reversed(pairs)).get("type", "source")
        self._let_in(request, 1)
        directions = self.service.models.directions
        if kind == "source":
            return JSONResponse([{"language": normal(code).upper(), "name": language_name(code)} for code in directions.sources])
        if kind != "target":
            raise ApiError(400, "Value for 'type' not supported: expected source or target")
        targets = dict.fromkeys(name for code in directions.targets() for name in deepl_targets(code))
        return JSONResponse([{"language": name, "name": language_name(name), "supports_formality": False} for name in targets])

    async def glossary_language_pairs(self, request: Request) -> Response:
        """GET /v2/glossary-language-pairs: none yet."""
        self._let_in(request, 1)
        return JSONResponse({"supported_languages": []})

    async def glossaries(self, request: Request) -> Response:
        """GET and POST of /v2/glossaries and /v3/glossaries: there are none, and none can be made."""
        self._let_in(request, 1)
        if request.method == "POST":
            raise ApiError(400, "Glossaries are not supported by this server.")
        return JSONResponse({"glossaries": []})

    async def glossary_not_found(self, request: Request) -> Response:
        """Whatever is asked of a glossary."""
        self._let_in(request, 1)
        raise ApiError(404, "Glossary not found")

    async def _body(self, request: Request) -> bytes:
        settings = self.service.settings
        return await read_body(request, min(MOST_BODY_BYTES, settings.max_body_bytes), settings.body_seconds)

    async def _values(self, request: Request) -> Mapping[str, Any]:
        """JSON if it says so; else the form, in which `text` and lists come as often as they like."""
        body = await self._body(request)
        if is_json(request):
            return json_object(body)
        values: dict[str, Any] = {}
        for name, value in [*query_values(request), *form_values(request, body)]:
            if name in ("text", "glossary_ids"):
                values.setdefault(name, []).append(value)
            else:
                values.setdefault(name, value)
        return values

    def _texts(self, value: Any) -> list[str]:
        texts = [value] if isinstance(value, str) else value
        if not texts:
            raise ApiError(400, "Parameter 'text' not specified.")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ApiError(400, "Value for 'text' not supported: expected a list of texts")
        if len(texts) > MOST_TEXTS:
            raise ApiError(400, f"Too many texts: {len(texts)}, at most {MOST_TEXTS} are allowed in one request")
        most = self.service.settings.max_characters
        for text in texts:
            if len(text) > most:
                raise ApiError(413, f"Request size exceeds the limit: a text of {len(text)} characters, at most {most} are allowed")
        return [self.service.text(text) for text in texts]

    def _model(self, source: str, target: str) -> DirectedModel:
        directions = self.service.models.directions
        own = find_language(source, directions.sources)
        if own is None:
            raise ApiError(400, "Value for 'source_lang' not supported.")
        model = directions.find(own, target)
        if model is None:
            raise ApiError(400, "Value for 'target_lang' not supported.")
        return model

    def _let_in(self, request: Request, cost: int) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        try:
            self.service.let_in(request, key.strip() if scheme.lower() == "deepl-auth-key" else None, cost)
        except (KeyMissing, KeyWrong, TooManyWrongKeys) as error:
            raise ApiError(403, "Authorization failure, check auth_key") from error
        except TooFast as error:
            raise ApiError(429, f"Too many requests: {error}", retry_after=error.retry_after) from error


def _refuse_what_cannot_be(values: Mapping[str, Any], has_source: bool) -> Split:
    """Check every option; none that changes the output is dropped in silence. Returns where sentences are split."""
    formality = _string(values, "formality") or "default"
    if formality in ("more", "less"):
        raise ApiError(400, "'formality' is not supported for given 'target_lang'.")
    if formality not in _FORMALITIES:
        _not_supported("formality")
    if _string(values, "model_type") not in _MODEL_TYPES | {""}:
        _not_supported("model_type")
    if _string(values, "tag_handling"):
        raise ApiError(400, "'tag_handling' is not supported yet: send the text without its markup.")
    for name in _CHANGING:
        if values.get(name):
            raise ApiError(400, f"'{name}' is not supported.")
    _refuse_glossaries(values, has_source)
    split = values.get("split_sentences")
    split = "1" if split is None else {True: "1", False: "0"}[split] if isinstance(split, bool) else str(split)
    if split not in _SPLITS:
        _not_supported("split_sentences")
    return _SPLITS[split]


def _refuse_glossaries(values: Mapping[str, Any], has_source: bool) -> None:
    one, several = values.get("glossary_id"), values.get("glossary_ids")
    if not one and not several:
        return
    if one and several:
        raise ApiError(400, "Only one of 'glossary_id' and 'glossary_ids' may be given.")
    if isinstance(several, list) and len(several) > 5:
        raise ApiError(400, "At most 5 'glossary_ids' may be given.")
    if not has_source:
        raise ApiError(400, "Use of a glossary requires the 'source_lang' parameter to be specified.")
    raise ApiError(404, "Glossary not found")


def _not_supported(name: str) -> NoReturn:
    raise ApiError(400, f"Value for '{name}' not supported.")


def _string(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip().isprintable():  # half a surrogate pair could not be echoed
        _not_supported(name)
    return value.strip()
