"""One process: bind, load, serve, and end in good order when asked to."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from types import FrameType

import uvicorn

from nmt.errors import ConfigError
from serve.app import create_app
from serve.http.protocol import BoundedHttp
from serve.memory import EVERY_SECONDS, give_back_memory
from serve.metrics import Metrics, ModelMetrics
from serve.models import Models
from serve.service import Service
from serve.settings import Settings

_BACKLOG = 2048


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code, 128 + the signal's number.

    Raises:
        ConfigError: nothing to serve, or an address that cannot be listened on.
        ModelError: a model that cannot be served.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # while models load there is nothing to end in good order
    _set_up_logs(settings)
    metrics = Metrics()
    models = Models(settings, lambda name, version: ModelMetrics(metrics, name, version), metrics)
    service = Service(settings, models, metrics)
    with bind(settings.host, settings.port) as listening, asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_serve(service, listening))


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything slow, so that one that is taken is told at once. It does not listen yet.

    Raises:
        ConfigError: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        hint = "another program listens there; choose another --port" if taken else error.strerror or str(error)
        raise ConfigError(f"cannot listen on {host}:{port}: {hint}") from error
    return listening


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's loop, or None (Python's own) where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """Uvicorn without its own way with signals, which closes the door before anybody is told."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave the signals alone."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where the server is once it can be reached, and not before."""
        await super().startup(sockets)
        self._announce()


async def _serve(service: Service, listening: socket.socket) -> int:
    settings = service.settings
    server = _Server(
        uvicorn.Config(
            create_app(service),
            http=BoundedHttp,
            lifespan="off",
            log_config=None,
            access_log=False,  # it would write query strings, in which clients put texts and keys
            server_header=False,
            date_header=True,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=int(settings.deadline_seconds) + 5,
            timeout_keep_alive=75,
            backlog=_BACKLOG,
        ),
        lambda: _announce(service, listening),
    )
    caught: list[int] = []
    loop = asyncio.get_running_loop()

    async def end() -> None:
        service.draining = True  # first: /readyz says no, so that nobody sends new work here
        await asyncio.sleep(settings.drain_seconds if caught[0] == signal.SIGTERM else 0)
        server.should_exit = True

    ending: set[asyncio.Task[None]] = set()

    def asked(number: signal.Signals) -> None:
        caught.append(number)
        if len(caught) == 1:
            ending.add(loop.create_task(end()))
        else:
            server.should_exit = server.force_exit = True  # asked twice: whatever is under way

    await service.models.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    giving_back = loop.create_task(_give_back_memory())
    await server.serve(sockets=[listening])
    giving_back.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await service.models.close()
    return 128 + caught[0] if caught else 1


async def _give_back_memory() -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await asyncio.to_thread(give_back_memory)


def _announce(service: Service, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    url = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    told = [
        f"{model.name} {model.version} ({', '.join(f'{one.source}-{one.target}' for one in model.directions)})"
        for model in service.models.loaded
    ]
    print(f"serving {', '.join(told)} on {url}", flush=True)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _set_up_logs(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name, level in (("serve", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # its warnings quote bytes of the body
    logging.getLogger("serve.access").disabled = not settings.access_log


def serve(arguments: Sequence[str]) -> int:
    """What `nmt serve` does: parse, then run."""
    from serve.settings import parse_settings

    return run(parse_settings(list(arguments)))
