"""`nmt bench serve`: a server under load beside the bare model, in alternating rounds on this machine."""

import asyncio
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nmt.batch_plan import plan_batches
from nmt.errors import NmtError
from nmt.hypotheses import Hypothesis
from nmt.translator import Source, Translator
from serve.load import Load, Target, closed_loop, open_loop

_ALONE = 60  # sentences, one at a time, of each round
_PROMETHEUS = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    clients: int = 64
    rounds: int = 3
    seconds: float = 10.0
    overload: float = 4.0  # times the capacity; 0: not measured
    overload_seconds: float = 60.0  # longer than the deadline, or the queue would never be full
    batch_sentences: int = 16
    threads: int | None = None


class ServerProcess:
    """A real `nmt serve` that remembers no sentence, on a free port of the loopback interface."""

    def __init__(self, model: str, plan: Plan) -> None:
        command = [sys.executable, "-m", "nmt", "serve", f"bench={model}", "--port", "0", "--cache-mebibytes", "0", "--no-access-log"]
        command += ["--batch-sentences", str(plan.batch_sentences)] + (["--threads", str(plan.threads)] if plan.threads else [])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r"on (http://\S+)", self.process.stdout.readline())
        if not found:
            raise NmtError(f"the server did not start (exit code {self.process.wait()})")
        self.url = found[1]

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name and labels."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:  # an address of our own process
            text = answer.read().decode()
        return {name + labels: float(value) for name, labels, value in _PROMETHEUS.findall(text)}

    def stop(self) -> int:
        """End it in good order."""
        self.process.terminate()
        code = self.process.wait(timeout=120)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def bench_serve(model: str, translator: Translator, lines: Sequence[str], plan: Plan, report: Callable[[str], None]) -> dict[str, Any]:
    """Measure.

    Args:
        model: MODEL, as a person names it.
        translator: the same, loaded in this process.
        lines: sentences, each of them once in a round as far as they go.
        plan: how long.
        report: told what is going on.

    Returns:
        Figures, each the median of the rounds, with every round's own.
    """
    server = ServerProcess(model, plan)
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    target = Target(address.hostname, address.port, translator.source_language, translator.target_language)
    try:
        asyncio.run(closed_loop(target, lines, plan.clients, 2.0))  # warm
        _offline(translator, lines[:128], plan)
        before = server.metrics()
        rounds = []
        for number in range(plan.rounds):
            report(f"round {number + 1} of {plan.rounds}")
            rounds.append(_round(translator, target, lines, plan))
        after = server.metrics()
        found = _summary(rounds, before, after)
        if plan.overload:
            report(f"overload: {plan.overload:g} times the capacity")
            rate = plan.overload * found["served_per_second"]
            texts = distinct(lines, int(rate * plan.overload_seconds) + 1)
            load = asyncio.run(open_loop(target, texts, rate, plan.overload_seconds))
            found["overload"] = load.as_dict() | {"times_capacity": plan.overload}
        found["server_resident_mebibytes"] = round(server.metrics()["process_resident_memory_bytes"] / 2**20, 1)
    finally:
        code = server.stop()
    return found | {"exit_code": code, "clients": plan.clients, "batch_sentences": plan.batch_sentences, "lines": len(lines)}


def distinct(lines: Sequence[str], count: int) -> list[str]:
    """Return so many sentences: lines, then lines with their words turned round, as one that waits already would cost nothing."""
    found = []
    for number in range(count):
        turn, place = divmod(number, len(lines))
        words = lines[place].split()
        turn %= len(words)
        found.append(" ".join(words[turn:] + words[:turn]))
    return found


def _round(translator: Translator, target: Target, lines: Sequence[str], plan: Plan) -> dict[str, Any]:
    """The bare model, the server under load, a lone client, and the bare model one at a time, one after the other."""
    offline = _offline(translator, lines, plan)
    load = asyncio.run(closed_loop(target, lines, plan.clients, plan.seconds))
    added, lone, bare = asyncio.run(_lone(translator, target, lines[:_ALONE]))
    return {"offline": offline, "load": load, "lone": lone, "bare_ms": bare, "added_ms": added}


def _offline(translator: Translator, lines: Sequence[str], plan: Plan) -> float:
    """Sentences a second of the model alone: sorted by length, in batches of the server's size, text to text."""
    started = time.perf_counter()
    search = translator.search_for()
    encoded = translator.encode(lines)
    sources = encoded.sources
    found: dict[Source, list[Hypothesis]] = {}
    for batch in plan_batches([len(ids) for ids in sources], search.beam_size, plan.batch_sentences):
        rows = [sources[index] for index in batch]
        raw = translator.translate_batch(rows, search)
        found |= zip(rows, translator.read(rows, raw, search), strict=True)
    translator.join(encoded, found, search)
    return len(lines) / (time.perf_counter() - started)


async def _lone(translator: Translator, target: Target, lines: Sequence[str]) -> tuple[float, Load, float]:
    """One client, alternating with the bare model sentence by sentence: what the server adds, in milliseconds (median), and both."""
    load, connection = Load(), target.connection()
    bare, added = [], []
    for line in lines:
        started = time.perf_counter()
        translator.translate([line])
        alone = time.perf_counter() - started
        before = time.perf_counter()
        await connection.translate(line, load)
        took = time.perf_counter() - before
        load.seconds += took
        bare.append(1000 * alone)
        added.append(1000 * (took - alone))
    await connection.close()
    return statistics.median(added), load, statistics.median(bare)


def _summary(rounds: Sequence[dict[str, Any]], before: dict[str, float], after: dict[str, float]) -> dict[str, Any]:
    loads: list[Load] = [one["load"] for one in rounds]
    lones: list[Load] = [one["lone"] for one in rounds]

    def median(values: Sequence[float], digits: int = 2) -> float:
        return round(statistics.median(values), digits)

    return {
        "offline_per_second": median([one["offline"] for one in rounds]),
        "served_per_second": median([load.per_second for load in loads]),
        "share_of_offline": median([one["load"].per_second / one["offline"] for one in rounds], 3),
        "one_at_a_time_per_second": median([load.per_second for load in lones]),
        "times_one_at_a_time": median([one["load"].per_second / one["lone"].per_second for one in rounds], 2),
        "p50_ms": median([load.percentile(50) for load in loads]),
        "p95_ms": median([load.percentile(95) for load in loads]),
        "p99_ms": median([load.percentile(99) for load in loads]),
        "lone_p50_ms": median([load.percentile(50) for load in lones]),
        "bare_p50_ms": median([one["bare_ms"] for one in rounds]),
        "server_adds_ms": median([one["added_ms"] for one in rounds]),
        "batch_rows": _histogram("nmt_batch_rows", before, after),
        "rounds": [
            {
                "offline_per_second": round(one["offline"], 2),
                "load": one["load"].as_dict(),
                "lone": one["lone"].as_dict(),
                "bare_p50_ms": round(one["bare_ms"], 2),
                "server_adds_ms": round(one["added_ms"], 2),
            }
            for one in rounds
        ],
    }


def _histogram(name: str, before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """Batches by their size: how many between one bound and the next."""
    bounds = {}
    for key, value in after.items():
        if match := re.match(rf'{name}_bucket{{.*le="([^"]+)"', key):
            bounds[match[1]] = value - before.get(key, 0.0)
    sizes: dict[str, int] = {}
    below = 0.0
    for bound in sorted(bounds, key=lambda text: float(text.replace("+Inf", "inf"))):
        sizes[bound.removesuffix(".0")] = int(bounds[bound] - below)
        below = bounds[bound]
    return sizes
