"""Our own small JSON door: what the other formats have no place for — hypotheses, scores, tokens, attention, timing."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nmt.hypotheses import Hypothesis
from serve.access import KeyMissing, KeyWrong, TooFast, TooManyWrongKeys
from serve.api.tensorflow_serving import bearer
from serve.detection import Detected
from serve.directions import Directions
from serve.http.body import json_object, read_body
from serve.http.errors import ApiError
from serve.languages import find_language, language_name, normal
from serve.loaded_model import DirectedModel, LoadedModel
from serve.service import Manners, Service, elapsed_ms
from serve.translation import Sentence, Split, Translated
from serve.word_alignment import Word, align_words

_DIGITS = 4  # of a weight: more would double the answer and say nothing


class TranslateRequest(BaseModel):
    """POST /nmt/translate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str | list[str]
    source: str = "auto"
    target: str | None = None
    model: str | None = None
    n_best: Annotated[int, Field(ge=1)] = 1
    beam_size: Annotated[int, Field(ge=1)] | None = None
    length_penalty: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = None
    coverage_penalty: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = None
    alignment: bool = False
    split: Literal["paragraphs", "sentences", "lines", "none"] = "paragraphs"


def native_routes(service: Service) -> list[Route]:
    """The routes of the API."""
    api = Native(service)
    return [Route("/nmt/translate", api.translate, methods=["POST"]), Route("/nmt/models", api.models, methods=["GET"])]


