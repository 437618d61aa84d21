"""Text to ids and back: one SentencePiece model (Kudo and Richardson 2018), or one for each side.

Normalisation is SentencePiece's own `nmt_nfkc`, kept inside the model file so that every reader of the model does the same: NFKC from a
table, control characters removed, every kind of space (also U+200B, U+FEFF, U+FFFD and the marker U+2581) made a plain space, runs of
spaces made one, spaces at the ends dropped. With byte fallback, `decode(encode(text))` is exactly that normalised text for any script:
characters that the vocabulary lacks are spelled as bytes. A literal `<s>` or `<unk>` in the text stays ordinary text: special tokens
have ids only, and no text encodes to them.

Tags are of that kind, too: `<2de>` (translate into German) or `<bt>` (this corpus is back-translated) are control symbols of the model.
They stand at the beginning of a source as ids; a sentence in which somebody wrote `<bt>` has the pieces of that text, not the tag.
"""

import io
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from nmt.atomic import replacing_file
from nmt.config import TokenizerConfig
from nmt.errors import TokenizerError
from nmt.special_tokens import BOS, BOS_PIECE, EOS, EOS_PIECE, PAD, PAD_PIECE, UNK, UNK_PIECE, tag_piece

JOINT_FILE, SOURCE_FILE, TARGET_FILE = "tokenizer.model", "tokenizer.source.model", "tokenizer.target.model"

# The E-step sums floats per thread: a count that followed the machine would give other vocabularies on other machines.
_TRAINING_THREADS = 4
_ERRORS_ONLY = 2
_LINES_WORTH_THREADS = 64
# The byte pieces can spell a line break; a translation is one line.
_ONE_LINE = str.maketrans("\n\r", "  ")


