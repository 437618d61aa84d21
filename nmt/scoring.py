"""What `nmt evaluate` and `nmt info` print: the scores of an exported model, and what the export says of itself."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from nmt.config import ParallelText
from nmt.config_file import load_config
from nmt.data.corpus import named_set
from nmt.data.filtering import text_fault
from nmt.data.parallel_text import SentencePair, read_pairs
from nmt.directions import arrows
from nmt.errors import CorpusError, ModelError
from nmt.evaluation import Score, evaluate
from nmt.loading import load_translator
from nmt.model_directory import Manifest, MemberRecord, ModelDirectory, Tuning, find_model_directory
from nmt.peak_memory import peak_memory_gib
from nmt.shown import translate_shown
from nmt.special_tokens import tag_piece

Languages = tuple[str | None, str | None]
"""Of the source and the target, None where nobody has said."""


@dataclass(frozen=True)
class Evaluation:
    """The figures of one model on one text."""

    model: str
    set: str
    source: str
    target: str
    beam: int
    length_penalty: float
    coverage_penalty: float
    shortlist: bool
    lines: int
    seconds: float
    sentences_per_second: float
    peak_memory_gib: float
    hypotheses_sha256: str
    """Of the translations as `nmt translate` writes them to a file, a line each: two runs are equal, or are not."""
    scores: list[Score]
    training: dict[str, object]
    versions: dict[str, str]


def score_model(
    model: str,
    text: ParallelText | str,
    beam: int | None,
    threads: int | None,
    console: Console,
    *,
    length_penalty: float | None = None,
    coverage_penalty: float | None = None,
    shortlist: bool = False,
    target: str | None = None,
    source: str | None = None,
) -> Evaluation:
    """Translate the sources of a text with an exported model and score them against their translations.

    Args:
        model: its path.
        text: two files, or the name of a set of the model's own config, such as `test`.
        beam: hypotheses at each step; default: the model's own.
        threads: CPU threads; default: all.
        console: where a person looks.
        length_penalty: alpha; default: the model's own.
        coverage_penalty: beta; default: the model's own.
        shortlist: search only among the target pieces that the model's lexical shortlist selects.
        target: language of the references of two files, for a model of several directions; default: the main direction's. A set of
            the config has its own.
        source: the same for the sources.

    Raises:
        ModelError: not a model, or one that has not learnt the direction, or that takes no coverage penalty.
        CorpusError: no such set; files that are missing, damaged or of unequal length.
    """
    directory = find_model_directory(model)
    label, pairs, (source, target) = named_pairs(directory, text, (source, target))
    loaded = load_translator(model, threads=threads, shortlist=shortlist, target=target, source=source)
    translator = loaded.with_search(beam_size=beam, length_penalty=length_penalty, coverage_penalty=coverage_penalty)
    translator.translate([pairs[0].source])  # the first call warms the graph; it is not part of the speed
    started = time.monotonic()
    outputs = translate_shown(translator, [pair.source for pair in pairs], console)
    seconds = time.monotonic() - started
    manifest = directory.manifest
    return Evaluation(
        model=str(directory.path),
        set=label,
        source=translator.source_language,
        target=translator.target_language,
        beam=translator.search.beam_size,
        length_penalty=translator.search.length_penalty,
        coverage_penalty=translator.search.coverage_penalty,
        shortlist=shortlist,
        lines=len(pairs),
        seconds=round(seconds, 3),
        sentences_per_second=round(len(pairs) / seconds, 1),
        peak_memory_gib=round(peak_memory_gib(), 2),
        hypotheses_sha256=hashlib.sha256("".join(f"{line}\n" for line in outputs).encode()).hexdigest(),
        scores=evaluate(outputs, [pair.target for pair in pairs], translator.target_language),
        training=manifest.training.model_dump(),
        versions=manifest.versions,
    )


def named_pairs(directory: ModelDirectory, text: ParallelText | str, given: Languages) -> tuple[str, list[SentencePair], Languages]:
    """What to call a text, its pairs but for those that the text itself says are unfinished, and its languages: given, or the set's own.

    Raises:
        ModelError: the model cannot say which sets there are, or does not translate this one.
        CorpusError: no such set, or one without pairs.
    """
    languages: Languages
    if isinstance(text, ParallelText):
        languages = given
        label, pairs = str(text.source), list(read_pairs(text))
    else:
        path = directory.path / "config.yaml"
        if not path.is_file():
            raise ModelError(f"{directory.path} has no config.yaml, which names its sets: give --source and --reference instead")
        found, languages = named_set(load_config(path).data, text)
        known = directory.manifest.directions
        if languages not in known:
            raise ModelError(f"set {text} is {arrows([languages])}, but {directory.path} translates {arrows(known)}")
        label, pairs = found.label, [pair for pair in found.pairs() if not text_fault(pair)]
    if not pairs:
        raise CorpusError(f"nothing to evaluate: {label} has no pairs")
    return label, pairs, languages


def print_evaluation(evaluation: Evaluation, as_json: bool) -> None:
    """Write an evaluation to standard output, as a table or as one JSON object."""
    if as_json:
        print(json.dumps(asdict(evaluation), ensure_ascii=False))
        return
    console = Console(highlight=False)
    text = f"{evaluation.set} ({evaluation.source} → {evaluation.target})"
    table = Table("metric", title=f"{evaluation.model} on {text}, beam {evaluation.beam}, {evaluation.lines} lines", title_justify="left")
    table.add_column("score", justify="right")
    table.add_column("signature", overflow="fold")
    for score in evaluation.scores:
        table.add_row(score.metric, f"{score.score:.2f}", score.signature)
    console.print(table)
    console.print(f"{evaluation.sentences_per_second:g} sentences/s, peak memory {evaluation.peak_memory_gib:g} GiB", soft_wrap=True)
    console.print(f"sha256 of the translations: {evaluation.hypotheses_sha256}", soft_wrap=True)


def print_model(directory: ModelDirectory, as_json: bool) -> None:
    """Write what an export says of itself to standard output."""
    manifest = directory.manifest
    if as_json:
        print(manifest.model_dump_json())
        return
    training, limits, search = manifest.training, manifest.limits, manifest.search
    of_main = f" ({arrows(manifest.directions[:1])})" if len(manifest.directions) > 1 else ""
    rows = {
        "model": str(directory.path),
        "languages": arrows(manifest.directions),
        **({"tags": ", ".join(map(tag_piece, manifest.corpus_tags))} if manifest.corpus_tags else {}),
        "scores": "\n".join(
            f"{one.metric} {one.score:.2f} on {one.set}{of_main}, beam {one.beam} ({one.signature})" for one in manifest.scores
        )
        or "none",
        "weights": _weights(manifest),
        **({"ensemble of": "\n".join(map(_member, manifest.members))} if manifest.members else {}),
        "training": f"{training.updates} updates in {training.seconds / 60:.1f} minutes, seed {training.seed}, {training.hardware}",
        "limits": f"{limits.max_source_pieces} source pieces a sentence (longer lines are split), {limits.max_steps} target pieces",
        "search": f"beam {search.beam_size}, length penalty {search.length_penalty:g}, coverage penalty {search.coverage_penalty:g}",
        **({"tuned": _tuned(manifest.tuning)} if manifest.tuning else {}),
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


def _tuned(one: Tuning) -> str:
    scores = f"BLEU {one.before:.2f} with the search of version {one.version}, {one.after:.2f} now, p = {one.p_value:.3f}"
    return f"on {one.set}, {one.lines} lines: {scores}"


def _member(one: MemberRecord) -> str:
    return f"{one.name}: {one.updates} updates in {one.seconds / 60:.1f} minutes, seed {one.seed}"


def _weights(manifest: Manifest) -> str:
    made = manifest.conversion
    if made is None:
        return "float32, as they were trained"
    before = f"; BLEU {made.float32_bleu:.2f} before" if made.float32_bleu is not None else ""
    return f"{made.weights} for {made.format}, {made.bytes / 1e6:.1f} MB, {made.bytes / made.float32_bytes:.2f} x float32{before}"
