"""What every wire format asks for, once: let a request in, translate its texts by a deadline, keep count, word what goes wrong."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Unpack

from starlette.requests import Request

from nmt.errors import ModelError
from nmt.searching import Search, SearchOptions
from serve.access import Access, KeyMissing, KeyWrong, TooFast, TooManyWrongKeys
from serve.detection import Detected, detect
from serve.directions import Directions
from serve.http.errors import ApiError
from serve.http.record import Record
from serve.job import Busy, Closed, Job, NeverFits
from serve.loaded_model import DirectedModel
from serve.metrics import Metrics
from serve.models import Models
from serve.settings import Settings
from serve.translation import Outcome, Split, clean, translate_texts


class ClientGone(Exception):  # noqa: N818
    """The client left before its answer was there; nobody is told."""


@dataclass(frozen=True)
class Manners:
    """How a wire format wants to hear that there is too much to do."""

    deadline_seconds: float
    busy_status: int = 429
    late_status: int = 503


class Service:
    """The server's state, in one place."""

    def __init__(self, settings: Settings, models: Models, metrics: Metrics) -> None:
        self.settings, self.models, self.metrics = settings, models, metrics
        self.access = Access(settings)
        self.draining = False

    @property
    def ready(self) -> bool:
        """Whether new requests are welcome: every model is loaded and warm, and nobody has asked the server to end."""
        return not self.draining and len(self.models.loaded) == len(self.models.served)

    def let_in(self, request: Request, key: str | None, cost: int) -> None:
        """Raise what `Access.let_in` raises, counted."""
        try:
            self.access.let_in(key, self.client(request), cost)
        except (KeyMissing, KeyWrong, TooManyWrongKeys, TooFast) as refusal:
            reasons = {KeyMissing: "key_missing", KeyWrong: "key_wrong", TooManyWrongKeys: "key_wrong", TooFast: "rate"}
            self.metrics.rejected.labels(reasons[type(refusal)]).inc()
            raise

    @staticmethod
    def client(request: Request) -> str:
        """The address that a request came from; a proxy's word for it only where the operator trusts the proxy (`serve.server`)."""
        return request.client.host if request.client else ""

    def text(self, value: str) -> str:
        """Return a text as it is translated.

        Raises:
            ApiError: 400 for half a surrogate pair, which only JSON can carry and no answer could.
        """
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ApiError(400, "Invalid request: the text holds half a surrogate pair, which is no character") from error
        return clean(value)

    def detect_source(self, texts: Sequence[str], target: str | None, among: Directions | None = None) -> Detected:
        """Return the likeliest language of texts among those that can be translated into the target, or into any without one.

        A short text is easily taken for another language; one that leads nowhere would be an answer to nobody.
        """
        return detect("\n".join(texts), (among or self.models.directions).leading_to(target))[0]

    def search_for(
        self,
        model: DirectedModel,
        *,
        n_best: int = 1,
        alignment: bool = False,
        **options: Unpack[SearchOptions],
    ) -> Search:
        """Fill in the model's own search.

        Raises:
            ApiError: 400 for one that cannot be.
        """
        try:
            return model.translator.search_for(n_best, alignment, **options)
        except ModelError as error:
            raise ApiError(400, f"Invalid request: {error}") from error

    async def translate(
        self, request: Request, directed: DirectedModel, texts: Sequence[str], search: Search, split: Split, manners: Manners
    ) -> Outcome:
        """Translate texts in one direction.

        Raises:
            ApiError: too much is waiting, or the deadline has passed.
            ClientGone: the client has left; its sentences are dropped.
        """
        record: Record = request.scope["state"]["record"]
        model = directed.model
        labels = model.name, str(model.version)
        record.model, record.version, record.pair = model.name, model.version, f"{directed.source}-{directed.target}"
        record.texts, record.characters = len(texts), sum(map(len, texts))
        self.metrics.characters.labels(*labels).inc(record.characters)
        job = Job(record.started + manners.deadline_seconds)
        try:
            async with model.in_use():
                outcome = await _unless_gone(request, translate_texts(directed, texts, search, split, job), job)
        except Busy as error:
            raise self._refused("queue_full", manners.busy_status, "Slowdown: too much is waiting here", error.retry_after) from error
        except NeverFits as error:
            raise self._refused("too_long", 413, "the request is more than can be translated in time: send less at once") from error
        except TimeoutError as error:
            seconds = model.batcher.drain_seconds()
            raise self._refused("deadline", manners.late_status, "the translation was not done in time", seconds) from error
        except Closed as error:
            raise self._refused("draining", 503, "this server is ending", 1.0) from error
        record.tokens, record.batch_rows = outcome.tokens, outcome.batch_rows
        record.queue_seconds, record.inference_seconds = outcome.queue_seconds, outcome.inference_seconds
        self.metrics.target_tokens.labels(*labels).inc(outcome.target_tokens)
        self.metrics.repetitions.labels(*labels).inc(outcome.cut)
        self.metrics.divided.labels(*labels).inc(outcome.divided)
        return outcome

    def _refused(self, reason: str, status: int, message: str, retry_after: float | None = None) -> ApiError:
        self.metrics.rejected.labels(reason).inc()
        return ApiError(status, message, retry_after=retry_after)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Outcome], job: Job) -> Outcome:
    """Do the work, but no longer than the client waits for it: neither uvicorn nor Starlette would tell a handler."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            job.gone = True
            raise ClientGone
        return working.result()
    finally:
        for task in (working, watching):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def elapsed_ms(record: Record) -> float:
    """Milliseconds since a request began."""
    return round(1000 * (time.monotonic() - record.started), 2)
