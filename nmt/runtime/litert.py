"""LiteRT as a runtime: a small package that starts in a fraction of a second, and no TensorFlow."""

import queue
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmt.backend import standard_error_kept
from nmt.cpus import available_cpus
from nmt.errors import ModelError
from nmt.model_directory import LITERT_FILE, Limits
from nmt.runtime.interface import Hypotheses
from nmt.runtime.numpy_search import Floats, Found, Ints, search

SIGNATURES = {"encode": {"ids"}, "step": {"tokens", "state", "keys", "values"}}


def litert_installed() -> bool:
    """Whether ai-edge-litert is there, without the time to load it."""
    return "ai_edge_litert" in sys.modules or find_spec("ai_edge_litert") is not None


class LiteRtRuntime:
    """A model of two signatures, run by as many interpreters as threads are allowed.

    Steps of a single sentence are too small to share between threads: each interpreter has one, and sentences are shared among them.
    """

    takes_coverage_penalty = True  # every model that is exported for LiteRT has an attention

    def __init__(self, model_dir: Path, limits: Limits, threads: int | None = None) -> None:
        """Load a model.

        Args:
            model_dir: the folder that holds `model.tflite`.
            limits: of its MODEL.json: how long a hypothesis may become is not in the graph, which is a single step.
            threads: sentences that are translated at once; default: one for each CPU that this process may use.

        Raises:
            ModelError: not a model of ours, or ai-edge-litert is missing.
        """
        if threads is not None and threads < 1:
            raise ModelError(f"threads must be 1 or more, got {threads}")
        if not litert_installed():
            raise ModelError(f"{model_dir} is a LiteRT model; to run it: pip install 'carousel-nmt[litert]'")
        self._path = model_dir / LITERT_FILE
        if limits.length_factor is None or limits.length_offset is None:
            raise ModelError(f"{model_dir} is a LiteRT model without limits.length_factor and limits.length_offset: export it again")
        self._factor, self._offset = np.float32(limits.length_factor), limits.length_offset
        self._threads = threads or available_cpus()
        self._idle: queue.LifoQueue[_Interpreter | None] = queue.LifoQueue()
        for _ in range(self._threads - 1):
            self._idle.put(None)  # made when first needed: a command that translates one line needs one
        with standard_error_kept():  # its C++ side announces once in a process which kernels it has
            self._idle.put(_Interpreter(self._path))
        self._workers: ThreadPoolExecutor | None = None
        if self._threads > 1:
            self._workers = ThreadPoolExecutor(self._threads, thread_name_prefix="litert")

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
        """See `Runtime.translate_ids`."""
        own = (lengths.astype(np.float32) * self._factor).astype(np.int32) + self._offset
        limits = np.maximum(np.minimum(own, max_steps), 1)
        sentences = [row[:length] for row, length in zip(ids, lengths, strict=True)]
        one = partial(self._translate, beam_size=beam_size, alpha=length_penalty, beta=coverage_penalty)
        if self._workers is None or len(sentences) == 1:
            found = list(map(one, sentences, limits.tolist()))
        else:
            found = list(self._workers.map(one, sentences, limits.tolist()))
        return _padded(found, ids.shape[1])

    def _translate(self, ids: Ints, limit: int, *, beam_size: int, alpha: float, beta: float) -> Found:
        with self._interpreter() as interpreter:
            state = interpreter.encode(ids)
            return search(interpreter.step, state, limit, beam_size, alpha, beta)

    @contextmanager
    def _interpreter(self) -> Iterator["_Interpreter"]:
        """One of the interpreters, alone: they bear no second thread. Waits until one is free."""
        taken = self._idle.get()
        try:
            if taken is None:
                taken = _Interpreter(self._path)
            yield taken
        finally:
            self._idle.put(taken)


class _Interpreter:
    """One interpreter with the sentence that it translates."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._loaded = Interpreter(model_path=str(path), num_threads=1)
            self._loaded.allocate_tensors()
            found = {name: set(parts["inputs"]) for name, parts in self._loaded.get_signature_list().items()}
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"cannot load the LiteRT model {path}: {' '.join(str(error).split())}") from error
        if found != SIGNATURES:
            raise ModelError(f"the LiteRT model {path} has the signatures {', '.join(sorted(found)) or 'none'}; expected encode and step")
        self._encode, self._step = (self._loaded.get_signature_runner(name) for name in SIGNATURES)
        self._memory: dict[str, Floats] = {}

    def encode(self, ids: Ints) -> Floats:
        """Begin with a sentence, ids [S], EOS the last; returns the first state [1, ·]."""
        found: dict[str, Any] = self._encode(ids=np.ascontiguousarray(ids, np.int32))
        self._memory = {"keys": found["keys"], "values": found["values"]}
        return found["state"]

    def step(self, tokens: Ints, state: Floats) -> tuple[Floats, Floats, Floats]:
        """Score the next token of n hypotheses of that sentence; see `nmt.runtime.numpy_search.Step`."""
        found = self._step(tokens=tokens, state=state, **self._memory)
        return found["logits"], found["next_state"], found["attention"]


def _padded(found: list[Found], width: int) -> Hypotheses:
    """Sentences of any lengths as one batch, S being `width`."""
    K, steps = len(found[0].lengths), max(one.ids.shape[1] for one in found)
    ids = np.zeros((len(found), K, steps), np.int32)
    attention = np.zeros((len(found), K, steps, width), np.float32)
    for row, one in enumerate(found):
        ids[row, :, : one.ids.shape[1]] = one.ids
        attention[row, :, : one.ids.shape[1], : one.attention.shape[2]] = one.attention
    return Hypotheses(ids, np.stack([one.lengths for one in found]), np.stack([one.scores for one in found]), attention)
