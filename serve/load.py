"""A load generator for a server on this machine: any number of clients, each on a connection of its own, in one light process."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

_REPLY_SECONDS = 60.0


@dataclass
class Load:
    """What came of a stretch of load."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)  # 0: the connection broke; -1: no answer in time
    latencies: list[float] = field(default_factory=list)  # seconds, of the answers with status 200
    without_retry_after: int = 0  # refusals (429, 503) that do not say when to come again

    @property
    def per_second(self) -> float:
        """Answers with status 200 a second."""
        return self.statuses[200] / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds below which this share (0 to 100) of the good answers came; 0 if there are none."""
        return float(np.percentile(self.latencies, share)) * 1000 if self.latencies else 0.0

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "seconds": round(self.seconds, 2),
            "per_second": round(self.per_second, 2),
            "p50_ms": round(self.percentile(50), 2),
            "p95_ms": round(self.percentile(95), 2),
            "p99_ms": round(self.percentile(99), 2),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "refused_without_retry_after": self.without_retry_after,
        }


class Connection:
    """One keep-alive connection that asks for translations in LibreTranslate's words."""

    def __init__(self, host: str, port: int, source: str, target: str) -> None:
        self.host, self.port, self.source, self.target = host, port, source, target
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def translate(self, text: str, load: Load) -> None:
        """Ask once, and note what came."""
        body = json.dumps({"q": text, "source": self.source, "target": self.target}, ensure_ascii=False).encode()
        head = f"POST /translate HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_REPLY_SECONDS):
                status, headers = await self._exchange(head.encode() + body)
        except TimeoutError:
            load.statuses[-1] += 1
            await self.close()
            return
        except (OSError, asyncio.IncompleteReadError, ValueError):
            load.statuses[0] += 1
            await self.close()
            return
        load.statuses[status] += 1
        if status == 200:
            load.latencies.append(time.perf_counter() - started)
        elif status in (429, 503) and b"retry-after:" not in headers:
            load.without_retry_after += 1

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
        self._writer.write(request)
        headers = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = headers.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        status = int(headers.split(b" ", 2)[1])
        if b"connection: close" in headers:
            await self.close()
        return status, headers

    async def close(self) -> None:
        """Let go of the connection."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None


@dataclass(frozen=True)
class Target:
    """Where the load goes."""

    host: str
    port: int
    source: str
    target: str

    def connection(self) -> Connection:
        """One more client."""
        return Connection(self.host, self.port, self.source, self.target)


async def closed_loop(target: Target, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Clients that each ask again as soon as they have their answer. Asking ends after `seconds`; what is under way is waited for."""
    load = Load()
    supply = cycle(texts)
    end = time.perf_counter() + seconds

    async def client() -> None:
        connection = target.connection()
        while time.perf_counter() < end:
            await connection.translate(next(supply), load)
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


async def open_loop(target: Target, texts: Sequence[str], per_second: float, seconds: float) -> Load:
    """Requests at a fixed rate, whether or not earlier ones have been answered: what a server meets that is too small."""
    load = Load()
    supply: Iterator[str] = cycle(texts)
    idle: list[Connection] = []

    async def ask() -> None:
        connection = idle.pop() if idle else target.connection()
        await connection.translate(next(supply), load)
        idle.append(connection)

    started = time.perf_counter()
    asked: set[asyncio.Task[None]] = set()
    sent = 0
    while (now := time.perf_counter() - started) < seconds:
        for _ in range(int(now * per_second) - sent):
            task = asyncio.get_running_loop().create_task(ask())
            asked.add(task)
            task.add_done_callback(asked.discard)
            sent += 1
        await asyncio.sleep(0.005)
    await asyncio.gather(*asked)
    load.seconds = time.perf_counter() - started
    for connection in idle:
        await connection.close()
    return load
