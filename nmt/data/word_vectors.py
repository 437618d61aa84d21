"""Word vectors that others trained, matched to the pieces of a vocabulary: what an embedding may begin with.

Three forms are read, each plain or `.gz`, told apart by what is in the file: GloVe's text (a word and its numbers on each line), word2vec's
text (the same below a line `count width`), word2vec's binary form (that line, then each word and its float32 numbers). The file is read
as a stream: of two million words only those stay in memory that are pieces.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from nmt.config import ModelConfig
from nmt.errors import WordVectorError
from nmt.tokenizer import Tokenizer

Progress = Callable[[int, int], None]
"""Called now and then with the bytes of the file that are read, and all that it has."""

_WORD_START = "\u2581"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
_LONGEST_WORD = 1 << 16  # bytes; beyond it a binary file is damaged
_REPORT_EVERY = 1 << 14
_EXAMPLES = 5


class Form(NamedTuple):
    """How a file of word vectors is written."""

    width: int
    words: int | None
    """How many its first line says it has; None: it says nothing."""
    binary: bool


@dataclass(frozen=True)
class Matched:
    """The pieces of a vocabulary that a file has vectors for."""

    ids: NDArray[np.int64]
    """[N], ascending."""
    rows: NDArray[np.float32]
    """[N, width], as the file has them."""
    of: int
    """Pieces that could have one: all but special tokens, tags, bytes and the bare mark of a space."""
    unmatched: tuple[str, ...]
    """The first few of those that have none; the vocabulary has frequent pieces first."""


def check_word_vectors(config: ModelConfig) -> None:
    """Look at the beginning of each file that the config names, so that a mistake is told before any work is done.

    Raises:
        WordVectorError: a file that is missing, in no known form, or of another width than the embeddings.
    """
    for path in (config.pretrained_source, config.pretrained_target):
        if path is not None:
            _form_for(path, config.embedding_units)


def match_word_vectors(path: Path, tokenizer: Tokenizer, width: int, on_progress: Progress) -> Matched:
    """Read the vectors of the pieces of a vocabulary.

    A piece that begins a word, `▁House`, takes the vector of `House`, else that of `house`. A piece inside words, `ing`, takes that of the
    word of the same letters, where there is one. Of a word that the file has twice, the first counts; vectors of zeros count as none.

    Args:
        path: the file.
        tokenizer: has the pieces.
        width: of the embeddings.
        on_progress: see `Progress`.

    Raises:
        WordVectorError: a file that cannot be used, with its line or word number where one is at fault, or in which no piece is found.
    """
    form = _form_for(path, width)
    words = {piece: word for piece, word in enumerate(_words(tokenizer)) if word}
    wanted: dict[bytes, list[tuple[int, int]]] = {}
    for piece, word in words.items():
        for rank, spelling in enumerate(dict.fromkeys((word, word.lower()))):
            wanted.setdefault(spelling.encode(), []).append((piece, rank))
    found: dict[int, tuple[int, NDArray[np.float32]]] = {}
    total = path.stat().st_size
    with _opened(path) as (file, stream):
        entries = _binary_entries(path, stream, form) if form.binary else _text_entries(path, stream, form)
        for number, (spelled, numbers) in enumerate(entries, start=1):
            if number % _REPORT_EVERY == 0:
                on_progress(file.tell(), total)
            if spelled not in wanted:
                continue
            vector = _vector(numbers, form, f"{path}, word {number:,}")
            if vector is None:
                continue
            for piece, rank in wanted[spelled]:
                if piece not in found or rank < found[piece][0]:
                    found[piece] = rank, vector
    if not found:
        raise WordVectorError(f"{path}: none of the {len(words):,} pieces of the vocabulary is a word of it: is it of this language?")
    ids = np.array(sorted(found))
    unmatched = [piece for piece in words if piece not in found][:_EXAMPLES]
    return Matched(ids, np.stack([found[piece][1] for piece in ids]), len(words), tuple(tokenizer.pieces(unmatched)))


def _words(tokenizer: Tokenizer) -> list[str]:
    """The word that each piece is looked up by; empty for special tokens, tags, bytes and the bare mark of a space."""
    spelled = [piece.replace(_WORD_START, "") for piece in tokenizer.pieces(range(tokenizer.vocabulary_size))]
    return ["" if piece in tokenizer.no_text else word for piece, word in enumerate(spelled)]


def _form_for(path: Path, width: int) -> Form:
    form = _form(path)
    if form.width != width:
        raise WordVectorError(
            f"{path} has vectors of {form.width} numbers, but model.embedding_units is {width}: set model.embedding_units={form.width}, "
            "or give vectors of that width"
        )
    return form


def _form(path: Path) -> Form:
    """What the first lines say."""
    with _opened(path) as (_, stream):
        first = stream.readline(_CHUNK).removeprefix(_BYTE_ORDER_MARK).split()
        second = stream.readline(_CHUNK).split()
    if len(first) == 2 and first[0].isdigit() and first[1].isdigit() and int(first[1]) > 0:
        width = int(first[1])
        return Form(width, int(first[0]), binary=not _are_numbers(second[-width:]) or len(second) <= width)
    if len(first) > 2 and _are_numbers(first[1:]):
        return Form(len(first) - 1, None, binary=False)
    packed = "; unpack it first" if first and first[0].startswith(b"PK") else ""
    raise WordVectorError(
        f"{path} has no word vectors in its first line: expected GloVe's text (a word and its numbers) or word2vec's text or binary form "
        f"(count and width){packed}"
    )


def _are_numbers(fields: list[bytes]) -> bool:
    try:
        return all(np.isfinite(float(field)) for field in fields)
    except ValueError:
        return False


def _text_entries(path: Path, stream: BinaryIO, form: Form) -> Iterator[tuple[bytes, bytes]]:
    """Each word, and the rest of its line."""
    number = 0
    if form.words is not None:
        stream.readline()
    for number, line in enumerate(stream, start=1):
        word, _, numbers = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).partition(b" ")
        yield word, numbers
    if form.words is not None and number < form.words:
        raise WordVectorError(f"{path} is cut off: its first line says {form.words:,} words, it has {number:,}")


def _binary_entries(path: Path, stream: BinaryIO, form: Form) -> Iterator[tuple[bytes, bytes]]:
    """Each word, and the bytes of its numbers; the word may stand behind the line break that some programs write after numbers."""
    stream.readline()
    size = form.width * np.dtype(np.float32).itemsize
    buffer, place = b"", 0
    for number in range(form.words or 0):
        space = buffer.find(b" ", place)
        while space < 0 or space + 1 + size > len(buffer):
            more = stream.read(_CHUNK)
            if not more:
                raise WordVectorError(f"{path} is cut off: its first line says {form.words:,} words, it has {number:,}")
            buffer, place = buffer[place:] + more, 0
            space = buffer.find(b" ")
            if space > _LONGEST_WORD or (space < 0 and len(buffer) > _LONGEST_WORD):
                raise WordVectorError(f"{path}, word {number + 1:,}: no word stands here; the file is damaged")
        yield buffer[place:space].lstrip(b"\n"), buffer[space + 1 : space + 1 + size]
        place = space + 1 + size


def _vector(numbers: bytes, form: Form, where: str) -> NDArray[np.float32] | None:
    """The numbers of a word; None if all are zero, or if the word is longer than up to its first space."""
    if form.binary:
        vector = np.frombuffer(numbers, np.dtype("<f4")).astype(np.float32)
    else:
        fields = numbers.split()
        if len(fields) > form.width:
            return None  # a word with spaces, as GloVe's largest file has some; no piece is one
        try:
            vector = np.array([float(field) for field in fields], np.float32)
        except ValueError as error:
            raise WordVectorError(f"{where}: {error}; the file is damaged") from error
    if len(vector) != form.width or not np.isfinite(vector).all():
        raise WordVectorError(f"{where}: expected {form.width} finite numbers, got {np.isfinite(vector).sum()}; the file is damaged")
    return vector if vector.any() else None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file itself, and the stream of what is in it."""
    try:
        with path.open("rb") as file:
            yield file, cast(BinaryIO, gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WordVectorError(f"{path}: damaged or truncated gzip: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise WordVectorError(f"cannot read {path}: {error.strerror or error}") from error
