"""The process: what it says when it cannot start, and how it ends — asked politely under load, asked twice, or killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.load import Connection, Load, Target, closed_loop
from tests.conftest import RunNmt
from tests.serve.conftest import LiveServer, start_server, translation


@pytest.fixture
def own_server(trained: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """A server that the test may end."""
    live = start_server(tmp_path, f"ende={trained / 'ende'}", "--cache-mebibytes", "0")
    yield live
    if live.process.poll() is None:
        live.process.kill()
        live.process.wait()
    if live.process.stdout:
        live.process.stdout.close()


def target_of(server: LiveServer) -> Target:
    return Target("127.0.0.1", int(server.url.rpartition(":")[2]), "en", "de")


def test_it_serves(server: LiveServer) -> None:
    answer = server.post("/translate", json={"q": "one two three.\n\n two.", "source": "en", "target": "de"})
    assert answer.json() == {"translatedText": f"{translation('one two three.')}\n\n {translation('two.')}"}
    assert server.get("/livez").text == "alive\n"
    assert server.get("/readyz").text == "ready\n"
    assert server.get("/").headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_idle_server_ends_when_it_is_asked(own_server: LiveServer, number: int, code: int) -> None:
    assert own_server.stop(number) == code


def test_sigterm_under_load_loses_no_request_that_was_taken(own_server: LiveServer) -> None:
    """Sixteen clients ask without a pause; each that is answered at all is answered with a translation or told to come later."""
    said: list[int] = []

    def watch() -> None:
        while own_server.process.poll() is None:
            try:
                said.append(own_server.get("/readyz").status_code)
            except OSError:
                return
            except Exception:  # the client library's own kinds: the door is closed
                return
            time.sleep(0.01)

    async def main() -> Load:
        load = asyncio.create_task(closed_loop(target_of(own_server), ["one two.", "three four five.", "six."], 16, 3.0))
        await asyncio.sleep(1.0)
        own_server.process.send_signal(signal.SIGTERM)
        return await load

    watcher = threading.Thread(target=watch)
    watcher.start()
    load = asyncio.run(main())
    assert own_server.process.wait(timeout=40) == 143
    watcher.join()
    assert 503 in said, "/readyz never said that the server was ending"
    assert load.statuses[200] > 0
    assert load.statuses[-1] == 0
    # 0: the door was closed before the client knocked. That is no request that was taken: the next test looks at those one by one.
    assert set(load.statuses) <= {200, 503, 0}


def test_a_request_under_way_is_answered_after_sigterm(own_server: LiveServer) -> None:
    """A long text is being translated when the signal comes; its connection gets the whole answer and is then closed."""
    text = "\n".join(f"one two three four {word}." for word in ("five", "six", "seven") * 200)
    target = target_of(own_server)

    async def main() -> Load:
        load = Load()
        connection = Connection(target.host, target.port, target.source, target.target)
        asking = asyncio.create_task(connection.translate(text[:4900], load))
        await asyncio.sleep(0.15)
        own_server.process.send_signal(signal.SIGTERM)
        await asking
        await connection.close()
        return load

    assert asyncio.run(main()).statuses == {200: 1}
    assert own_server.process.wait(timeout=40) == 143


def talk(server: LiveServer, *sent: bytes) -> bytes:
    """Send bytes on one connection and return all that comes until the server closes it or is silent for some seconds."""
    with socket.create_connection(("127.0.0.1", target_of(server).port), timeout=4) as connection:
        found = b""
        try:
            for data in sent:
                connection.sendall(data)
            while data := connection.recv(65536):
                found += data
        except (TimeoutError, ConnectionError):
            pass
        return found


def test_headers_without_end_are_refused(server: LiveServer) -> None:
    endless = [b"GET /health HTTP/1.1\r\nHost: x\r\n", *[b"X-%d: " % n + b"y" * 4000 + b"\r\n" for n in range(60)]]
    assert talk(server, *endless).startswith(b"HTTP/1.1 431 ")
    assert talk(server, b"GET /health?" + b"z" * 200_000).startswith(b"HTTP/1.1 431 ")
    assert server.get("/health").status_code == 200


def test_a_long_text_in_a_query_string_is_no_such_thing(server: LiveServer) -> None:
    asked = server.post("/translate", params={"q": "二" * 5000, "source": "en", "target": "de"})
    assert asked.status_code in (200, 413)


def test_what_is_not_http_gets_one_answer(server: LiveServer) -> None:
    assert talk(server, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_two_requests_at_once_on_one_connection_are_answered_in_order(server: LiveServer) -> None:
    ask = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = talk(server, ask % b"livez" + ask % b"readyz")
    assert answers.index(b"alive\n") < answers.index(b"ready\n")


def test_a_killed_server_leaves_its_port_to_the_next(trained: Path, tmp_path: Path, own_server: LiveServer) -> None:
    port = int(own_server.url.rpartition(":")[2])
    own_server.process.send_signal(signal.SIGKILL)
    assert own_server.process.wait(timeout=10) == -signal.SIGKILL
    command = [sys.executable, "-m", "nmt", "serve", f"ende={trained / 'ende'}", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as again:
        assert again.stdout is not None
        assert f":{port}" in again.stdout.readline()
        again.terminate()
        assert again.wait(timeout=30) == 143


def catches(process: "subprocess.Popen[str]", number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal: on a busy machine it is anyone's guess when it has come to that."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the handlers of a process")
def test_a_signal_while_models_load_ends_it_too(trained: Path) -> None:
    command = [sys.executable, "-m", "nmt", "serve", f"ende={trained / 'ende'}", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        begun = time.monotonic()
        while not catches(process, signal.SIGTERM) and time.monotonic() - begun < 60:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(timeout=30) == 143


def test_a_port_that_is_taken_is_said_at_once(trained: Path, run_nmt: RunNmt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_nmt("serve", f"ende={trained / 'ende'}", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"nmt: cannot listen on 127.0.0.1:{port}: another program listens there; choose another --port\n"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'starlette' else find(name, *rest)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(tmp_path)])}
    done = subprocess.run([sys.executable, "-m", "nmt", "serve", "x"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "nmt: nmt serve needs starlette: pip install 'carousel-nmt[serve]'\n"


def test_help_lists_every_setting(run_nmt: RunNmt) -> None:
    done = run_nmt("serve", "--help")
    assert done.returncode == 0
    assert "--api-keys-file" in done.stdout
    assert "NMT_DEADLINE_SECONDS" in done.stdout


def test_a_key_that_was_made_is_let_in(trained: Path, tmp_path: Path, run_nmt: RunNmt) -> None:
    key = run_nmt("serve-key", tmp_path / "keys", "weblate", "--per-minute", 60).stdout.strip()
    assert key not in (tmp_path / "keys").read_text()
    live = start_server(tmp_path, f"ende={trained / 'ende'}", NMT_API_KEYS_FILE=str(tmp_path / "keys"))
    try:
        asked = {"q": "one.", "source": "en", "target": "de"}
        assert live.post("/translate", json=asked).status_code == 400
        assert live.post("/translate", json=asked | {"api_key": "wrong"}).status_code == 403
        assert live.post("/translate", json=asked | {"api_key": key}).json() == {"translatedText": "eins."}
        assert key not in live.log.read_text()
    finally:
        assert live.stop() == 143
        live.process.stdout.close()  # type: ignore[union-attr]
