"""Round every request: an id, one log line, metrics, safe headers, and an answer even to what nobody foresaw.

Plain ASGI: Starlette's BaseHTTPMiddleware would hide from a handler that its client has gone.
"""

import json
import logging
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http.errors import ApiError, error_response, format_of
from serve.http.record import Record, request_id
from serve.metrics import Metrics

log = logging.getLogger("serve")
access = logging.getLogger("serve.access")
CLIENT_GONE = 499
"""What is logged where the client has left before its answer (nginx's number)."""


class Rounds:
    """The one middleware; outermost."""

    def __init__(self, app: ASGIApp, metrics: Metrics, draining: Callable[[], bool], access_log: bool) -> None:
        self.app, self.metrics, self.draining, self.access_log = app, metrics, draining, access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        api = format_of(path)
        client = (scope.get("client") or ("", 0))[0]
        record = Record(request_id(Headers(scope=scope)), client)
        scope.setdefault("state", {})["record"] = record
        status = 0

        async def decorated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._decorate(MutableHeaders(scope=message), record, api)
            await send(message)

        with self.metrics.in_flight():
            try:
                await self.app(scope, receive, decorated)
            except Exception:
                # The text of a request may stand in an exception's message: the log gets where it happened, not what it says.
                log.error("request %s failed\n%s", record.request_id, _places())
                if not status:
                    error = ApiError(500, f"something went wrong here; ask the operator about request {record.request_id}")
                    await error_response(path, error, record.request_id)(scope, receive, decorated)
        route = _route(scope)
        seconds = time.monotonic() - record.started
        self.metrics.request(api, record.model, record.version, status or CLIENT_GONE, seconds)
        if self.access_log:
            access.info(json.dumps(record.as_log(api, route, scope["method"], status or CLIENT_GONE)))

    def _decorate(self, headers: MutableHeaders, record: Record, api: str) -> None:
        headers["X-Request-ID"] = record.request_id
        if api == "deepl":
            headers["X-Trace-ID"] = record.trace_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        if self.draining():
            headers["Connection"] = "close"


def _route(scope: Scope) -> str:
    """The pattern that matched, in which no name that a client made up can stand."""
    return str(getattr(scope.get("route"), "path", "")) or "none"


def _places() -> str:
    import sys
    import traceback

    kind, _, trace = sys.exc_info()
    return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind else "")
