"""Request bodies: read under a limit of size and time, and made into parameters whatever they are written in."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from serve.http.errors import ApiError

DRAINED_BYTES = 16 << 20
DRAINED_SECONDS = 2.0
_FIELDS = 1000
_LONGEST_LENGTH = 18  # digits of a Content-Length: Python refuses to read thousands of them
_NOT_READ = "a file is not taken here"


async def read_body(request: Request, most_bytes: int, seconds: float) -> bytes:
    """Read the whole body.

    Raises:
        ApiError: 413 over the limit, 415 compressed, 408 too slow, 400 broken off. A body that is too large is read on and thrown away,
            within limits, because a client that is still sending does not see an answer.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "compressed bodies are not taken: send it without Content-Encoding", close=True)
    declared = request.headers.get("content-length", "")
    stream = request.stream()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            if declared.isdecimal() and (len(declared) > _LONGEST_LENGTH or int(declared) > most_bytes):
                await _drain(stream, 0, most_bytes)
            async for part in stream:
                size += len(part)
                if size > most_bytes:
                    await _drain(stream, size, most_bytes)
                parts.append(part)
    except TimeoutError as error:
        raise ApiError(408, f"the body did not come within {seconds:g} s", close=True) from error
    except ClientDisconnect as error:
        raise ApiError(400, "the body was broken off", close=True) from error
    return b"".join(parts)


async def _drain(stream: Any, size: int, most_bytes: int) -> NoReturn:
    until = time.monotonic() + DRAINED_SECONDS
    whole = False
    try:
        async with asyncio.timeout(DRAINED_SECONDS):
            async for part in stream:
                size += len(part)
                if size > DRAINED_BYTES or time.monotonic() > until:
                    break
            else:
                whole = True
    except TimeoutError:
        pass
    raise ApiError(413, f"the body is larger than {most_bytes} bytes", close=not whole)


def parse_json(body: bytes) -> Any:
    """Parse strict JSON.

    Raises:
        ApiError: 400 for what is no JSON, is nested too deep, or holds NaN, Infinity or a number of thousands of digits.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError and a JSONDecodeError are ValueErrors
        raise ApiError(400, "Invalid JSON format") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON."""
    kind = _media_type(request)
    return kind == "application/json" or kind.endswith("+json")


def form_values(request: Request, body: bytes) -> list[tuple[str, str]]:
    """Return the fields of an urlencoded or multipart body, in order, names as often as they come; none for any other kind of body.

    Raises:
        ApiError: 400 for a broken one, or one of too many fields.
    """
    kind = _media_type(request)
    if kind == "multipart/form-data":
        return _multipart(request.headers["content-type"], body)
    if kind not in ("", "application/x-www-form-urlencoded") or not body:
        return []
    return parse_pairs(body)


def parse_pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Parse `a=1&b=2`, of a query string or an urlencoded body.

    Raises:
        ApiError: 400 for text that is not UTF-8 or has too many fields.
    """
    try:
        return parse_qsl(encoded.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError as error:
        raise ApiError(400, f"the form is not UTF-8, or has more than {_FIELDS} fields") from error


def first_values(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Make a mapping in which the first of equal names wins."""
    return dict(reversed(pairs))


def query_values(request: Request) -> list[tuple[str, str]]:
    """Return the fields of the query string."""
    return parse_pairs(request.scope["query_string"])


def json_object(body: bytes) -> Mapping[str, Any]:
    """Parse JSON that must be an object.

    Raises:
        ApiError: 400.
    """
    parsed = parse_json(body)
    if not isinstance(parsed, dict):
        raise ApiError(400, "Invalid JSON format")
    return parsed


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read text fields alone."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise ApiError(400, "the multipart body names no boundary")
    fields: list[tuple[str, str]] = []
    state: dict[str, bytes] = {}
    ended = False

    def begin() -> None:
        state.update(field=b"", value=b"", disposition=b"", data=b"")

    def header_end() -> None:
        if state["field"].lower() == b"content-disposition":
            state["disposition"] = state["value"]
        state.update(field=b"", value=b"")

    def add(name: str) -> Any:
        def append(data: bytes, start: int, end: int) -> None:
            state[name] += data[start:end]

        return append

    def end() -> None:
        options = parse_options_header(state["disposition"])[1]
        if b"filename" in options:
            raise ApiError(400, _NOT_READ)
        if len(fields) >= _FIELDS:
            raise ApiError(400, f"the form has more than {_FIELDS} fields")
        fields.append((options.get(b"name", b"").decode("utf-8"), state["data"].decode("utf-8")))

    def all_read() -> None:
        nonlocal ended
        ended = True

    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": begin,
                "on_header_field": add("field"),
                "on_header_value": add("value"),
                "on_header_end": header_end,
                "on_part_data": add("data"),
                "on_part_end": end,
                "on_end": all_read,
            },
        )
        parser.write(body)
        parser.finalize()
    except ValueError as error:  # python-multipart's own errors are ValueErrors; so is text that is not UTF-8
        raise ApiError(400, "the multipart body is broken") from error
    if body and not ended:
        raise ApiError(400, "the multipart body is broken off")
    return fields
