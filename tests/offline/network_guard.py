"""No test reaches beyond this machine: an audit hook refuses every connection and every name look-up that is not loopback.

An audit hook sits below the socket module and cannot be taken out again, so no library gets round it from Python.
"""

import ipaddress
import socket
import sys
from typing import Any

LOOK_UPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
METHODS = ("connect", "connect_ex")


class NetworkIsOff(RuntimeError):
    """A test tried to leave this machine; not an OSError, which the code under test may rightly catch."""


def install() -> None:
    """Refuse the network from now on, in this process."""
    if getattr(sys, "_nmt_network_guard", False):
        return
    sys._nmt_network_guard = True  # type: ignore[attr-defined]
    sys.addaudithook(_refuse)
    for name in METHODS:  # given a name, these look it up before their audit event is raised
        setattr(socket.socket, name, _checked(getattr(socket.socket, name)))


def _checked(method: Any) -> Any:
    def checked(self: socket.socket, address: Any) -> Any:
        _require_loopback(method.__name__, address)
        return method(self, address)

    return checked


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CONNECTIONS:
        _require_loopback(event, arguments[1])
    elif event in LOOK_UPS:
        _require_loopback(event, arguments[0])


def _require_loopback(what: str, address: Any) -> None:
    """Let pass an IP address of this machine, its name, no address at all, and a path (a UNIX socket)."""
    host = address[0] if isinstance(address, tuple) else address
    text = host.decode(errors="replace") if isinstance(host, bytes) else host
    if not text or text == "localhost" or "/" in text or text.startswith("\0"):
        return
    try:
        here = ipaddress.ip_address(text.partition("%")[0])
        if here.is_loopback or here.is_unspecified:
            return
    except ValueError:
        pass
    raise NetworkIsOff(f"tests run without a network: {what} {address!r}")
