"""Failures as each wire format words them: the shape of an error goes by the route, whatever went wrong and wherever."""

from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

Format = Literal["libretranslate", "deepl", "tensorflow_serving", "native", "operations"]

_PREFIXES: tuple[tuple[str, Format], ...] = (
    ("/v2", "deepl"),
    ("/v3", "deepl"),
    ("/v1", "tensorflow_serving"),
    ("/nmt", "native"),
    ("/livez", "operations"),
    ("/readyz", "operations"),
    ("/metrics", "operations"),
)


class ApiError(Exception):
    """A request that is answered with a failure."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None, close: bool = False) -> None:
        """Make a failure.

        Args:
            status: HTTP status.
            message: one line for whoever called.
            retry_after: seconds until it is worth trying again.
            close: whether the connection cannot be used any more, because a body was left unread.
        """
        super().__init__(message)
        self.status, self.message, self.retry_after, self.close = status, message, retry_after, close


def format_of(path: str) -> Format:
    """Return whose route a path is; what belongs to nobody else is LibreTranslate's."""
    return next((name for prefix, name in _PREFIXES if path == prefix or path.startswith(prefix + "/")), "libretranslate")


def error_response(path: str, error: ApiError, request_id: str) -> Response:
    """Word a failure as the clients of `path` expect it."""
    shape = format_of(path)
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.close:
        headers["Connection"] = "close"
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if shape == "operations":
        return PlainTextResponse(error.message + "\n", error.status, headers)
    body: dict[str, Any] = {"error": error.message}
    if shape == "deepl":
        body = {"message": error.message}
    elif shape == "native":
        body["request_id"] = request_id
    return JSONResponse(body, error.status, headers)


async def answer_api_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for `ApiError`."""
    assert isinstance(error, ApiError)
    return error_response(request.scope["path"], error, request.scope["state"]["record"].request_id)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for its own 404 and 405."""
    status = getattr(error, "status_code", 500)
    path = request.scope["path"]
    words = {404: "Not found", 405: f"{request.method} is not allowed for this route"}
    response = error_response(path, ApiError(status, words.get(status, str(error))), request.scope["state"]["record"].request_id)
    for name, value in (getattr(error, "headers", None) or {}).items():
        response.headers[name] = value
    return response
