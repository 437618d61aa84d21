"""The door to parallel text: whatever a config names, in whatever form, as texts that can be read, hashed and named."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from nmt.config import DataConfig, ParallelText
from nmt.data.description import Split
from nmt.data.parallel_text import SentencePair
from nmt.data.texts import TFDS_PREFIX, Text, open_text, own_sets
from nmt.errors import CorpusError
from nmt.special_tokens import language_tag

__all__ = [
    "Corpus",
    "SentencePair",
    "Split",
    "corpus_facts",
    "file_sha256",
    "has_split",
    "input_files",
    "input_fingerprints",
    "named_set",
    "open_split",
    "split_name",
    "training_corpora",
]


@dataclass(frozen=True)
class Corpus:
    """A text in the part that it plays in training: its direction, how often it is seen, and what its sources begin with."""

    name: str
    role: str
    """The beginning of its files' roles in the manifest: `train`, or `mix.0` …"""
    text: Text
    languages: tuple[str, str]
    tags: tuple[str, ...] = ()
    """Of each of its sources, in order: `2de`, `bt`."""
    weight: float = 1.0


def training_corpora(config: DataConfig) -> list[Corpus]:
    """Open the training texts: one, or those of the mixture in their order.

    Raises:
        CorpusError: as `open_text`.
    """
    if config.mix is None:
        return [
            Corpus(_open(config, "train").name, "train", _open(config, "train"), config.direction, source_tags(config, config.direction))
        ]
    corpora = []
    for place, entry in enumerate(config.mix):
        languages = entry.languages(config.direction)
        text = open_text(_named(entry), "train", languages, config)
        tags = (*source_tags(config, languages), *([entry.tag] if entry.tag else []))
        corpora.append(Corpus(entry.name or text.name, f"mix.{place}", text, languages, tags, entry.weight))
    return corpora


def source_tags(config: DataConfig, languages: tuple[str, str]) -> tuple[str, ...]:
    """Return what every source of a direction begins with: `2de` where target languages are tagged."""
    return (language_tag(languages[1]),) if config.target_tags else ()


def has_split(config: DataConfig, split: Split) -> bool:
    """Whether the config names text for this split."""
    if getattr(config, split) is not None or (split == "train" and config.mix is not None):
        return True
    return config.corpus is not None and split in own_sets(config.corpus, config.direction, config.tfds_dir)


def open_split(config: DataConfig, split: Split) -> Iterator[SentencePair]:
    """Yield the pairs of a split, one at a time, in the order of the text; of a mixture, text after text.

    A pair with a `fault` is told, not meant to be used. What can be known without reading is checked at the call: the corpus, its
    languages, and that the files are there.

    Raises:
        CorpusError: one line naming the file, the line, or the language at fault.
    """
    if split == "train":
        return chain.from_iterable([corpus.text.pairs() for corpus in training_corpora(config)])
    return _open(config, split).pairs()


def split_name(config: DataConfig, split: Split) -> str:
    """Return what to call a split in a report: `multi30k test_2016_flickr`, or the name of the user's file."""
    if split == "train" and config.mix is not None:
        return ", ".join(corpus.name for corpus in training_corpora(config))
    return _open(config, split).label


def named_set(config: DataConfig, name: str) -> tuple[Text, tuple[str, str]]:
    """Open a test set by the name that a config has for it, with its direction.

    It is `valid` or `test`, an entry of `tests`, or any set of the described corpus that the config trains on.

    Raises:
        CorpusError: no set of that name, with those that there are.
    """
    if name in config.tests:
        text = config.tests[name]
        languages = text.languages(config.direction)
        return open_text(_named(text), "test", languages, config), languages
    role: Split = "valid" if name == "valid" else "test"
    given = getattr(config, role)
    if name == role and given is not None:
        return _open(config, role), given.languages(config.direction)
    own = own_sets(config.corpus, config.direction, config.tfds_dir) if config.corpus is not None else []
    if config.corpus is not None and name in own:
        return open_text(_corpus_text(config.corpus, None if name == role else name), role, config.direction, config), config.direction
    known = dict.fromkeys([*(each for each in ("valid", "test") if getattr(config, each) is not None), *config.tests, *own])
    raise CorpusError(f"the config has no set {name!r}; it has {', '.join(known) or 'none: give data.test or data.tests'}")