class Tokenizer:
    """One SentencePiece model with the project's special ids."""

    def __init__(self, model: bytes, name: str = "tokenizer") -> None:
        """Check and hold a serialised model; `name` is what an error calls it."""
        self.model, self.name = model, name
        if not model:
            raise TokenizerError(f"{name} is not a SentencePiece model but an empty file")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise TokenizerError(f"{name} is not a SentencePiece model") from error
        found = tuple(int(getattr(self._processor, f"{token}_id")()) for token in ("pad", "unk", "bos", "eos"))
        if found != (PAD, UNK, BOS, EOS):
            raise TokenizerError(
                f"{name} has the ids pad={found[0]} unk={found[1]} bos={found[2]} eos={found[3]}, expected pad={PAD} unk={UNK} bos={BOS} "
                f"eos={EOS}: train it with --pad_id={PAD} --unk_id={UNK} --bos_id={BOS} --eos_id={EOS}, or let nmt train one"
            )

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read a model file.

        Raises:
            TokenizerError: no such file, not a SentencePiece model, or other special ids.
        """
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise TokenizerError(f"cannot read tokenizer {path}: {error.strerror}") from error

    def save(self, path: Path) -> None:
        """Write the model, byte for byte as it was loaded or trained."""
        with replacing_file(path) as temporary:
            temporary.write_bytes(self.model)

    @property
    def vocabulary_size(self) -> int:
        """Number of pieces, special tokens and bytes included."""
        return int(self._processor.vocab_size())

    @cached_property
    def word_starts(self) -> NDArray[np.bool_]:
        """[vocabulary] of each id, whether its piece begins a word: with the mark of a space."""
        return np.array([self._processor.id_to_piece(piece).startswith("\u2581") for piece in range(self.vocabulary_size)])

    def normalize(self, line: str) -> str:
        """Return what the tokenizer sees of a line, and what `decode(encode(line))` gives back when bytes are fallen back on."""
        return str(self._processor.normalize(_valid(line))).replace("\u2581", " ").strip(" ")

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Turn each line into ids, without BOS and EOS; a blank line gives none."""
        if not lines:
            return []
        threads = _TRAINING_THREADS if len(lines) >= _LINES_WORTH_THREADS else 1  # a thread pool costs more than it gives on a few lines
        try:
            return self._processor.encode(list(lines), out_type=int, num_threads=threads)
        except TypeError:  # a lone surrogate, which only JSON can carry
            return self._processor.encode([_valid(line) for line in lines], out_type=int, num_threads=threads)

    def decode(self, batch: Sequence[Sequence[int]]) -> list[str]:
        """Turn ids into text; special tokens are ignored, and a line break spelled in bytes becomes a space."""
        if not len(batch):
            return []
        rows = [[int(piece) for piece in row if piece > EOS] for row in batch]
        return [text.translate(_ONE_LINE) for text in self._processor.decode(rows, num_threads=1)]

    def tag_id(self, tag: str) -> int:
        """Return the id of a tag: `2de` for the piece `<2de>`.

        Raises:
            TokenizerError: the model has no such piece, or has it as a piece of text.
        """
        piece = tag_piece(tag)
        found = int(self._processor.piece_to_id(piece))
        if found == UNK:
            raise TokenizerError(
                f"{self.name} has no piece {piece}, which data.mix or data.target_tags ask for: train it with "
                f"--control_symbols={piece}, or let nmt train one"
            )
        if not self._processor.is_control(found):
            raise TokenizerError(
                f"{self.name} has {piece} as a piece of text, so that a sentence could contain the tag: train it with "
                f"--control_symbols={piece}, or let nmt train one"
            )
        return found

    @cached_property
    def tags(self) -> tuple[int, ...]:
        """The ids of all its tags: control pieces, of which text has none."""
        return tuple(piece for piece in range(EOS + 1, self.vocabulary_size) if self._processor.is_control(piece))

    @cached_property
    def byte_ids(self) -> dict[int, int]:
        """The ids of the pieces that spell one byte each, by the byte; none without byte fallback."""
        numbers = (piece for piece in range(self.vocabulary_size) if self._processor.is_byte(piece))
        return {int(self._processor.id_to_piece(piece)[1:-1], 16): piece for piece in numbers}

    @cached_property
    def no_text(self) -> frozenset[int]:
        """The ids that stand for no characters of text: special tokens, tags and single bytes."""
        return frozenset((*range(EOS + 1), *self.tags, *self.byte_ids.values()))

    @cached_property
    def scores(self) -> dict[str, tuple[int, float]]:
        """Every piece of text with its id and score: of a unigram model a log-probability, of BPE minus the number of its merge."""
        pieces = (piece for piece in range(self.vocabulary_size) if piece not in self.no_text and not self._processor.is_unused(piece))
        return {str(self._processor.id_to_piece(piece)): (piece, float(self._processor.get_score(piece))) for piece in pieces}

    @cached_property
    def kind(self) -> Literal["unigram", "bpe"]:
        """Which algorithm it was trained with, by its scores, as SentencePiece does not say: merges are numbered, probabilities not."""
        return "bpe" if all(score.is_integer() for _, score in self.scores.values()) else "unigram"

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return the piece of each id as SentencePiece prints it, `▁` for a space."""
        return [str(self._processor.id_to_piece(int(piece))) for piece in ids]


@dataclass(frozen=True)
class TokenizerPair:
    """The tokenizers of both sides; the same object twice when the vocabulary is joint."""

    source: Tokenizer
    target: Tokenizer

    @property
    def joint(self) -> bool:
        """Whether both sides share one vocabulary."""
        return self.source is self.target

    def tag_ids(self, tags: Sequence[str]) -> list[int]:
        """Return what a source begins with: the ids of its tags, of the source's tokenizer.

        Raises:
            TokenizerError: one of them is no tag of it.
        """
        return [self.source.tag_id(tag) for tag in tags]

    @cached_property
    def files(self) -> dict[str, Tokenizer]:
        """File names that a folder holds for this pair."""
        return {JOINT_FILE: self.source} if self.joint else {SOURCE_FILE: self.source, TARGET_FILE: self.target}

    @classmethod
    def load(cls, folder: Path) -> "TokenizerPair":
        """Find `tokenizer.model`, or `tokenizer.source.model` and `tokenizer.target.model`, in a folder.

        Raises:
            TokenizerError: neither is there, or one is damaged.
        """
        if (folder / JOINT_FILE).is_file():
            joint = Tokenizer.load(folder / JOINT_FILE)
            return cls(joint, joint)
        if not (folder / SOURCE_FILE).is_file() and not (folder / TARGET_FILE).is_file():
            raise TokenizerError(f"no tokenizer in {folder}: expected {JOINT_FILE}, or {SOURCE_FILE} and {TARGET_FILE}")
        return cls(Tokenizer.load(folder / SOURCE_FILE), Tokenizer.load(folder / TARGET_FILE))

    def save(self, folder: Path) -> None:
        """Write the model file or files, and remove those of the other form: `load` must find what was saved last."""
        for name, tokenizer in self.files.items():
            tokenizer.save(folder / name)
        for name in {JOINT_FILE, SOURCE_FILE, TARGET_FILE} - self.files.keys():
            (folder / name).unlink(missing_ok=True)


def train_tokenizer(sentences: Iterable[str], path: Path, config: TokenizerConfig, seed: int, tags: Sequence[str] = ()) -> Tokenizer:
    """Train a SentencePiece model on a stream of sentences and write it to `path`.

    At most `config.sample_sentences` of them, drawn with `seed`, are held in memory. `config.vocabulary_size` is an upper limit: small
    text gives fewer pieces. The same sentences, config, seed and tags give the same bytes. Each of `tags` becomes a control symbol.

    Raises:
        TokenizerError: no text, or a vocabulary too small for the characters in it.
    """
    sample = _sample(sentences, config.sample_sentences, random.Random(seed))
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sample),
            model_writer=model,
            model_type=config.kind,
            vocab_size=config.vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=config.character_coverage,
            byte_fallback=config.byte_fallback,
            normalization_rule_name="nmt_nfkc",
            num_threads=_TRAINING_THREADS,
            pad_id=PAD,
            unk_id=UNK,
            bos_id=BOS,
            eos_id=EOS,
            pad_piece=PAD_PIECE,
            unk_piece=UNK_PIECE,
            bos_piece=BOS_PIECE,
            eos_piece=EOS_PIECE,
            control_symbols=[tag_piece(tag) for tag in tags],
            minloglevel=_ERRORS_ONLY,
        )
    except RuntimeError as error:
        raise TokenizerError(_explain(str(error), config)) from error
    tokenizer = Tokenizer(model.getvalue(), str(path))
    tokenizer.save(path)
    return tokenizer


def _sample(sentences: Iterable[str], size: int, draw: random.Random) -> list[str]:
    """Reservoir sampling (Vitter 1985, algorithm R). SentencePiece has its own, but seeds it only once in a process."""
    reservoir: list[str] = []
    for number, sentence in enumerate(sentences):
        if number < size:
            reservoir.append(_valid(sentence))
        elif (place := draw.randrange(number + 1)) < size:
            reservoir[place] = _valid(sentence)
    return reservoir


def _valid(line: str) -> str:
    """Return the line with lone surrogates, which UTF-8 cannot say, replaced by `?`."""
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return line.encode("utf-8", "replace").decode("utf-8")
    return line


def _explain(message: str, config: TokenizerConfig) -> str:
    needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
    if needed:
        return (
            f"tokenizer.vocabulary_size {config.vocabulary_size} is too small: the characters of this text"
            f"{', the 256 bytes' if config.byte_fallback else ''} and the special tokens alone need {needed[1]}; raise it, or lower "
            "tokenizer.character_coverage"
        )
    if "sentences_.empty()" in message or "all_chars_count" in message:
        return "the tokenizer has no text to learn from: every training sentence is blank or longer than 4192 bytes"
    return f"SentencePiece cannot train on this text: {' '.join(message.split())}"
