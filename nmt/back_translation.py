"""Back-translation (Sennrich et al. 2016): text of the target language alone becomes training pairs, with sources that a model makes.

A model of the opposite direction translates the text; the pair is its translation as source and the true sentence as target, so that what
the new model learns to write was written by people. Its sources carry a tag (Caswell et al. 2019), which tells the model that these sources
are not what it will be given later.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from nmt.atomic import write_text
from nmt.config import Config, DataConfig
from nmt.data.corpus import SentencePair, file_sha256, has_split, open_split
from nmt.data.hold_out import HoldOut
from nmt.data.parallel_text import one_line, read_lines
from nmt.directions import Direction, arrows
from nmt.errors import ConfigError
from nmt.loading import load_translator
from nmt.model_directory import find_model_directory
from nmt.shown import counted, printer
from nmt.synthesis import (
    PROVENANCE_FILE,
    WINDOW_LINES,
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
from nmt.synthetic_mix import entry_of, mixed_config, write_config

NAME = "back-translated"
IN_VALIDATION = "in_validation"


@dataclass(frozen=True)
class BackTranslation:
    """What is asked of a model, and of the config that its pairs are mixed into."""

    beam_size: int | None = None
    text_language: str | None = None
    """Default: the target language of the config, else what the model's main direction translates from."""
    source_language: str | None = None
    """What is made of it. Default: the source language of the config, else what the model's main direction translates into."""
    tag: str = "bt"
    weight: float = 1.0


def back_translate(
    model: str,
    text: Path,
    target: Path,
    wanted: BackTranslation,
    console: Console,
    *,
    config: Config | None = None,
    threads: int | None = None,
) -> Path:
    """Write pairs of synthetic sources and true targets, and with a config one that trains on its own text and on them.

    Args:
        model: translates from the language of the text: whatever `nmt translate` takes.
        text: sentences, one a line, plain or .gz.
        target: the folder that appears.
        wanted: the search, the languages, the tag.
        console: where a person looks.
        config: what the pairs are meant for; its limits of length hold for them.
        threads: CPU threads; default: all.

    Returns:
        The folder, or the new config in it.

    Raises:
        NmtError: a model of other languages, text that cannot be read, a folder that cannot be written.
    """
    check_free(target)
    found = find_model_directory(model)
    beam = beam_for(found, 1, wanted.beam_size)
    data = config.data if config else None
    written, made_up = directions_of(found).find(
        wanted.text_language or (data.target_language if data else None), wanted.source_language or (data.source_language if data else None)
    )
    target = target.absolute()
    names = file_names(NAME, (made_up, written))
    tree = _tree(config, (target / names[0], target / names[1]), (made_up, written), wanted) if config else None
    with console.status("reading the text"):
        total = sum(1 for _ in read_lines(text))
        measured = _validation_targets(data) if data and (made_up, written) == data.direction else frozenset()
        job = {
            "verb": "backtranslate",
            "model": model_facts(found),
            "text": {"name": text.name, "sha256": file_sha256(text)},
            "languages": {"source": made_up, "target": written},
            "beam_size": beam,
            "length_penalty": found.manifest.search.length_penalty,
            "coverage_penalty": found.manifest.search.coverage_penalty,
            **_limits(data),
            "validation_text": hashlib.sha256("\n".join(sorted(measured)).encode()).hexdigest() if measured else None,
            "window_lines": WINDOW_LINES,
        }
    translator = load_translator(model, threads=threads, source=written, target=made_up)
    limits = Wanted(beam, **_limits(data))
    lines = (
        SentencePair(line, line, number, IN_VALIDATION if one_line(line) in measured else None)
        for number, line in enumerate(read_lines(text), start=1)
    )
    with growing_folder(target, job) as folder, counted("translating back", total, console) as moved:
        if folder.begun:
            printer(console)("carrying on where an earlier back-translation stopped")
        made = synthesize(translator, lines, (NAME, names), folder, limits, moved, back=True)
        write_text(folder.path / PROVENANCE_FILE, json.dumps(provenance(job, found, {NAME: made}), indent=1, ensure_ascii=False) + "\n")
        if tree is not None:
            comment = (
                f"Written by nmt backtranslate: the training text, and {text.name} with the sources that {found.manifest.name} made for it."
            )
            write_config(tree, folder.path / "config.yaml", comment)
    printer(console)(f"{NAME}: {described(made, 'are the line itself')}")
    return target / "config.yaml" if config else target


def _validation_targets(data: DataConfig) -> frozenset[str]:
    """The sentences that validation compares with: a model that has learnt to write them would be measured on what it knows."""
    pairs = open_split(data, "valid") if has_split(data, "valid") else HoldOut(data).pairs()
    return frozenset(one_line(pair.target) for pair in pairs)


def _limits(data: DataConfig | None) -> dict[str, Any]:
    """Lengths that training will keep: those of the config, else their defaults."""
    limits = ("max_pieces", "max_length_ratio")
    return {name: getattr(data, name) if data else DataConfig.model_fields[name].default for name in limits}


def _tree(config: Config, files: tuple[Path, Path], pair: Direction, wanted: BackTranslation) -> dict[str, Any]:
    data = config.data
    if pair not in data.directions:
        raise ConfigError(
            f"the pairs would be {arrows([pair])}, but the config trains {arrows(data.directions)}: choose with --from and --to"
        )
    return mixed_config(config, [entry_of(NAME, files, pair, data, wanted.weight, wanted.tag)])
