"""A server without TensorFlow: models that translate each word by its letters in reverse order, fast enough for thousands of requests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette

from nmt.config import TokenizerConfig
from nmt.directions import Directions
from nmt.model_directory import Limits, Manifest, ModelDirectory, SearchDefaults, TrainingRecord
from nmt.runtime.interface import Hypotheses
from nmt.special_tokens import PAD
from nmt.tokenizer import TokenizerPair, train_tokenizer
from nmt.translator import Translator
from serve.app import create_app
from serve.batcher import BatchLimits
from serve.loaded_model import LoadedModel, make_batcher
from serve.metrics import Metrics, ModelMetrics
from serve.models import Models, Served
from serve.service import Service
from serve.settings import Settings
from serve.speed import Speed

TEXT = ["A dog runs.", "Two men sit on a bench.", "Ein Hund läuft; zwei Männer sitzen, und du?", "你好。再见。", "Hello world"] * 8
MAX_SOURCE_PIECES = 40


class ReversingRuntime:
    """Hypothesis k of a sentence is its pieces in reverse order without the last k; attention follows.

    Set `error` and every batch fails with it; set `before` and it is called, in the batcher's thread, with each batch's rows.
    """

    takes_coverage_penalty = True

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.error: Exception | None = None
        self.before: Callable[[int], None] = lambda rows: None

    def translate_ids(
        self,
        ids: NDArray[np.int32],
        lengths: NDArray[np.int32],
        *,
        beam_size: int,
        length_penalty: float,
        max_steps: int,
        coverage_penalty: float = 0.0,
    ) -> Hypotheses:
        self.batches.append(len(ids))
        self.before(len(ids))
        if self.error:
            raise self.error
        B, S = ids.shape
        sizes = np.maximum(lengths[:, None] - 1 - np.arange(beam_size), 1).astype(np.int32)
        out = np.full((B, beam_size, S), PAD, np.int32)
        attention = np.zeros((B, beam_size, S, S), np.float32)
        for b in range(B):
            for k in range(beam_size):
                size = int(sizes[b, k])
                order = np.arange(lengths[b] - 2, -1, -1)[:size]
                out[b, k, :size] = ids[b, order]
                attention[b, k, np.arange(size), order] = 1.0
        scores = -(np.arange(beam_size)[None, :] + np.zeros((B, 1))).astype(np.float32) - 0.5
        return Hypotheses(out, sizes, scores, attention)


def make_tokenizers(folder: Path) -> TokenizerPair:
    train_tokenizer(TEXT, folder / "tokenizer.model", TokenizerConfig(vocabulary_size=400), seed=1)
    return TokenizerPair.load(folder)


class ScriptedModels(Models):
    """Models that need no folders. `runtimes` holds each one's runtime by name."""

    def __init__(self, pairs: dict[str, tuple[str, str]], settings: Settings, metrics: Metrics, tokenizers: TokenizerPair) -> None:
        self.settings, self._told, self._closing, self._watching = settings, metrics, set(), None
        self.pairs, self.tokenizers, self.metrics = pairs, tokenizers, metrics
        self.served = {name: Served(name, "") for name in pairs}
        self.runtimes = {name: ReversingRuntime() for name in pairs}

    async def start(self) -> None:
        for name, (source, target) in self.pairs.items():
            limits, search = (
                Limits(max_source_pieces=MAX_SOURCE_PIECES, max_steps=80),
                SearchDefaults(beam_size=2, length_penalty=1.0, copy_untranslatable=True),
            )
            translator = Translator(
                self.runtimes[name], self.tokenizers, limits, search, name=name, directions=Directions(((source, target),))
            )
            manifest = Manifest(
                format_version=1, name=name, source=source, target=target, training=TrainingRecord(updates=1, seconds=1, seed=1),
                versions={}, limits=limits, search=search, files={},
            )  # fmt: skip
            chosen = self.settings
            batching = BatchLimits(
                chosen.batch_sentences, chosen.batch_pieces, chosen.batch_wait_ms / 1000, chosen.queue_pieces, chosen.cache_mebibytes << 20
            )
            batcher = make_batcher(translator, Speed(100_000.0, 10_000.0), batching, ModelMetrics(self.metrics, name, 1))
            batcher.start()
            directory = cast(ModelDirectory, SimpleNamespace(path=Path("1"), version=1, manifest=manifest))
            self.served[name].current = LoadedModel(name, directory, translator, batcher)
            self.served[name].states[1] = ("AVAILABLE", "")


def make_app(tokenizers: TokenizerPair, pairs: dict[str, tuple[str, str]] | None = None, **settings: Any) -> Starlette:
    """An application over scripted models; its `state.service` is the service. Default: en-de and de-en, and no access log."""
    chosen = Settings(**({"access_log": False, "models": ("x",)} | settings))
    metrics = Metrics()
    models = ScriptedModels(pairs or {"ende": ("en", "de"), "deen": ("de", "en")}, chosen, metrics, tokenizers)
    service = Service(chosen, models, metrics)
    app = create_app(service)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await models.start()
        yield
        await models.close()

    app.router.lifespan_context = lifespan
    app.state.service = service
    return app
