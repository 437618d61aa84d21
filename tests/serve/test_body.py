"""Bodies: what was written into one is read out of it, whatever it is written in, and limits hold."""

import asyncio
import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from serve.http.body import first_values, form_values, is_json, json_object, parse_json, parse_pairs, query_values, read_body
from serve.http.errors import ApiError

FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

bounded = settings(max_examples=60, deadline=None)


def request(
    content_type: str = "", parts: Sequence[bytes] = (), query: bytes = b"", headers: dict[str, str] | None = None, wait: float = 0.0
) -> Request:
    """A request whose body comes in these parts, the last of them late by `wait` seconds."""
    given = ({"content-type": content_type} if content_type else {}) | (headers or {})
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        if len(messages) == 1 and wait:
            await asyncio.sleep(wait)
        return messages.pop(0)

    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": encoded}, receive)


def read(asked: Request, most: int = 100, seconds: float = 5.0) -> bytes:
    return asyncio.run(read_body(asked, most, seconds))


def refusal(call: Any, *arguments: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        call(*arguments)
    return error.value


def multipart(pairs: Sequence[tuple[bytes, bytes]], boundary: bytes) -> bytes:
    parts = [b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (boundary, name, value) for name, value in pairs]
    return b"".join([*parts, b"--%b--\r\n" % boundary])


class TestReading:
    @bounded
    @given(parts=st.lists(st.binary(max_size=20), max_size=5), extra=st.integers(0, 5))
    def test_parts_become_the_whole(self, parts: list[bytes], extra: int) -> None:
        whole = b"".join(parts)
        assert read(request(parts=parts), len(whole) + extra) == whole

    @bounded
    @given(parts=st.lists(st.binary(max_size=20), min_size=1, max_size=5).filter(any))
    def test_one_byte_too_many_is_refused(self, parts: list[bytes]) -> None:
        error = refusal(read, request(parts=parts), len(b"".join(parts)) - 1)
        assert (error.status, error.close) == (413, False)

    @pytest.mark.parametrize("length", ["101", "9" * 18, "9" * 5000])
    def test_what_says_that_it_is_too_large_is_refused(self, length: str) -> None:
        assert refusal(read, request(parts=[b"A"], headers={"content-length": length})).status == 413

    @pytest.mark.parametrize("length", ["100", "-5", "many", "1e9", "", "²"])
    def test_only_a_number_is_believed(self, length: str) -> None:
        assert read(request(parts=[b"A"], headers={"content-length": length})) == b"A"

    def test_a_body_without_end_is_not_read_to_it(self) -> None:
        error = refusal(read, request(parts=[b"x" * (1 << 20)] * 40))
        assert (error.status, error.close) == (413, True)

    def test_a_slow_body(self) -> None:
        error = refusal(read, request(parts=[b"A"], wait=1.0), 100, 0.05)
        assert (error.status, error.close, error.message) == (408, True, "the body did not come within 0.05 s")

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip"])
    def test_a_compressed_body(self, encoding: str) -> None:
        assert refusal(read, request(parts=[b"A"], headers={"content-encoding": encoding})).status == 415

    def test_a_body_that_is_as_it_is(self) -> None:
        assert read(request(parts=[b"A"], headers={"content-encoding": "Identity"})) == b"A"

    def test_a_client_that_leaves(self) -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        gone = Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}, receive)
        assert refusal(read, gone).status == 400


