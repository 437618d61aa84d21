"""One version of one model, ready to serve: checked against its hashes, loaded, warmed, tried on golden lines."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nmt.batch_plan import most_sentences
from nmt.errors import ModelError
from nmt.hypotheses import Hypothesis
from nmt.loading import load_translator
from nmt.model_directory import MANIFEST_FILE, ModelDirectory, read_manifest
from nmt.runtime.interface import Hypotheses
from nmt.searching import Search
from nmt.translator import Source, Translator
from serve.batcher import Batcher, BatchLimits, BatchObserver
from serve.graph_check import check_graph
from serve.speed import Speed

# Another CPU adds in another order: now and then a tie falls the other way. More than this share of lines is no tie.
GOLDEN_DIFFERENCES = 0.25
_WARM_LINE = "a b c d e f g h"


class LoadedModel:
    """A translator with its batcher, and who uses it now."""

    def __init__(self, name: str, directory: ModelDirectory, translator: Translator, batcher: Batcher) -> None:
        self.name, self.version = name, directory.version
        self.directory, self.translator, self.batcher = directory, translator, batcher
        pairs = translator.directions.pairs
        self.directions = [DirectedModel(self, translator.into(target, source=source)) for source, target in pairs]
        self._users = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def main(self) -> "DirectedModel":
        """The model in its main direction."""
        return self.directions[0]

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        """Keep the model from being closed: a request that began with a version ends with it."""
        self._users += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._idle.set()

    async def close(self) -> None:
        """Wait until nobody uses the model, then stop its worker."""
        await self._idle.wait()
        await self.batcher.close()


@dataclass(frozen=True)
class DirectedModel:
    """A loaded model in one of its directions. All of them share its batches: a sentence's ids say what it is translated into."""

    model: LoadedModel
    translator: Translator

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def version(self) -> int:
        """The model's version."""
        return self.model.version

    @property
    def source(self) -> str:
        """The source language."""
        return self.translator.source_language

    @property
    def target(self) -> str:
        """The target language."""
        return self.translator.target_language


def load_checked(folder: Path, threads: int | None, batch_sentences: int) -> tuple[ModelDirectory, Translator, Speed]:
    """Load a model that is what its publisher published; blocks for seconds.

    Args:
        folder: the MODEL_DIR.
        threads: CPU threads, for the whole process.
        batch_sentences: size of the batch that is warmed and timed.

    Returns:
        The directory, the translator, and its speed in a full batch.

    Raises:
        ModelError: damaged, refused, or not translating its golden lines as it did when it was exported.
    """
    directory = ModelDirectory(folder, read_manifest(folder / MANIFEST_FILE))
    directory.verify_files()
    golden = directory.golden_lines()
    if not directory.is_litert:  # LiteRT knows no operation that reads or writes a file, so there is nothing to look for
        from nmt.backend import load_backend

        load_backend()
        check_graph(folder)
    translator = load_translator(folder, threads=threads)
    try:
        _try_golden(folder, translator, golden)
        return directory, translator, _warm(translator, list(golden), batch_sentences)
    except ModelError:
        raise
    except Exception as error:  # a graph that fails raises whatever TensorFlow raises
        raise ModelError(f"model {folder} is refused: it cannot translate ({' '.join(str(error).split())[:200]})") from error


def _try_golden(folder: Path, translator: Translator, golden: dict[str, str]) -> None:
    found = dict(zip(golden, translator.translate(list(golden)), strict=True))
    different = [line for line, text in found.items() if text != golden[line]]
    if len(different) > GOLDEN_DIFFERENCES * len(golden) or any(golden[line] and not text for line, text in found.items()):
        raise ModelError(
            f"model {folder} is refused: it translates {len(different)} of {len(golden)} golden lines otherwise than when it was exported, "
            f"such as {different[0]!r}"
        )


def _warm(translator: Translator, lines: Sequence[str], rows: int) -> Speed:
    """Run a lone sentence and a full batch, greedy and with the model's beam; returns the speed of the last."""
    sources = translator.encode(lines or [_WARM_LINE]).sources or [(5,) * 8]
    speed = Speed()
    for beam in sorted({1, translator.search.beam_size}):
        search, most = translator.search_for(beam_size=beam), min(rows, most_sentences(beam))
        for batch in ([sources[0]], (sources * (most // len(sources) + 1))[:most]):
            started = time.monotonic()
            translator.translate_batch(batch, search)
            speed = Speed()
            speed.measured(sum(map(len, batch)), len(batch), time.monotonic() - started)
    return speed


def batch_translation(translator: Translator, sources: Sequence[Source], searches: Sequence[Search]) -> list[list[Hypothesis]]:
    """Translate a batch whose searches agree in beam and penalties, and read each row as its own search asks."""
    raw = translator.translate_batch(sources, searches[0])
    results: list[list[Hypothesis]] = [[] for _ in sources]
    for search in dict.fromkeys(searches):
        rows = [row for row, own in enumerate(searches) if own == search]
        taken = raw if len(rows) == len(sources) else Hypotheses(raw.ids[rows], raw.lengths[rows], raw.scores[rows], raw.attention[rows])
        for row, hypotheses in zip(rows, translator.read([sources[row] for row in rows], taken, search), strict=True):
            results[row] = hypotheses
    return results


def make_batcher(translator: Translator, speed: Speed, limits: BatchLimits, observer: BatchObserver) -> Batcher:
    """A batcher over a translator, whose speed is known from warming it."""
    batcher = Batcher(lambda sources, searches: batch_translation(translator, sources, searches), most_sentences, limits, observer)
    batcher.speed = speed
    return batcher
