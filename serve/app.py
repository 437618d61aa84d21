"""The ASGI application: routes of every wire format on one port, under one middleware."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.api.deepl import deepl_routes
from serve.api.libretranslate import libretranslate_routes
from serve.api.native import native_routes
from serve.api.openapi import openapi
from serve.api.operations import operations_routes
from serve.api.tensorflow_serving import tensorflow_serving_routes
from serve.http.errors import ApiError, answer_api_error, answer_http_error, format_of
from serve.http.middleware import CLIENT_GONE, Rounds
from serve.page import page
from serve.service import ClientGone, Service


def create_app(service: Service) -> Starlette:
    """Put the routes together; whoever runs the application starts and closes `service.models`."""
    settings = service.settings
    routes = [
        Route("/", _page, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
        *libretranslate_routes(service),
        *deepl_routes(service),
        *tensorflow_serving_routes(service),
        *native_routes(service),
        *operations_routes(service),
    ]
    middleware = [Middleware(Rounds, metrics=service.metrics, draining=lambda: service.draining, access_log=settings.access_log)]
    if settings.cors_origins:
        middleware.append(Middleware(_Cors, allow_origins=settings.cors_origins, allow_methods=["GET", "POST"], allow_headers=["*"]))
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={ApiError: answer_api_error, HTTPException: answer_http_error, ClientGone: _nobody},
    )
    app.router.redirect_slashes = False  # a redirect would name the host that the request named
    return app


class _Cors(CORSMiddleware):
    """DeepL's API answers no browser of another origin, and its clients need none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        foreign = scope["type"] == "http" and format_of(scope["path"]) == "deepl"
        if foreign:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _page(_request: Request) -> Response:
    shown = page()
    return Response(shown.html, media_type="text/html", headers={"Content-Security-Policy": shown.content_security_policy})


async def _openapi(_request: Request) -> Response:
    return JSONResponse(openapi())


async def _nobody(_request: Request, _error: Exception) -> Response:
    """Nobody reads this; the log line and the metric get its status."""
    return Response(status_code=CLIENT_GONE)
