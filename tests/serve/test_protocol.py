"""Heads that come slowly or never: the clock runs from the connection, and again from the first byte of each later head."""

import asyncio

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from serve.http import protocol
from serve.http.protocol import BoundedHttp

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def talk(*said: bytes | float) -> bytes:
    """Say things to a small server, waiting where a number says so, and return what it answers until it closes."""

    class Quiet(uvicorn.Server):
        async def serve_quietly(self) -> None:
            self.config.load()
            self.lifespan = self.config.lifespan_class(self.config)
            await self.startup()

    server = Quiet(uvicorn.Config(PlainTextResponse("hello"), port=0, http=BoundedHttp, lifespan="off", log_config=None))
    await server.serve_quietly()
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for one in said:
        if isinstance(one, bytes):
            writer.write(one)
        else:
            await asyncio.sleep(one)
    async with asyncio.timeout(5):
        found = await reader.read()
    writer.close()
    await server.shutdown()
    return found


@pytest.mark.parametrize(
    ("said", "answers"), [((), 0), ((ASK[:9],), 0), ((ASK, ASK[:9]), 1), ((ASK[:9], 0.05, ASK[9:], 0.05, ASK, ASK[:1]), 2)]
)
def test_a_head_that_does_not_come_ends_the_connection(
    said: tuple[bytes | float, ...], answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    assert asyncio.run(talk(*said)).count(b"hello") == answers
