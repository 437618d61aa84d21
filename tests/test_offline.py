"""The network is off in every test, in this process and in those that it starts; this machine's own addresses work."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from network_guard import NetworkIsOff

ATTEMPTS: dict[str, Callable[[], object]] = {
    "look-up": lambda: socket.getaddrinfo("example.org", 443),
    "old look-up": lambda: socket.gethostbyname("example.org"),
    "connection": lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
    "connection by name": lambda: _with_socket(lambda one: one.connect(("example.org", 80))),
    "connection over IPv6": lambda: _with_socket(lambda one: one.connect(("2001:db8::1", 80)), socket.AF_INET6),
    "datagram": lambda: _with_socket(lambda one: one.sendto(b"x", ("192.0.2.1", 53)), kind=socket.SOCK_DGRAM),
    "download": lambda: urllib.request.urlopen("http://example.org/", timeout=1),
}


def _with_socket(use: Callable[[socket.socket], object], family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> object:
    with socket.socket(family, kind) as one:
        one.settimeout(1)
        return use(one)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_leaves_this_machine(attempt: str) -> None:
    with pytest.raises(NetworkIsOff):
        ATTEMPTS[attempt]()


def test_nothing_leaves_from_a_subprocess() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert "NetworkIsOff: tests run without a network: socket" in found.stderr


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("localhost", port), timeout=5).close()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            assert client.getpeername()[1] == port


def test_a_sitecustomize_that_stands_behind_ours_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('second')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(tmp_path)])}
    found = subprocess.run([sys.executable, "-c", ""], capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert found.stdout == "second\n"
