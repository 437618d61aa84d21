"""Sequence-level distillation (Kim and Rush 2016): a teacher translates the training sources, and a student learns from what it says.

What a teacher says is simpler than what people say: it has one way of saying a thing, and leaves out what it could not learn either. A
small student, which has no room for all of it, learns that more easily than the text itself (section 3.2). With `closest`, the text is
chosen from the teacher's beam by its likeness to the true translation, between the two (section 3.3, sequence-level interpolation).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from nmt.atomic import write_text
from nmt.config import Config
from nmt.data.corpus import Corpus, SentencePair, corpus_facts, has_split, training_corpora
from nmt.data.filtering import HELD_OUT, text_fault
from nmt.data.hold_out import HoldOut
from nmt.data.parallel_text import one_line
from nmt.errors import ConfigError
from nmt.loading import load_translator
from nmt.model_directory import ModelDirectory, find_model_directory
from nmt.shown import counted, printer
from nmt.synthesis import (
    PROVENANCE_FILE,
    WINDOW_LINES,
    Made,
    Wanted,
    beam_for,
    described,
    directions_of,
    file_names,
    model_facts,
    provenance,
    synthesize,
)
from nmt.synthesis_folder import check_free, growing_folder
from nmt.synthetic_mix import entry_of, mixed_config, own_entries, write_config


@dataclass(frozen=True)
class Distillation:
    """What is asked of a teacher."""

    n_best: int = 1
    """Pseudo-references of each source, at most."""
    beam_size: int | None = None
    closest: bool = False
    """Choose by sentence BLEU with the true translation."""
    weight: float | None = None
    """Of the distilled text beside the gold; default: 1 / n_best, so that both are seen equally often."""


@dataclass(frozen=True)
class _Text:
    """One training text and the files that it becomes."""

    name: str
    """Of what the teacher makes of it."""
    corpus: Corpus
    entry: dict[str, Any]
    """What the config says of it."""
    distilled: tuple[str, str]
    gold: tuple[str, str]
    """Only written where pairs are set aside."""


def distill(model: str, config: Config, target: Path, wanted: Distillation, console: Console, threads: int | None = None) -> Path:
    """Write what a teacher makes of the training text of a config, and a config that trains on both.

    Where the config names no validation text, the pairs that training would set aside are set aside here: the teacher's words for them are
    not written, and the gold text is written without them.

    Args:
        model: the teacher: whatever `nmt translate` takes.
        config: its `data` say what is translated; all of it goes into the new config.
        target: the folder that appears.
        wanted: how many hypotheses, and which.
        console: where a person looks.
        threads: CPU threads; default: all.

    Returns:
        The new config.

    Raises:
        NmtError: a teacher of other languages, text that cannot be read, a folder that cannot be written.
    """
    check_free(target)
    teacher = find_model_directory(model)
    beam = beam_for(teacher, wanted.n_best, wanted.beam_size)
    directions = directions_of(teacher)
    texts = _texts(config)
    for text in texts:
        directions.find(*text.corpus.languages)
    aside = not has_split(config.data, "valid")
    if aside and any(text.corpus.text.alignment for text in texts):
        raise ConfigError("validation pairs must be set aside, and the training text has an alignment, line for line: give data.valid")
    target = target.absolute()
    tree = _tree(config, texts, target, wanted, aside)
    with console.status("reading the training text"):
        hold_out = HoldOut(config.data) if aside else None
        total = sum(1 for text in texts for _ in text.corpus.text.pairs())
        job = _job(teacher, config, wanted, beam, hold_out)
    translator = load_translator(model, threads=threads)
    limits = Wanted(beam, config.data.max_pieces, config.data.max_length_ratio, wanted.n_best, wanted.closest)
    made: dict[str, Made] = {}
    with growing_folder(target, job) as folder, counted("distilling", total, console) as moved:
        if folder.begun:
            printer(console)("carrying on where an earlier distillation stopped")
        if hold_out is not None:
            _write_gold(config, texts, hold_out, folder.path)
        for text in texts:
            source, language = text.corpus.languages
            tag = text.entry.get("tag")
            turned = translator.into(language, source=source, tag=tag if tag in directions.corpus_tags else None)
            made[text.name] = synthesize(turned, _pairs(text.corpus, hold_out), (text.name, text.distilled), folder, limits, moved)
        write_text(folder.path / PROVENANCE_FILE, json.dumps(provenance(job, teacher, made), indent=1, ensure_ascii=False) + "\n")
        comment = (
            f"Written by nmt distill: the training text, and what {teacher.manifest.name} makes of it. A smaller student is your edit."
        )
        write_config(tree, folder.path / "config.yaml", comment)
    for name, one in made.items():
        printer(console)(f"{name}: {described(one)}")
    return target / "config.yaml"


def _texts(config: Config) -> list[_Text]:
    corpora, entries = training_corpora(config.data), own_entries(config.data)
    found = []
    for place, (corpus, entry) in enumerate(zip(corpora, entries, strict=True)):
        number = "" if len(corpora) == 1 else f"-{place}"
        distilled, gold = (file_names(f"{what}{number}", corpus.languages) for what in ("distilled", "gold"))
        found.append(_Text(f"distilled{number}", corpus, entry, distilled, gold))
    return found


def _tree(config: Config, texts: list[_Text], target: Path, wanted: Distillation, aside: bool) -> dict[str, Any]:
    data, weight = config.data, wanted.weight if wanted.weight is not None else 1 / wanted.n_best

    def entry(name: str, files: tuple[str, str], text: _Text, weight: float) -> dict[str, Any]:
        return entry_of(name, (target / files[0], target / files[1]), text.corpus.languages, data, weight, text.entry.get("tag"))

    synthetic = [entry(text.name, text.distilled, text, weight * text.corpus.weight) for text in texts]
    gold = [entry(text.corpus.name, text.gold, text, text.corpus.weight) for text in texts] if aside else None
    source, reference = file_names("valid", data.direction)
    valid = {"source": str(target / source), "target": str(target / reference)} if aside else None
    return mixed_config(config, synthetic, gold=gold, valid=valid)


def _job(teacher: ModelDirectory, config: Config, wanted: Distillation, beam: int, hold_out: HoldOut | None) -> dict[str, Any]:
    """All that the text depends on."""
    return {
        "verb": "distill",
        "model": model_facts(teacher),
        "text": corpus_facts(config.data),
        "hold_out": hold_out.as_dict() if hold_out else None,
        "n_best": wanted.n_best,
        "choose": "closest" if wanted.closest else "best",
        "beam_size": beam,
        "length_penalty": teacher.manifest.search.length_penalty,
        "coverage_penalty": teacher.manifest.search.coverage_penalty,
        "max_pieces": config.data.max_pieces,
        "max_length_ratio": config.data.max_length_ratio,
        "window_lines": WINDOW_LINES,
    }


def _pairs(corpus: Corpus, hold_out: HoldOut | None) -> Iterator[SentencePair]:
    """The pairs of a text; those that are set aside are marked, and so tallied and not translated."""
    for pair in corpus.text.pairs():
        yield pair._replace(fault=HELD_OUT) if hold_out is not None and not pair.fault and pair in hold_out else pair


def _write_gold(config: Config, texts: list[_Text], hold_out: HoldOut, folder: Path) -> None:
    """Write the pairs that are set aside, and each training text without them."""
    _write_pairs(folder, file_names("valid", config.data.direction), hold_out.pairs())
    for text in texts:
        _write_pairs(folder, text.gold, (pair for pair in _pairs(text.corpus, hold_out) if not text_fault(pair)))


def _write_pairs(folder: Path, names: tuple[str, str], pairs: Iterable[SentencePair]) -> None:
    sides = [(folder / name).open("w", encoding="utf-8", newline="\n") for name in names]
    with sides[0], sides[1]:
        for pair in pairs:
            for file, sentence in zip(sides, pair[:2], strict=True):
                file.write(f"{one_line(sentence)}\n")
