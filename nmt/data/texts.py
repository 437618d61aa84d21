"""Every form that parallel text may have in a config, opened as one thing: pairs, the files they come from, and what is known of them."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from nmt.config import DataConfig, ParallelText
from nmt.data.description import FileCorpus, GrammarCorpus, Split, load_description, locate
from nmt.data.language_codes import best_match
from nmt.data.parallel_text import SentencePair, read_pairs
from nmt.data.tfds_text import VALIDATION_SPLITS, open_set
from nmt.data.translation_memory import read_memories
from nmt.errors import CorpusError

TFDS_PREFIX = "tfds:"
OWN_TEXT_LICENCE = "not stated (own text)"
_GRAMMAR_SAMPLE = 200


@dataclass(frozen=True)
class Text:
    """Parallel text in one direction, not read yet."""

    name: str
    """Of the corpus, for its record."""
    label: str
    """Of this set of it, for a report."""
    pairs: Callable[[], Iterator[SentencePair]]
    """Begins to read, from the first pair on each time."""
    files: dict[str, Path] = field(default_factory=dict)
    """What it is read from, by role: source, target, tsv …"""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Hashes of what is no file, by role."""
    licence: str = OWN_TEXT_LICENCE
    facts: dict[str, str] = field(default_factory=dict)
    """What else its record says: citation, version."""
    alignment: Path | None = None
    """Word alignments of its pairs."""
    published_sha256: dict[str, str] = field(default_factory=dict)
    """What a described corpus says its files hash to, by file name."""


def open_text(text: ParallelText, role: Split, languages: tuple[str, str], config: DataConfig) -> Text:
    """Open one text.

    Args:
        text: its form.
        role: what it serves for, which chooses the set of a corpus that has several and of which none is named.
        languages: source and target.
        config: the section it belongs to, for its folders.

    Raises:
        CorpusError: what can be known without reading: no such corpus, set or language, files that are not there.
    """
    if text.corpus is not None:
        return _described(text.corpus, text.split, role, languages, config.root)
    if text.tfds is not None:
        return _of_tfds(text.tfds, text.split, role, languages, config.tfds_dir)
    if text.tfds_folder is not None:
        return _of_folder(text.tfds_folder, text.split, role, languages)
    if paths := text.memories:
        name = paths[0].name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
        files = {"memory" if len(paths) == 1 else f"memory.{place}": path for place, path in enumerate(paths)}
        return Text(name, name, partial(read_memories, paths, *languages, fuzzy=text.fuzzy), files)
    files = {side: path for side in ("source", "target", "tsv", "alignment") if (path := getattr(text, side)) is not None}
    name = next(iter(files.values())).name
    return Text(name, name, partial(read_pairs, text), files, alignment=text.alignment)


def _described(name: str, wanted: str | None, role: Split, languages: tuple[str, str], root: Path | None) -> Text:
    description = load_description(name)
    description.require_languages(*languages)
    split = description.find_split(wanted or role)
    if split is None:
        raise CorpusError(f"corpus {description.name} has no {wanted or role} set; it has {', '.join(description.splits)}")
    facts = {"citation": description.citation} if description.citation else {}
    if isinstance(description, GrammarCorpus):
        return Text(
            description.name,
            f"{description.name} {split}",
            partial(_generate, description, split, swapped=languages[0] != description.languages[0]),
            fingerprints={"grammar": grammar_sha256(description)},
            licence=description.licence,
            facts=facts,
        )
    source, target = (locate(description, split, language, root) for language in languages)
    return Text(
        description.name,
        f"{description.name} {description.splits[split]}",
        partial(read_pairs, ParallelText(source=source, target=target)),
        {"source": source, "target": target},
        licence=description.licence,
        facts=facts,
        published_sha256={path.name: description.files[path.name].sha256 for path in (source, target)},
    )


def _of_tfds(name: str, wanted: str | None, role: Split, languages: tuple[str, str], folder: Path | None) -> Text:
    found = open_set(name, folder)
    split = found.split(wanted, role)
    known = {"version": str(found.info.version), "citation": found.info.citation}
    return Text(
        f"tfds:{name}",
        f"tfds:{found.name} {split}",
        partial(found.pairs, split, *languages),
        {f"tfds.{place}": path for place, path in enumerate(found.files(split))},
        {"tfds": found.fingerprint()},
        found.licence,
        {key: value.strip() for key, value in known.items() if value},
    )


def _of_folder(folder: Path, wanted: str | None, role: Split, languages: tuple[str, str]) -> Text:
    """The files that tfds.TranslateFolder reads, without its copy of them all in memory."""
    try:
        named = [path.name.split(".") for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise CorpusError(f"cannot read folder {folder}: {error.strerror or error}") from error
    sets: dict[str, list[str]] = {}
    for language, split, _ in (parts for parts in named if len(parts) == 3 and parts[2] == "txt"):
        sets.setdefault(split, []).append(language)
    names = [wanted] if wanted else list(VALIDATION_SPLITS) if role == "valid" else [role]
    chosen = next((name for name in names if name in sets), None)
    if chosen is None:
        there = f"it has {', '.join(sorted(sets))}" if sets else "it has no files LANGUAGE.SPLIT.txt"
        raise CorpusError(f"{folder} has no set {' or '.join(names)}; {there}")
    codes = [best_match(sets[chosen], language) for language in languages]
    if missing := [language for language, code in zip(languages, codes, strict=True) if code is None]:
        raise CorpusError(f"{folder} has no {missing[0]}.{chosen}.txt; its set {chosen} has {', '.join(sorted(sets[chosen]))}")
    source, target = (folder / f"{code}.{chosen}.txt" for code in codes)
    pairs = partial(read_pairs, ParallelText(source=source, target=target))
    return Text(folder.name, f"{folder.name} {chosen}", pairs, {"source": source, "target": target})


def grammar_sha256(description: GrammarCorpus) -> str:
    """Return a fingerprint of generated text: its description and first pairs, so that a changed grammar is noticed."""
    digest = hashlib.sha256(description.model_dump_json().encode())
    for pair in islice(_generate(description, "train", swapped=False), _GRAMMAR_SAMPLE):
        digest.update(f"{pair.source}\t{pair.target}\n".encode())
    return digest.hexdigest()


def _generate(description: GrammarCorpus, split: str, swapped: bool) -> Iterator[SentencePair]:
    from nmt.data.grammar import generate_pairs

    role = next(key for key in description.splits if key == split)
    for number, (first, second) in enumerate(generate_pairs(role, description.splits[role], description.seed), start=1):
        yield SentencePair(second, first, number) if swapped else SentencePair(first, second, number)


def own_sets(corpus: str, languages: tuple[str, str], tfds_dir: Path | None) -> list[str]:
    """Return the sets that a corpus has in two languages, by every name that they go by: roles, and published names.

    Raises:
        CorpusError: no such corpus.
    """
    if corpus.startswith(TFDS_PREFIX):
        found = open_set(corpus.removeprefix(TFDS_PREFIX), tfds_dir)
        return list(dict.fromkeys([*(role for role in ("train", "valid", "test") if found.has_split(role)), *found.info.splits]))
    description = load_description(corpus)
    if not isinstance(description, FileCorpus):
        return list(description.splits)
    there = [split for split in description.splits if all(description.file_name(split, code) in description.files for code in languages)]
    return list(dict.fromkeys([*there, *(description.splits[split] for split in there)]))
