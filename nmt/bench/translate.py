"""`nmt bench translate`: text in, text out, in rounds, in turn with bare matrix products."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nmt.backend import load_backend
from nmt.batch_plan import BATCH_SENTENCES, most_sentences, plan_batches
from nmt.bench.against import Command, Pair, Seconds, TranslationProcess, pairs_as_dict
from nmt.bench.figures import percentile, rounded
from nmt.bench.flops import Work, forward_flops, readout_width, step_bytes, work_of
from nmt.bench.watched import bar
from nmt.config import ModelConfig
from nmt.config_file import load_config
from nmt.errors import CorpusError, ModelError
from nmt.evaluation import bleu
from nmt.hypotheses import Hypothesis
from nmt.loading import load_translator
from nmt.model_directory import find_model_directory
from nmt.peak_memory import peak_memory_gib
from nmt.tokenizer import TokenizerPair
from nmt.translator import Source, Translator


@dataclass(frozen=True)
class TranslatePlan:
    """How much."""

    beams: tuple[int, ...] = (1, 5)
    rounds: int = 5
    sentences: int = 100
    """Translated one at a time."""
    threads: int | None = None
    shortlist: bool = False
    against: Command | None = None


@dataclass
class Beam:
    """What the rounds of one beam size gave."""

    size: int
    work: Work
    """Of one pass over all lines: rows are those of the hypotheses that were found."""
    pieces: int
    padding: float
    outputs: list[str]
    seconds: list[float] = field(default_factory=list)
    alone: list[list[float]] = field(default_factory=list)
    pairs: list[tuple[Seconds, Seconds, Pair]] = field(default_factory=list)
    """Ours and theirs, and what both make as rates."""


def bench_translate(
    model: str, lines: Sequence[str], references: Sequence[str] | None, plan: TranslatePlan, console: Console
) -> dict[str, Any]:
    """Measure translation.

    Args:
        model: MODEL, as a person names it.
        lines: source text.
        references: of each line, if there are any.
        plan: how much.
        console: where a person looks meanwhile.

    Returns:
        Figures by name; those that vary as {median, min, max} over the rounds.

    Raises:
        NmtError: not a model, a model that does not say its sizes, or another program that fails.
    """
    sizes, vocabulary = model_sizes(model)
    started = time.perf_counter()
    load_backend()
    imported = time.perf_counter()
    translator = load_translator(model, threads=plan.threads, shortlist=plan.shortlist)
    loaded = time.perf_counter()
    text = [line for line in lines if line.strip()]
    translator.translate(text[:1], beam_size=plan.beams[0])
    first_line = time.perf_counter() - loaded
    from nmt.bench.gemm import GemmRates, Product, read_bandwidth  # TensorFlow is loaded by now, with as many threads as were asked for

    sample = text[:: max(1, len(text) // plan.sentences)][: plan.sentences]
    with (
        bar("translating", len(plan.beams) * (plan.rounds + 1), console) as tick,
        tempfile.TemporaryDirectory(prefix="nmt-bench-") as place,
    ):
        other = TranslationProcess(plan.against, lines, Path(place)) if plan.against else None
        beams = []
        for size in plan.beams:
            beams.append(_warm(translator, lines, size))
            tick()
        if not beams[0].work.sentences:
            raise CorpusError("the model translates none of these lines: all are blank, or copied as they are; give sentences")
        rows = {size: size * min(BATCH_SENTENCES, most_sentences(size), beams[0].work.sentences) for size in plan.beams}
        R, H = readout_width(sizes), sizes.decoder_units
        gemm = GemmRates(
            {f"logits, beam {size}": Product(n, R, vocabulary) for size, n in rows.items()}
            | {f"decoder gates from state, beam {size}": Product(n, H, 4 * H) for size, n in rows.items()}
        )
        for _ in range(plan.rounds):
            for beam in beams:
                _round(translator, lines, sample, beam, other)
                tick()
            gemm.measure()
    peak = peak_memory_gib()
    bandwidth = read_bandwidth()
    found: dict[str, Any] = {
        "model": str(find_model_directory(model).path),
        "lines": len(lines),
        "translated_sentences": beams[0].work.sentences,
        "rounds": plan.rounds,
        "threads": plan.threads,
        "shortlist": plan.shortlist,
        "tensorflow_import_seconds": round(imported - started, 2),
        "load_seconds": round(loaded - imported, 2),
        "first_line_seconds": round(first_line, 3),
        "peak_memory_gib": round(peak, 2),
        "gemm": gemm.as_dict(),
        "gemm_for_share": gemm.best,
        "read_bandwidth": bandwidth,
        "beams": [_summary(beam, len(lines), sizes, vocabulary, gemm.rates[gemm.best]) for beam in beams],
    }
    for beam, summary in zip(beams, found["beams"], strict=True):
        if beam.size == 1:
            steps = beam.work.target / beam.work.sentences
            summary["memory_bound"] = _memory_bound(sizes, vocabulary, steps, bandwidth["gigabytes_per_second"], summary["p50_ms"])
        if references:
            score = bleu(beam.outputs, references, translator.target_language)
            summary["bleu"] = {"score": round(score.score, 2), "signature": score.signature}
        if other:
            summary["against"] = pairs_as_dict([pair for _, _, pair in beam.pairs], other.command.line, "sentences/s") | {
                "lines": {"few": len(other.few), "all": len(other.lines)},
                "seconds": [{"ours": ours.as_dict(), "theirs": theirs.as_dict()} for ours, theirs, _ in beam.pairs],
            }
    return found


def model_sizes(model: str) -> tuple[ModelConfig, int]:
    """Sizes of a model and of its target vocabulary, from the files that its export carries.

    Raises:
        ModelError: no model, one without its config, or an ensemble.
    """
    directory = find_model_directory(model)
    folder, config = directory.path, directory.path / "config.yaml"
    if directory.manifest.members:
        raise ModelError(f"model {folder} is an ensemble, whose bounds are not counted: measure one of its runs, or use nmt evaluate")
    if not config.is_file():
        raise ModelError(f"model {folder} has no config.yaml, from which its sizes are read; export it again with nmt export RUN_DIR")
    return load_config(config).model, TokenizerPair.load(folder).target.vocabulary_size


def _warm(translator: Translator, lines: Sequence[str], size: int) -> Beam:
    """One pass that is not timed: it warms every graph, and counts what there is to do."""
    search = translator.search_for(beam_size=size)
    encoded = translator.encode(lines)
    sources = encoded.sources
    batches = plan_batches([len(ids) for ids in sources], size)
    pairs: list[tuple[int, int]] = []
    found: dict[Source, list[Hypothesis]] = {}
    total = 0
    for batch in batches:
        rows = [sources[index] for index in batch]
        raw = translator.translate_batch(rows, search)
        found |= zip(rows, translator.read(rows, raw, search), strict=True)
        positions = np.where(np.isfinite(raw.scores), raw.lengths + 1, 0).sum(axis=1)  # [B]; EOS is a row too
        pairs += zip((len(row) + 1 for row in rows), positions.tolist(), strict=True)
        total += len(rows) * (max(map(len, rows)) + 1)
    best = [hypotheses[0] for hypotheses in translator.join(encoded, found, search)]
    work = work_of(pairs)
    outputs = [hypothesis.text for hypothesis in best]
    return Beam(size, work, sum(hypothesis.pieces for hypothesis in best), 1 - work.source / total if total else 0.0, outputs)


def _round(translator: Translator, lines: Sequence[str], sample: Sequence[str], beam: Beam, other: TranslationProcess | None) -> None:
    """All lines at once, then some one at a time, then those of the comparison beside the other program."""

    def seconds(some: Sequence[str]) -> float:
        started = time.perf_counter()
        translator.translate(some, beam_size=beam.size)
        return time.perf_counter() - started

    beam.seconds.append(seconds(lines))
    beam.alone.append([1000 * seconds([line]) for line in sample])
    if other:
        ours, theirs = Seconds(seconds(other.few), seconds(other.lines)), other.seconds(beam.size)
        beam.pairs.append((ours, theirs, other.pair(ours, theirs)))


def _summary(beam: Beam, lines: int, sizes: ModelConfig, vocabulary: int, gemm: Sequence[float]) -> dict[str, Any]:
    flops = sum(forward_flops(sizes, vocabulary, beam.work, gates_looked_up=True).values())
    shares = [flops / 1e9 / bare / seconds for bare, seconds in zip(gemm, beam.seconds, strict=True)]
    return {
        "beam": beam.size,
        "sentences_per_second": rounded([lines / seconds for seconds in beam.seconds]),
        "target_pieces_per_second": rounded([beam.pieces / seconds for seconds in beam.seconds], 1),
        "p50_ms": rounded([percentile(alone, 50) for alone in beam.alone]),
        "p95_ms": rounded([percentile(alone, 95) for alone in beam.alone]),
        "one_at_a_time": len(beam.alone[0]),
        "padding_share": round(beam.padding, 4),
        "search_rows": beam.work.target,
        "megaflops_per_sentence": round(flops / max(1, beam.work.sentences) / 1e6, 2),
        "bound_sentences_per_second": rounded([lines * bare * 1e9 / flops for bare in gemm] if flops else [0.0]),
        "share_of_bound": rounded(shares, 4),
    }


def _memory_bound(sizes: ModelConfig, vocabulary: int, steps: float, bandwidth: float, latency: dict[str, float]) -> dict[str, float]:
    """The least time of one greedy sentence of mean length if every step reads its weights from memory."""
    read = step_bytes(sizes, vocabulary)
    bound = 1000 * read * steps / (bandwidth * 1e9)
    return {
        "megabytes_per_step": round(read / 1e6, 3),
        "mean_steps": round(steps, 2),
        "bound_ms": round(bound, 3),
        "share_reached": round(bound / latency["median"], 4),
    }
