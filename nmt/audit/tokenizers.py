"""The tokenizer that text is looked at with: one that is given, or one learned from a sample with the config's settings."""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nmt.audit.alphabet import Alphabet, count_characters
from nmt.audit.processes import parts
from nmt.audit.reading import TextSet
from nmt.audit.script import code_points
from nmt.config import TokenizerConfig
from nmt.errors import TokenizerError
from nmt.model_directory import find_model_directory
from nmt.tokenizer import Tokenizer, TokenizerPair, train_tokenizer

SAMPLE_SENTENCES = 50_000
"""Sentences that a tokenizer is learned from here: enough for lengths; the characters are those of the whole text."""

_RAW_BYTE = re.compile("[\udc80-\udcff]")


class Chosen(NamedTuple):
    """A tokenizer for each side, what they have pieces for, and where they come from."""

    tokenizers: TokenizerPair
    alphabets: tuple[Alphabet, Alphabet]
    origin: str


def given_tokenizer(path: Path) -> Chosen:
    """Load a SentencePiece model, or those of a run or of a published model.

    Raises:
        TokenizerError, ModelError: there is none.
    """
    if path.is_file():
        one = Tokenizer.load(path)
        return _chosen(TokenizerPair(one, one), str(path))
    if not path.is_dir():
        raise TokenizerError(f"--tokenizer {path} does not exist; expected a SentencePiece model, a run directory or a model directory")
    folder = path if any(path.glob("tokenizer*.model")) else find_model_directory(str(path)).path
    return _chosen(TokenizerPair.load(folder), str(folder))


def configured_tokenizer(config: TokenizerConfig) -> Chosen | None:
    """Load the models that a config names, if it does.

    Raises:
        TokenizerError: one cannot be read.
    """
    paths = [path for path in (config.model, config.source_model, config.target_model) if path]
    if not paths:
        return None
    models = [Tokenizer.load(path) for path in paths]
    return _chosen(TokenizerPair(models[0], models[-1]), " and ".join(map(str, paths)))


def learned_tokenizer(sets: Iterable[TextSet], config: TokenizerConfig, seed: int, moved: Callable[[int], None]) -> Chosen:
    """Learn a tokenizer from a sample of the training text, and count the characters of all of it.

    What a run of training would have pieces for is known from the counts: SentencePiece takes the most frequent characters.

    Raises:
        TokenizerError: there is no text to learn from, or too small a vocabulary for it.
    """
    sampled = config.model_copy(update={"sample_sentences": min(config.sample_sentences, SAMPLE_SENTENCES)})
    counts = [np.zeros(0x110000, np.int64), np.zeros(0x110000, np.int64)]
    line_counts = [0, 0]
    training = [text for text in sets if text.training]

    def sentences(sides: tuple[int, ...], moved: Callable[[int], None]) -> Iterator[str]:
        for text in training:
            for part in parts(0, text.languages, text.pairs(moved)):
                for side in sides:
                    lines = [(pair.source, pair.target)[side] for pair in part.pairs if not pair.fault]
                    count_characters(code_points(lines)[0], counts[side])
                    line_counts[side] += len(lines)
                    yield from (line for line in lines if line.strip() and _is_utf8(line))

    with tempfile.TemporaryDirectory(prefix="nmt-audit-") as folder:
        path = Path(folder) / "tokenizer.model"
        if config.joint:
            joint = train_tokenizer(sentences((0, 1), moved), path, sampled, seed)
            pair = TokenizerPair(joint, joint)
            counts, line_counts = [counts[0] + counts[1]] * 2, [sum(line_counts)] * 2
        else:
            source = train_tokenizer(sentences((0,), moved), path, sampled, seed)
            pair = TokenizerPair(source, train_tokenizer(sentences((1,), lambda count: None), path, sampled, seed))
    first, second = (
        Alphabet.of_counts(count, lines, config.character_coverage, config.byte_fallback, tokenizer)
        for count, lines, tokenizer in zip(counts, line_counts, (pair.source, pair.target), strict=True)
    )
    origin = f"learned from {sampled.sample_sentences:,} sentences of the training text at most, with the settings of the config"
    return Chosen(pair, (first, second), origin)


def _chosen(pair: TokenizerPair, origin: str) -> Chosen:
    return Chosen(pair, (Alphabet.of_tokenizer(pair.source), Alphabet.of_tokenizer(pair.target)), origin)


def _is_utf8(line: str) -> bool:
    return line.isascii() or not _RAW_BYTE.search(line)
