"""Uvicorn's HTTP parser with an end to patience: request line and headers are bounded in size and in time."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 128 << 10  # a text of 5,000 characters in a query string, percent-encoded, is 60 KiB at most
HEAD_SECONDS = 15.0
LINGER_SECONDS = 1.0  # what still comes after a refusal is thrown away so long: closed at once, the refusal itself would be lost


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose head grows without end (431) or does not come (silently, as nobody is listening)."""

    _head_bytes = 0
    _in_head = False
    _refused = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that says nothing is not kept for ever."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The clock stops with the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the head is whole."""
        if self._refused:
            return
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            self._expect_head()
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._in_head = False
        self._head_came()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        message = b"the request's line and headers are too large\n"
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(message), message)
        )
        self._refused = True
        self._head_came()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
