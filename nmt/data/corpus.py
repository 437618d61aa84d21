"""The door to parallel text: whatever a config names, files, a described corpus or the built-in grammar, as a stream of pairs."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from nmt.config import DataConfig, ParallelText
from nmt.data.description import FileCorpus, GrammarCorpus, Split, load_description, locate
from nmt.data.parallel_text import SentencePair, read_pairs
from nmt.errors import CorpusError

__all__ = ["SentencePair", "Split", "corpus_facts", "file_sha256", "has_split", "input_files", "open_split", "split_name"]

_GRAMMAR_SAMPLE = 200
_OWN_TEXT_LICENCE = "not stated (own text)"


def has_split(config: DataConfig, split: Split) -> bool:
    """Whether the config names text for this split."""
    if config.corpus is None:
        return getattr(config, split) is not None
    description = load_description(config.corpus)
    if isinstance(description, GrammarCorpus):
        return split in description.splits
    languages = (config.source_language, config.target_language)
    return split in description.splits and all(description.file_name(split, language) in description.files for language in languages)


def open_split(config: DataConfig, split: Split) -> Iterator[SentencePair]:
    """Yield the pairs of a split, one at a time, in the order of the text.

    What can be known without reading is checked at the call: the corpus, its languages, and that the files are there.

    Raises:
        CorpusError: one line naming the file, the line, or the language at fault.
    """
    if config.corpus is not None:
        description = load_description(config.corpus)
        description.require_languages(config.source_language, config.target_language)
        if isinstance(description, GrammarCorpus):
            _require_split(config, split)
            return _generate(description, split, swapped=config.source_language != description.languages[0])
    return read_pairs(_files(config, split))


def split_name(config: DataConfig, split: Split) -> str:
    """Return what to call a split in a report: `multi30k test_2016_flickr`, or the name of the user's file."""
    if config.corpus is not None:
        description = load_description(config.corpus)
        return f"{description.name} {description.splits.get(split, split) if isinstance(description, FileCorpus) else split}"
    text = _files(config, split)
    return str((text.tsv or text.source or Path(split)).name)


def input_files(config: DataConfig, split: Split) -> dict[str, Path]:
    """Return the files of a split by role: `train.source` and `train.target`, or `train.tsv`; none for the grammar."""
    if config.corpus is not None and isinstance(load_description(config.corpus), GrammarCorpus):
        return {}
    text = _files(config, split)
    if text.tsv is not None:
        return {f"{split}.tsv": text.tsv}
    assert text.source is not None
    assert text.target is not None
    return {f"{split}.source": text.source, f"{split}.target": text.target}


def corpus_facts(config: DataConfig, known_sha256: dict[str, str] | None = None) -> dict[str, Any]:
    """Return name, licence and sha256 by file of the training and validation text, as MODEL.json records them.

    Args:
        config: the data section.
        known_sha256: hashes already computed, by role (`train.source` …), so that no file is read twice.

    Raises:
        CorpusError: a file is missing, or is not the one that the corpus' description publishes.
    """
    description = load_description(config.corpus) if config.corpus is not None else None
    hashes: dict[str, str] = {}
    for split in ("train", "valid"):
        if not has_split(config, split):
            continue
        for role, path in input_files(config, split).items():
            digest = (known_sha256 or {}).get(role) or file_sha256(path)
            if isinstance(description, FileCorpus) and digest != description.files[path.name].sha256:
                raise CorpusError(
                    f"{path} is not the file that corpus {description.name} publishes (its sha256 differs): fetch it again, "
                    "or give your own files as data.train instead of data.corpus"
                )
            hashes[path.name if path.name not in hashes else role] = digest
    if isinstance(description, GrammarCorpus):
        hashes = {"grammar": grammar_sha256(description)}
    name = description.name if description else split_name(config, "train")
    return {"name": name, "licence": description.licence if description else _OWN_TEXT_LICENCE, "sha256": hashes}


def grammar_sha256(description: GrammarCorpus) -> str:
    """Return a fingerprint of generated text: its description and first pairs, so that a changed grammar is noticed."""
    digest = hashlib.sha256(description.model_dump_json().encode())
    for pair in islice(_generate(description, "train", swapped=False), _GRAMMAR_SAMPLE):
        digest.update(f"{pair.source}\t{pair.target}\n".encode())
    return digest.hexdigest()


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


def _require_split(config: DataConfig, split: Split) -> None:
    if not has_split(config, split):
        raise CorpusError(f"corpus {config.corpus} has no {split} set" if config.corpus else f"the config names no data.{split}")


def _files(config: DataConfig, split: Split) -> ParallelText:
    if config.corpus is None:
        _require_split(config, split)
        text: ParallelText = getattr(config, split)
        return text
    description = load_description(config.corpus)
    assert isinstance(description, FileCorpus)
    description.require_languages(config.source_language, config.target_language)
    if split not in description.splits:
        raise CorpusError(f"corpus {description.name} has no {split} set; it has {', '.join(description.splits)}")
    source, target = (locate(description, split, language, config.root) for language in (config.source_language, config.target_language))
    return ParallelText(source=source, target=target)


def _generate(description: GrammarCorpus, split: Split, swapped: bool) -> Iterator[SentencePair]:
    from nmt.data.grammar import generate_pairs

    for number, (first, second) in enumerate(generate_pairs(split, description.splits[split], description.seed), start=1):
        yield SentencePair(second, first, number) if swapped else SentencePair(first, second, number)