class TestJson:
    @bounded
    @given(value=JSON)
    def test_it_comes_back(self, value: Any) -> None:
        assert parse_json(json.dumps(value).encode()) == value
        assert parse_json(json.dumps(value, ensure_ascii=False).encode("utf-8-sig")) == value

    @bounded
    @given(body=st.binary(max_size=40))
    def test_anything_else_is_a_400(self, body: bytes) -> None:
        try:
            parse_json(body)
        except ApiError as error:
            assert (error.status, error.message) == (400, "Invalid JSON format")

    @pytest.mark.parametrize(
        "body",
        [
            b"NaN",
            b'{"a": Infinity}',
            b"[-Infinity]",
            b"1" * 5000,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"[" * 2000 + b"]" * 2000,
            b"\xff",
            b"",
        ],
        ids=["NaN", "Infinity", "-Infinity", "digits", "lists", "objects", "closed lists", "not UTF-8", "empty"],
    )
    def test_what_is_refused(self, body: bytes) -> None:
        assert refusal(parse_json, body).status == 400

    @pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"a"'])
    def test_an_object_is_needed(self, body: bytes) -> None:
        assert refusal(json_object, body).status == 400

    @pytest.mark.parametrize(
        ("content_type", "found"),
        [
            ("application/json", True), ("Application/JSON ; charset=utf-8", True), ("application/ld+json", True),
            ("text/json", False), (FORM, False), ("", False), ("application/jsonp", False),
        ],
    )  # fmt: skip
    def test_what_says_that_it_is_json(self, content_type: str, found: bool) -> None:
        assert is_json(request(content_type)) is found


class TestForms:
    @bounded
    @given(pairs=PAIRS)
    def test_an_urlencoded_form_comes_back(self, pairs: list[tuple[str, str]]) -> None:
        encoded = urlencode(pairs).encode()
        assert form_values(request(FORM), encoded) == pairs
        assert form_values(request(), encoded) == pairs
        assert query_values(request(query=encoded)) == pairs

    @bounded
    @given(pairs=st.lists(st.tuples(st.text("abcäö🙂 _-", min_size=1), TEXT), max_size=8))
    def test_a_multipart_form_comes_back(self, pairs: list[tuple[str, str]]) -> None:
        boundary = os.urandom(12).hex().encode()
        body = multipart([(name.encode(), value.encode()) for name, value in pairs], boundary)
        assert form_values(request(f"multipart/form-data; boundary={boundary.decode()}"), body) == pairs

    @bounded
    @given(
        body=st.binary(max_size=60)
        | st.lists(st.sampled_from([b"--x", b"--", b"\r\n", b'Content-Disposition: form-data; name="q"', b"A"])).map(b"".join)
    )
    def test_a_broken_multipart_form_is_a_400(self, body: bytes) -> None:
        try:
            form_values(request("multipart/form-data; boundary=x"), body)
        except ApiError as error:
            assert error.status == 400

    @bounded
    @given(body=st.binary(max_size=40))
    def test_a_broken_urlencoded_form_is_a_400(self, body: bytes) -> None:
        try:
            parse_pairs(body)
        except ApiError as error:
            assert error.status == 400

    @pytest.mark.parametrize(
        "content_type", ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 300}"]
    )
    def test_a_boundary_is_needed(self, content_type: str) -> None:
        assert refusal(form_values, request(content_type), b"--x--").status == 400

    @pytest.mark.parametrize("cut", [3, 30, 60, 70])
    def test_a_multipart_form_that_is_broken_off(self, cut: int) -> None:
        whole = multipart([(b"q", b"A dog runs over the street.")], b"x")
        assert refusal(form_values, request("multipart/form-data; boundary=x"), whole[:cut]).status == 400

    def test_a_file_is_not_taken(self) -> None:
        body = b'--x\r\nContent-Disposition: form-data; name="q"; filename="a.txt"\r\n\r\nA\r\n--x--\r\n'
        assert refusal(form_values, request("multipart/form-data; boundary=x"), body).message == "a file is not taken here"

    def test_too_many_fields(self) -> None:
        many = [(b"a", b"1")] * 1001
        assert refusal(parse_pairs, urlencode(many).encode()).status == 400
        assert refusal(form_values, request("multipart/form-data; boundary=x"), multipart(many, b"x")).status == 400

    @pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "application/json"])
    def test_other_bodies_are_no_forms(self, content_type: str) -> None:
        assert form_values(request(content_type), b"q=A") == []

    def test_the_first_of_equal_names_wins(self) -> None:
        assert first_values([("a", "1"), ("b", "2"), ("a", "3")]) == {"a": "1", "b": "2"}
