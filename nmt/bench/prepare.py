"""`nmt bench prepare`: from text to ids on disk, stage by stage, then one epoch of batches."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nmt.bench.watched import bar
from nmt.config import Config
from nmt.data.prepare import Prepared, prepare
from nmt.data.training_plan import training_plan
from nmt.peak_memory import peak_memory_gib

MOST_BATCHES = 20_000
_TICK = 500
_HASHING, _TOKENIZER, _ENCODING = "reading and hashing the files", "training the tokenizer", "encoding and writing ids"
_STAGES = {"training the tokenizer": _TOKENIZER, "encoding": _ENCODING}
"""What `prepare` calls them, and what the table does."""


def bench_prepare(config: Config, folder: Path, console: Console) -> dict[str, Any]:
    """Prepare a config's data in an empty folder and make its batches, one thread and no training.

    Returns:
        Figures by name: seconds and pairs/s of each stage and of the whole, tokens/s of batches, the peak memory after each.
    """
    started = time.perf_counter()
    begun = {_HASHING: started}
    with console.status("preparing") as status:

        def note(stage: str, pairs: int) -> None:
            begun.setdefault(_STAGES[stage], time.perf_counter())
            status.update(f"{stage}: {pairs:,} pairs")

        prepared = prepare(config, folder, note)
    ended = time.perf_counter()
    read = prepared.manifest["counts"]["train"]["read"]
    limits = [*begun.values(), ended]
    stages = {name: after - before for name, before, after in zip(begun, limits, limits[1:], strict=False)}
    return {
        "pairs": read,
        "kept": len(prepared.train),
        "stages": {name: {"seconds": round(seconds, 2), "pairs_per_second": round(read / seconds)} for name, seconds in stages.items()},
        "seconds": round(ended - started, 2),
        "pairs_per_second": round(read / (ended - started)),
        "prepare_peak_memory_gib": round(peak_memory_gib(), 3),
        "batches": _batches(config, prepared, console),
        "peak_memory_gib": round(peak_memory_gib(), 3),
    }


def _batches(config: Config, prepared: Prepared, console: Console) -> dict[str, Any]:
    """Plan and gather the batches of an epoch, or its first 20,000, as the loop does between two updates."""
    plan = training_plan(config, prepared)
    tokens = batches = 0
    with bar("batches", MOST_BATCHES // _TICK, console) as tick:
        started = time.perf_counter()
        for indices in islice(plan.epoch(0), MOST_BATCHES):
            batch = plan.batch(indices)
            tokens += int(np.sum(batch.source_lengths) + np.sum(batch.target_lengths))
            batches += 1
            if batches % _TICK == 0:
                tick()
        seconds = time.perf_counter() - started
    return {
        "batches": batches,
        "tokens": tokens,
        "seconds": round(seconds, 2),
        "tokens_per_second": round(tokens / seconds),
    }
