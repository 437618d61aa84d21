"""The benchmark measures what it says: every answer is counted, every batch is in the histogram. No figure is held to a value."""

import asyncio
import json
from collections import Counter
from pathlib import Path

from serve.bench import distinct
from serve.load import Load, Target, closed_loop, open_loop
from tests.conftest import RunNmt


def test_the_figures_of_a_short_run(trained: Path, tmp_path: Path, run_nmt: RunNmt) -> None:
    lines = ["one two three.", "four.", "five six seven eight.", "nine ten one."] * 5
    (tmp_path / "lines.txt").write_text("\n".join(lines) + "\n")
    done = run_nmt(
        *("bench", "serve", trained / "ende", "--source", tmp_path / "lines.txt", "--json"),
        *("--clients", 4, "--rounds", 1, "--seconds", 1, "--overload", 2, "--overload-seconds", 1, "--batch-sentences", 4),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (measured,) = found["rounds"]
    assert measured["load"]["statuses"].keys() == {"200"}
    assert measured["lone"]["statuses"] == {"200": len(lines)}
    assert found["served_per_second"] == measured["load"]["per_second"] > 0
    assert found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]
    assert sum(found["batch_rows"].values()) > len(lines)
    assert sum(count for size, count in found["batch_rows"].items() if size in ("8", "16", "24", "32")) == 0
    assert found["overload"]["statuses"].keys() <= {"200", "429", "503"}
    assert found["overload"]["refused_without_retry_after"] == 0
    assert found["exit_code"] == 143


def test_a_table_without_json(trained: Path, tmp_path: Path, run_nmt: RunNmt) -> None:
    (tmp_path / "lines.txt").write_text("one two.\nthree.\n")
    done = run_nmt(
        *("bench", "serve", trained / "ende", "--source", tmp_path / "lines.txt"),
        *("--clients", 2, "--rounds", 1, "--seconds", 1, "--overload", 0),
    )
    assert done.returncode == 0, done.stderr
    assert "share of the model alone" in done.stdout
    assert "at 4 times" not in done.stdout


def test_nothing_to_measure_with_is_said(trained: Path, tmp_path: Path, run_nmt: RunNmt) -> None:
    (tmp_path / "empty").write_text("\n")
    done = run_nmt("bench", "serve", trained / "ende", "--source", tmp_path / "empty")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_loads_count_every_kind_of_answer() -> None:
    """A server that answers the first three of every connection otherwise."""
    answers = [b"200 OK", b"429 Too Many\r\nRetry-After: 2", b"503 Later"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for head in answers:
                await reader.readuntil(b'"de"}')
                writer.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 2\r\n\r\n{}")
            await reader.readuntil(b'"de"}')
        finally:
            writer.close()

    async def main() -> tuple[Load, Load]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1], "en", "de")
        closed = await closed_loop(target, ["a", "b"], 1, 0.2)
        opened = await open_loop(target, ["a", "b"], 200, 0.2)
        server.close()
        await server.wait_closed()
        return closed, opened

    for load in asyncio.run(main()):
        assert load.statuses.keys() == {200, 429, 503, 0}
        assert load.without_retry_after == load.statuses[503]
        assert len(load.latencies) == load.statuses[200]


def test_sentences_that_run_out_come_back_with_their_words_turned_round() -> None:
    assert distinct(["a b c", "d e"], 5) == ["a b c", "d e", "b c a", "e d", "c a b"]


def test_percentiles() -> None:
    load = Load(seconds=2.0, statuses=Counter({200: 4}), latencies=[0.001, 0.002, 0.003, 0.004])
    assert (load.per_second, load.percentile(50), Load().percentile(50)) == (2.0, 2.5, 0.0)