def input_files(config: DataConfig, split: Split) -> dict[str, Path]:
    """Return the files of a split by role, `train.source` and `train.target`, `train.tsv`, `mix.0.memory` …; none for the grammar."""
    return {f"{place}.{role}": path for place, text in _places(config, split) for role, path in text.files.items()}


def input_fingerprints(config: DataConfig, split: Split) -> dict[str, str]:
    """Return the hashes of what is no file by role: `grammar`, `train.tfds` …"""
    found = {}
    for place, text in _places(config, split):
        for role, digest in text.fingerprints.items():
            found[role if role == "grammar" and config.mix is None else f"{place}.{role}"] = digest
    return found


def corpus_facts(config: DataConfig, known_sha256: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Return name, licence and sha256 by file of each corpus, as MODEL.json records them; of a mixture weight, tags and languages, too.

    Validation text is in the record of the training text if both are of one corpus or both are the user's own, else it has its own.

    Args:
        config: the data section.
        known_sha256: hashes already computed, by role (`train.source` …), so that no file is read twice.

    Raises:
        CorpusError: a file is missing, or is not the one that the corpus' description publishes.
    """
    known = known_sha256 or {}
    records = []
    for corpus in training_corpora(config):
        record: dict[str, Any] = _record(corpus.name, corpus.text) | {"sha256": {}}
        if config.mix is not None:
            record |= {"weight": corpus.weight, "tags": list(corpus.tags), "languages": list(corpus.languages)}
        _add_hashes(record["sha256"], corpus.role, corpus.text, known)
        records.append(record)
    if has_split(config, "valid"):
        text = _open(config, "valid")
        if config.mix is not None or text.licence != records[0]["licence"]:
            records.append(_record(text.label, text) | {"use": "validation", "sha256": {}})
        _add_hashes(records[-1]["sha256"], "valid", text, known)
    return records


def _record(name: str, text: Text) -> dict[str, Any]:
    return {"name": name, "licence": text.licence, **text.facts}


def _add_hashes(hashes: dict[str, str], role: str, text: Text, known: dict[str, str]) -> None:
    hashes |= text.fingerprints
    for part, path in text.files.items():
        digest = known.get(f"{role}.{part}") or file_sha256(path)
        if digest != text.published_sha256.get(path.name, digest):
            raise CorpusError(
                f"{path} is not the file that corpus {text.name} publishes (its sha256 differs): fetch it again, "
                "or give your own files as data.train instead of data.corpus"
            )
        hashes[path.name if path.name not in hashes else f"{role}.{part}"] = digest


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, read in pieces.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error


def _places(config: DataConfig, split: Split) -> list[tuple[str, Text]]:
    if split == "train":
        return [(corpus.role, corpus.text) for corpus in training_corpora(config)]
    return [(split, _open(config, split))]


def _open(config: DataConfig, split: Split) -> Text:
    """The one text of a split: the one that is given, else the described corpus' own."""
    given: ParallelText | None = getattr(config, split)
    if given is None and config.corpus is None:
        raise CorpusError(f"the config names no data.{split}")
    return open_text(_named(given) if given else _corpus_text(str(config.corpus)), split, config.direction, config)


def _corpus_text(name: str, split: str | None = None) -> ParallelText:
    """A corpus by its name in a config as a form of parallel text."""
    if name.startswith(TFDS_PREFIX):
        return ParallelText(tfds=name.removeprefix(TFDS_PREFIX), split=split)
    return ParallelText(corpus=name, split=split)


def _named(text: ParallelText) -> ParallelText:
    """A text whose `corpus` may be spelled tfds:NAME."""
    return _corpus_text(text.corpus, text.split) if text.corpus is not None else text
