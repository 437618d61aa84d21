"""What an operator's machines ask: is it alive, is it ready, how is it doing."""

import hmac

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from serve.api.tensorflow_serving import bearer
from serve.http.errors import ApiError
from serve.service import Service

STUCK_SECONDS = 60.0


def operations_routes(service: Service) -> list[Route]:
    """The routes."""

    def check_token(request: Request) -> None:
        token = service.settings.metrics_token
        given = (bearer(request) or "").encode("utf-8", "replace")
        if token is not None and not hmac.compare_digest(given, token.get_secret_value().encode()):
            raise ApiError(401, "a token is needed: Authorization: Bearer TOKEN")

    async def livez(request: Request) -> Response:
        """200 while the loop runs and no batch has been stuck."""
        check_token(request)
        if any(model.batcher.stuck_seconds > STUCK_SECONDS for model in service.models.loaded):
            raise ApiError(503, f"a batch has been running for more than {STUCK_SECONDS:g} s", retry_after=1.0)
        return PlainTextResponse("alive\n")

    async def readyz(request: Request) -> Response:
        """200 while new requests are welcome."""
        check_token(request)
        if not service.ready:
            raise ApiError(503, "draining" if service.draining else "loading", retry_after=1.0)
        return PlainTextResponse("ready\n")

    async def metrics(request: Request) -> Response:
        """Prometheus' text format."""
        check_token(request)
        return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
