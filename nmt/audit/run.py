"""The audit in its passes; the door of this room."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nmt.audit import language, mojibake
from nmt.audit.alphabet import described
from nmt.audit.checker import Limits
from nmt.audit.findings import Finding, bits
from nmt.audit.fingerprints import Fingerprints, Place
from nmt.audit.processes import Part, checked, parts
from nmt.audit.progress import Passes
from nmt.audit.reading import TextSet, sets_of
from nmt.audit.report import AuditedText, NotLookedAt, Report
from nmt.audit.script import scripts_of
from nmt.audit.second_reading import read_again
from nmt.audit.tally import COMPARED, FIRST_LINES, Tally
from nmt.audit.tokenizers import Chosen, configured_tokenizer, given_tokenizer, learned_tokenizer
from nmt.audit.write import checked_folder, summary, written_text
from nmt.config import Config
from nmt.cpus import available_cpus
from nmt.errors import TokenizerError

_SHOWN_CHARACTERS = 20
_INSTALL = "pip install 'carousel-nmt[audit]'"


@dataclass(frozen=True)
class Plan:
    """How to audit."""

    dropped: frozenset[Finding]
    """What is left out of the cleaned text."""
    tokenizer: Path | None = None
    write: Path | None = None
    force: bool = False
    """Whether an earlier audit's folder is replaced."""
    processes: int = field(default_factory=available_cpus)


def audit(config: Config, plan: Plan, passes: Passes | None = None) -> Report:
    """Read all text of a config, say what is wrong with it, and write the cleaned text if that is asked for.

    Raises:
        CorpusError: text that cannot be read at all, unequal line counts, or a folder that cannot be written.
        TokenizerError, ModelError: a tokenizer that is given and cannot be used.
    """
    passes = passes or Passes()
    sets = sets_of(config.data)
    if plan.write:
        checked_folder(plan.write, plan.force)
    chosen, missing = _tokenizer(config, plan, sets, passes)
    limits = Limits(
        config.data.max_pieces,
        config.data.max_length_ratio,
        (chosen.tokenizers.source.model, chosen.tokenizers.target.model) if chosen else (),
        chosen.alphabets if chosen else (),
        with_language=language.installed(),
        with_ftfy=mojibake.installed(),
    )
    tally = Tally(plan.dropped)
    texts = [AuditedText(text.name, text.label, text.languages, text.training) for text in sets]
    fingerprints = Fingerprints()
    try:
        swapped = [_swapped(text, config) for text in sets]
        with passes.bar("looking at pairs", sum(text.bytes for text in sets)) as advance:
            for part, found in checked(_blocks(sets, advance), limits, plan.processes):
                text = texts[part.place]
                text.pairs += len(part.pairs)
                text.figures.add(found.lengths)
                tally.add(text.name, text.training, found)
                fingerprints.add(part.place, found.lines, found.found, found.hashes, swapped[part.place])
        with passes.bar("comparing pairs", 100) as advance:
            places = [Place(text.training, turned) for text, turned in zip(sets, swapped, strict=True)]
            partners = fingerprints.compare(places, lambda done, of: advance(100 // of))
        _count_compared(texts, fingerprints, tally, bits(plan.dropped))
        report = Report(
            texts,
            [],
            limits.unit,
            chosen.origin if chosen else "none",
            {"max_pieces": config.data.max_pieces, "max_length_ratio": config.data.max_length_ratio},
            {finding.key: described(counts.items(), _SHOWN_CHARACTERS) for finding, counts in tally.characters.items()},
            [*missing, *_not_looked_at(config, limits)],
        )
        with passes.bar("reading the lines that are shown", sum(text.bytes for text in sets)) as advance:
            with written_text(plan.write, plan.force, sets, plan.dropped) as writer:
                examples = read_again(sets, fingerprints, partners, writer, advance)
            report.written = summary(writer, plan.write) if writer and plan.write else None
    finally:
        fingerprints.close()
    for (name, finding), shown in examples.items():
        tally.show(name, finding, shown)
    report.found = tally.found([text.name for text in sets])
    return report


def _tokenizer(config: Config, plan: Plan, sets: list[TextSet], passes: Passes) -> tuple[Chosen | None, list[NotLookedAt]]:
    """The tokenizer of the command line, of the config, or one that is learned; without one, what cannot be looked at."""
    if plan.tokenizer:
        return given_tokenizer(plan.tokenizer), []
    if chosen := configured_tokenizer(config.tokenizer):
        return chosen, []
    total = sum(text.bytes for text in sets if text.training)
    try:
        with passes.bar("learning a tokenizer", total) as advance:
            return learned_tokenizer(sets, config.tokenizer, config.training.seed, advance), []
    except TokenizerError as error:
        return None, [
            NotLookedAt("lengths in pieces, characters that the tokenizer loses", str(error), "change the config, or give --tokenizer")
        ]


def _not_looked_at(config: Config, limits: Limits) -> Iterator[NotLookedAt]:
    if not limits.with_ftfy:
        yield NotLookedAt("broken encoding of other code pages than Latin-1 and Windows-1252", "ftfy is not installed", _INSTALL)
    if not limits.with_language:
        yield NotLookedAt("another language in the right script", "py3langid is not installed", _INSTALL)
    codes = dict.fromkeys(code for direction in config.data.directions for code in direction)
    for code in codes:
        if not scripts_of(code):
            yield NotLookedAt(f"the script of {code}", f"it is not known what {code} is written in", "use a code of ISO 639, such as en")
    if limits.with_language:
        for code in codes:
            if not language.is_known(code):
                yield NotLookedAt(
                    f"the language of {code} text", f"py3langid does not know {code}", "look at the examples of lengths and copies"
                )


def _swapped(text: TextSet, config: Config) -> bool:
    """Whether a set has the main direction the other way round."""
    source, target = config.data.direction
    return text.languages[0] == target or text.languages[1] == source


def _blocks(sets: list[TextSet], advance: Callable[[int], None]) -> Iterator[Part]:
    for place, text in enumerate(sets):
        yield from parts(place, text.languages, text.pairs(advance))


def _count_compared(texts: list[AuditedText], fingerprints: Fingerprints, tally: Tally, dropped: int) -> None:
    """Count what was found by comparing all pairs, and the pairs with any finding that is left out."""
    for place, text in enumerate(texts):
        for records in fingerprints.records(*fingerprints.bounds(place)):
            found = records["found"]
            text.faulty += int(np.count_nonzero(found & np.uint32(dropped)))
            for finding in COMPARED:
                chosen = np.flatnonzero(found & np.uint32(finding.bit))
                if len(chosen):
                    tally.count(text.name, text.training, finding, len(chosen), records["line"][chosen[:FIRST_LINES]].tolist())
