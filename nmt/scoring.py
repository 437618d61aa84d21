"""What `nmt evaluate` and `nmt info` print: the scores of an exported model, and what the export says of itself."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nmt.config import ParallelText
from nmt.data.parallel_text import read_pairs
from nmt.evaluation import Score, evaluate
from nmt.model_directory import Manifest, ModelDirectory, find_model_directory
from nmt.recipes import peak_memory_gib
from nmt.shown import translate_shown
from nmt.translator import load_translator


@dataclass(frozen=True)
class Evaluation:
    """The figures of one model on one pair of files."""

    model: str
    beam: int
    length_penalty: float
    shortlist: bool
    lines: int
    seconds: float
    sentences_per_second: float
    peak_memory_gib: float
    scores: list[Score]
    training: dict[str, object]
    versions: dict[str, str]


def score_model(
    model: str, source: Path, reference: Path, beam: int | None, threads: int | None, console: Console, *, shortlist: bool = False
) -> Evaluation:
    """Translate `source` with an exported model and score it against `reference`.

    Raises:
        ModelError: not a model.
        CorpusError: files that are missing, damaged or of unequal length.
    """
    directory = find_model_directory(model)
    pairs = list(read_pairs(ParallelText(source=source, target=reference)))
    translator = load_translator(model, threads=threads, shortlist=shortlist)
    translator.translate([pairs[0].source], beam_size=beam)  # the first call warms the graph; it is not part of the speed
    started = time.monotonic()
    outputs = translate_shown(translator, [pair.source for pair in pairs], console, beam_size=beam)
    seconds = time.monotonic() - started
    manifest = directory.manifest
    return Evaluation(
        model=str(directory.path),
        beam=beam or manifest.search.beam_size,
        length_penalty=manifest.search.length_penalty,
        shortlist=shortlist,
        lines=len(pairs),
        seconds=round(seconds, 3),
        sentences_per_second=round(len(pairs) / seconds, 1),
        peak_memory_gib=round(peak_memory_gib(), 2),
        scores=evaluate(outputs, [pair.target for pair in pairs], manifest.target),
        training=manifest.training.model_dump(),
        versions=manifest.versions,
    )


def print_evaluation(evaluation: Evaluation, as_json: bool) -> None:
    """Write an evaluation to standard output, as a table or as one JSON object."""
    if as_json:
        print(json.dumps(asdict(evaluation), ensure_ascii=False))
        return
    console = Console(highlight=False)
    table = Table("metric", title=f"{evaluation.model}, beam {evaluation.beam}, {evaluation.lines} lines", title_justify="left")
    table.add_column("score", justify="right")
    table.add_column("signature", overflow="fold")
    for score in evaluation.scores:
        table.add_row(score.metric, f"{score.score:.2f}", score.signature)
    console.print(table)
    console.print(f"{evaluation.sentences_per_second:g} sentences/s, peak memory {evaluation.peak_memory_gib:g} GiB", soft_wrap=True)


def print_model(directory: ModelDirectory, as_json: bool) -> None:
    """Write what an export says of itself to standard output."""
    manifest = directory.manifest
    if as_json:
        print(manifest.model_dump_json())
        return
    training, limits = manifest.training, manifest.limits
    rows = {
        "model": str(directory.path),
        "languages": f"{manifest.source} → {manifest.target}",
        "scores": "\n".join(f"{one.metric} {one.score:.2f} on {one.set}, beam {one.beam} ({one.signature})" for one in manifest.scores)
        or "none",
        "weights": _weights(manifest),
        "training": f"{training.updates} updates in {training.seconds / 60:.1f} minutes, seed {training.seed}, {training.hardware}",
        "limits": f"{limits.max_source_pieces} source pieces a sentence (longer lines are split), {limits.max_steps} target pieces",
        "search": f"beam {manifest.search.beam_size}, length penalty {manifest.search.length_penalty:g}",
        "corpora": "\n".join(f"{one.name}: {one.licence or 'licence not known'}" for one in manifest.corpora),
        "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
        "files": f"{len(manifest.files)}, all as they were published",
    }
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    Console(highlight=False).print(table)


def _weights(manifest: Manifest) -> str:
    made = manifest.conversion
    if made is None:
        return "float32, as they were trained"
    before = f"; BLEU {made.float32_bleu:.2f} before" if made.float32_bleu is not None else ""
    return f"{made.weights} for {made.format}, {made.bytes / 1e6:.1f} MB, {made.bytes / made.float32_bytes:.2f} x float32{before}"