class Native:
    """The endpoints over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def translate(self, request: Request) -> Response:
        """POST /nmt/translate."""
        service, settings = self.service, self.service.settings
        asked = _parse(json_object(await read_body(request, settings.max_body_bytes, settings.body_seconds)))
        texts = [service.text(text) for text in ([asked.text] if isinstance(asked.text, str) else asked.text)]
        self._check_limits(asked, texts)
        self._let_in(request, len(texts))
        model, detected = self._model(asked, texts)
        search = service.search_for(
            model,
            n_best=asked.n_best,
            beam_size=asked.beam_size,
            length_penalty=asked.length_penalty,
            coverage_penalty=asked.coverage_penalty,
            alignment=asked.alignment,
        )
        split: Split = asked.split
        outcome = await service.translate(request, model, texts, search, split, Manners(settings.deadline_seconds))
        return JSONResponse(
            {
                "translations": [_translation(one, model, detected) for one in outcome.texts],
                "model": {"name": model.name, "version": model.version},
                "timing": {
                    "queue_ms": round(1000 * outcome.queue_seconds, 2),
                    "inference_ms": round(1000 * outcome.inference_seconds, 2),
                    "total_ms": elapsed_ms(request.scope["state"]["record"]),
                },
            }
        )

    async def models(self, _request: Request) -> Response:
        """GET /nmt/models."""
        settings = self.service.settings
        return JSONResponse(
            {
                "models": [
                    {
                        "name": model.name,
                        "version": model.version,
                        **_languages(model.main),
                        "directions": [_languages(one) for one in model.directions],
                        "state": "AVAILABLE",
                        "scores": [score.model_dump() for score in model.directory.manifest.scores],
                    }
                    for model in self.service.models.loaded
                ],
                "limits": {"characters": settings.max_characters, "texts": settings.max_texts, "n_best": settings.max_n_best},
                "key_required": self.service.access.required,
            }
        )

    def _check_limits(self, asked: TranslateRequest, texts: list[str]) -> None:
        settings = self.service.settings
        for name, value, most in (
            ("texts", len(texts), settings.max_texts),
            ("characters of a text", max(map(len, texts), default=0), settings.max_characters),
            ("n_best", asked.n_best, settings.max_n_best),
            ("beam_size", asked.beam_size or 1, settings.max_beam_size),
        ):
            if value > most:
                raise ApiError(400, f"{name}: at most {most}, got {value}")

    def _model(self, asked: TranslateRequest, texts: list[str]) -> tuple[DirectedModel, Detected | None]:
        """The model by name, else by languages; a source that is not given is told from the text, a target may be the only one."""
        named = None if asked.model is None else self._named(asked.model, asked)
        directions = Directions(named.directions) if named else self.service.models.directions
        sources = directions.sources
        detected = None
        if normal(asked.source) != "auto":
            source = find_language(asked.source, sources)
        elif named and len(sources) == 1:
            source = sources[0]
        else:
            detected = self.service.detect_source(texts, asked.target, directions)
            source = detected.language
        if source is None:
            raise ApiError(400, f"source {_shown(asked.source)!r} is not loaded; there are {', '.join(sources)}")
        targets = directions.targets(source)
        target = asked.target
        if target is None:
            target = named.main.target if named and named.main.target in targets else targets[0] if len(targets) == 1 else None
        if target is None:
            raise ApiError(400, f"target is needed: from {source} there are {', '.join(targets)}")
        model = directions.find(source, target)
        if model is None:
            raise ApiError(400, f"target {_shown(target)!r} is not loaded; from {source} there are {', '.join(targets)}")
        return model, detected

    def _named(self, name: str, asked: TranslateRequest) -> LoadedModel:
        models = self.service.models
        served = models.served.get(name)
        if served is None or served.current is None:
            raise ApiError(404, f"no model {_shown(name)!r}; there are {', '.join(models.served)}")
        directions = Directions(served.current.directions)
        for side, wanted, own in (("source", asked.source, directions.sources), ("target", asked.target, directions.targets())):
            if wanted is not None and not (side == "source" and normal(wanted) == "auto") and find_language(wanted, own) is None:
                has = f"model {name} has {', '.join(own)}, got {_shown(wanted)!r}"
                raise ApiError(400, f"{side}: {has}; give either a model or languages")
        return served.current

    def _let_in(self, request: Request, cost: int) -> None:
        try:
            self.service.let_in(request, bearer(request), cost)
        except KeyMissing as error:
            raise ApiError(401, "an API key is needed: Authorization: Bearer KEY") from error
        except (KeyWrong, TooManyWrongKeys) as error:
            raise ApiError(403, "this API key is none of ours") from error
        except TooFast as error:
            raise ApiError(429, f"too fast: {error}", retry_after=error.retry_after) from error


def _parse(body: Mapping[str, Any]) -> TranslateRequest:
    try:
        return TranslateRequest.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        place, message = problem["loc"], problem["msg"]
        where = ".".join(map(str, place)) or str(problem["input"])
        if problem["type"] == "extra_forbidden" or not place:  # no place: a name that is no text
            message = f"not a parameter; there are {', '.join(TranslateRequest.model_fields)}"
        elif place[0] == "text" and len(place) > 1:  # pydantic names the one of its two types that it tried first
            where, message = "text", "expected a text or a list of texts"
        raise ApiError(400, f"{_shown(where)}: {message}") from error


def _languages(model: DirectedModel) -> dict[str, dict[str, str]]:
    sides = {"source": model.source, "target": model.target}
    return {side: {"code": code, "name": language_name(code)} for side, code in sides.items()}


def _translation(one: Translated, model: DirectedModel, detected: Detected | None) -> dict[str, Any]:
    found: dict[str, Any] = {"text": one.text, "alternatives": one.alternatives, "source": model.source, "target": model.target}
    if detected:
        found["detected"] = detected._asdict()
    return found | {"sentences": [_sentence(sentence, model) for sentence in one.sentences]}


def _sentence(sentence: Sentence, model: DirectedModel) -> dict[str, Any]:
    segment, hypotheses, target_start = sentence
    return {
        "start": segment.start,
        "end": segment.end,
        "target_start": target_start,
        "target_end": target_start + len(hypotheses[0].text),
        "hypotheses": [_hypothesis(one, segment.text, model) for one in hypotheses],
    }


def _hypothesis(one: Hypothesis, source: str, model: DirectedModel) -> dict[str, Any]:
    found: dict[str, Any] = {"text": one.text, "score": round(one.score, _DIGITS)}
    if one.cut:
        found["repetition_cut"] = True
    if one.alignment is not None:
        words = align_words(one.alignment, source, one.text, model.source, model.target)
        found["alignment"] = {
            "source": [_word(word) for word in words.source],
            "target": [_word(word) for word in words.target],
            "weights": words.weights.round(_DIGITS).astype(float).round(_DIGITS).tolist(),
        }
        found["tokens"] = {"source": one.alignment.source_pieces, "target": one.alignment.target_pieces}
        found["attention"] = one.alignment.attention.astype(float).round(_DIGITS).tolist()
    return found


def _word(word: Word) -> dict[str, str | int | None]:
    return word._asdict()


def _shown(value: str) -> str:
    return value.encode("utf-8", "replace").decode()[:40]
