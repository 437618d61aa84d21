"""TensorFlow's SavedModel as a runtime: the same file on any CPU or GPU, without a line of model code."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmt.backend import load_backend, set_threads
from nmt.errors import ModelError
from nmt.runtime.interface import Hypotheses
from nmt.shortlist import Shortlist

SIGNATURE = "serving_default"
PREPARED_SIGNATURE = "translate_prepared"
WEIGHTS_SIGNATURE = "search_weights"
SEARCH_BLOCK = 64
"""The graph's search wants as many target pieces as fill whole blocks (nmt/search/best.py; a test holds the two equal)."""
TABLE_AFTER_SENTENCES = 4
"""A command that translates a line or two starts faster without the table of input gates."""
_INPUTS = {"ids", "lengths", "beam_size", "length_penalty", "max_steps"}


class SavedModelRuntime:
    """A loaded SavedModel whose `serving_default` is `translate_ids`."""

    def __init__(self, model_dir: Path, threads: int | None = None, shortlist: Shortlist | None = None) -> None:
        """Load a SavedModel.

        Args:
            model_dir: The folder that holds `saved_model.pb`.
            threads: CPU threads for one operation, for the whole process; default: all that this process may use.
            shortlist: Translate each batch with the target pieces that this selects for it, instead of all.

        Raises:
            ModelError: not a SavedModel of ours, or TensorFlow runs already with another number of threads.
        """
        load_backend()
        import tensorflow as tf

        if threads is not None:
            _set_threads(threads)
        _grow_gpu_memory(tf)
        try:
            # The signature alone does not keep the variables alive: the whole object is held.
            self._loaded = tf.saved_model.load(str(model_dir))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise ModelError(f"cannot load the SavedModel in {model_dir}: {' '.join(str(error).split())}") from error
        function = self._loaded.signatures.get(SIGNATURE) if hasattr(self._loaded, "signatures") else None
        found = set(function.structured_input_signature[1]) if function is not None else set()
        if function is None or found != _INPUTS:
            raise ModelError(
                f"the SavedModel in {model_dir} has no signature {SIGNATURE} that takes {', '.join(sorted(_INPUTS))}"
                + (f"; it takes {', '.join(sorted(found))}" if found else "")
            )
        self._tf = tf
        self._translate_ids = function
        self._weights: dict[str, Any] = {}
        self._make_table: Any = None
        self._seen = 0  # sentences
        self._shortlist = shortlist
        prepared, weights = (self._loaded.signatures.get(name) for name in (PREPARED_SIGNATURE, WEIGHTS_SIGNATURE))
        if prepared is not None and weights is not None:  # models that are older than shortlists have neither
            self._translate_ids, self._make_table = prepared, lambda: weights(table=tf.constant(True))
            self._weights = weights(table=tf.constant(False))
        elif shortlist is not None:
            raise ModelError(f"the SavedModel in {model_dir} knows no shortlist: it is older than they are; export it again")
        # Models without attention take none, nor do those that are older than it.
        self.takes_coverage_penalty = "coverage_penalty" in self._weights
        self._coverage_penalty = float(self._weights["coverage_penalty"]) if self.takes_coverage_penalty else 0.0

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
        tf = self._tf
        given = coverage_penalty != self._coverage_penalty  # else the graph's own goes back to it with the weights
        own = {"coverage_penalty": tf.constant(coverage_penalty, tf.float32)} if given else {}
        found = self._translate_ids(
            ids=tf.constant(ids, tf.int32),
            lengths=tf.constant(lengths, tf.int32),
            beam_size=tf.constant(beam_size, tf.int32),
            length_penalty=tf.constant(length_penalty, tf.float32),
            max_steps=tf.constant(max_steps, tf.int32),
            **(self._weights_for(ids) | own),
        )
        return Hypotheses(*(found[name].numpy() for name in Hypotheses._fields))

    def _weights_for(self, ids: NDArray[np.int32]) -> dict[str, Any]:
        self._seen += len(ids)
        make_table = self._make_table
        if make_table is not None and self._seen > TABLE_AFTER_SENTENCES:
            # Two threads may both make it; each then has a whole one.
            self._weights, self._make_table = make_table(), None
        if self._shortlist is None:
            return self._weights
        selected = self._shortlist.select(ids, multiple=SEARCH_BLOCK)
        if len(selected) == self._shortlist.target_vocabulary:
            return self._weights
        tf, weights = self._tf, self._weights
        return weights | {
            "output_weights": tf.gather(weights["output_weights"], selected, axis=1),
            "output_bias": tf.gather(weights["output_bias"], selected),
            "output_ids": tf.constant(selected),
        }


def _set_threads(threads: int) -> None:
    if threads < 1:
        raise ModelError(f"threads must be 1 or more, got {threads}")
    try:
        # One sentence's steps follow each other: a second operation at a time is worth one thread, more would compete with the first.
        set_threads(threads, min(threads, 2))
    except RuntimeError as error:
        raise ModelError(
            f"threads={threads} comes too late: TensorFlow already runs in this process with another number; load this model first"
        ) from error


def _grow_gpu_memory(tf: Any) -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except (RuntimeError, ValueError):  # the GPU is in use already, with the setting it has
            return
