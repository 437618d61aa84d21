"""Checkpoint -> a small MODEL_DIR that runs without TensorFlow: one LiteRT file of int8, float16 or float32 weights.

It is published only if the graph of float32 decodes as the live model does, and if smaller weights cost it little.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.console import Console

from nmt.atomic import next_version, publishing_folder, replacing_file
from nmt.backend import standard_error_kept
from nmt.checkpoint import Arrays, load_weights
from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.prepare import Prepared
from nmt.errors import ExportError
from nmt.export import (
    describe,
    live_inference,
    manifest_of,
    translator_over,
    validation_scores,
    verification_ids,
    verify,
)
from nmt.inference import LiveRuntime
from nmt.litert_graph import LiteRtGraph, WeightType
from nmt.model_directory import LITERT_FILE, LITERT_FOLDER, Conversion, Limits
from nmt.provenance import version_of
from nmt.run_directory import RunDirectory
from nmt.runtime.litert import LiteRtRuntime
from nmt.shown import printer

MOST_LOST = 1.0
"""BLEU. Weights of 8 bits cost a tenth or two; more than this is a model that does not bear them."""

_SHARED_BYTES = 1024  # smaller constants are not worth the comparison


def export_litert(
    config: Config, prepared: Prepared, run: RunDirectory, which: str, weights: WeightType, to: Path | None, console: Console
) -> Path:
    """Publish a run's model for LiteRT.

    Args:
        config: the run's config.
        prepared: its data, for tokenizers, verification and scores.
        run: where its checkpoints lie.
        which: the best or last checkpoint, or the mean of all that are kept.
        weights: the type that they are stored in. int8: each row of a matrix with its own scale, inputs quantised as they come.
        to: the folder that gets the integer version; default: the run's own `litert`.
        console: where a person looks.

    Returns:
        The MODEL_DIR, `<to>/<n>` with the next free n.

    Raises:
        RunError: there is no checkpoint.
        ExportError: float32 does not decode as the live model does, or the smaller weights lose too much; nothing is published.
    """
    report = printer(console)
    arrays, state, warnings = load_weights(run.checkpoints, which)
    for warning in warnings:
        report(f"warning: {warning}")
    search = config.search
    limits = Limits(
        max_source_pieces=search.max_source_pieces,
        max_steps=search.max_steps,
        length_factor=search.max_length_factor,
        length_offset=search.max_length_offset,
    )
    with tf.device("/CPU:0"):
        live = LiveRuntime(live_inference(config, prepared, arrays))
        folder = to or run.path / LITERT_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        published = folder / str(next_version(folder))
        with publishing_folder(published) as building:
            # The graphs and the search are proven with weights as they are; what is scored after that is their rounding alone.
            _write_model(building, arrays, config, "float32")
            exact, sentences = LiteRtRuntime(building, limits), verification_ids(prepared)
            for beam in sorted({1, search.beam_size}):
                lines = verify(live, exact, sentences, config, console, beam_size=beam, what="LiteRT model of float32")
                report(f"verified: {lines} lines decoded alike by the live model and by LiteRT in float32, beam {beam}")
            if weights != "float32":
                _write_model(building, arrays, config, weights)
            prepared.tokenizers.save(building)
            save_config(config, building / "config.yaml")
            translator = translator_over(LiteRtRuntime(building, limits), config, prepared)
            scores = validation_scores(config, prepared, translator, console)
            before = validation_scores(config, prepared, translator_over(live, config, prepared), console) if scores else []
            conversion = Conversion(
                format="litert",
                weights=weights,
                bytes=(building / LITERT_FILE).stat().st_size,
                float32_bytes=sum(array.size * 4 for array in arrays.values()),
                float32_bleu=before[0]["score"] if before else None,
            )
            if scores:
                _check_loss(weights, scores[0]["score"] - before[0]["score"], console)
            manifest = manifest_of(config, prepared, run, state)
            manifest |= {"limits": limits.model_dump(), "scores": scores, "conversion": conversion.model_dump()}
            manifest["versions"] |= {"ai-edge-litert": version_of("ai-edge-litert")}
            describe(building, manifest, translator, prepared)
    ratio = conversion.bytes / conversion.float32_bytes
    report(f"{LITERT_FILE} with {weights} weights: {conversion.bytes / 1e6:.2f} MB, {ratio:.2f} x the weights in float32")
    report(f"exported {which} checkpoint (update {state['update']}) to {published}")
    return published


def _check_loss(weights: WeightType, difference: float, console: Console) -> None:
    """Say what the weights cost, and raise if it is too much."""
    printer(console)(f"{weights} weights: BLEU {difference:+.2f} to the live model in float32 on the same lines")
    if difference < -MOST_LOST:
        raise ExportError(
            f"{weights} weights cost this model {-difference:.2f} BLEU on validation text, more than {MOST_LOST:g}: nothing was published; "
            f"try --weights {'float32' if weights == 'float16' else 'float16'}"
        )


def _write_model(folder: Path, arrays: Arrays, config: Config, weights: WeightType) -> None:
    """Convert and write `model.tflite`; the file that a runtime may have mapped stays what it was."""
    content = convert(LiteRtGraph(arrays, config.model, weights), weights)
    with replacing_file(folder / LITERT_FILE) as temporary:
        temporary.write_bytes(content)


def convert(graph: LiteRtGraph, weights: WeightType) -> bytes:
    """The LiteRT file of two signatures.

    Raises:
        ExportError: TensorFlow has no converter, or it refuses the graph.
    """
    if not hasattr(tf, "lite"):
        raise ExportError(f"TensorFlow {tf.__version__} has no tf.lite.TFLiteConverter; one that has: pip install 'tensorflow<2.22'")
    with tempfile.TemporaryDirectory() as saved, standard_error_kept():
        tf.saved_model.save(graph, saved, signatures=graph.functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=list(graph.functions))
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            return share_buffers(converter.convert())
        except tf.errors.OpError as error:
            raise ExportError(f"the LiteRT converter refuses this model: {' '.join(str(error).split())[:300]}") from error


def share_buffers(model: bytes) -> bytes:
    """Let constants of equal bytes lie in the file once: the converter writes a table that is looked up in and multiplied with twice."""
    from tensorflow.lite.tools import flatbuffer_utils

    parsed: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    first: dict[bytes, int] = {}
    for graph in parsed.subgraphs:
        for tensor in graph.tensors:
            data: NDArray[np.uint8] | None = parsed.buffers[tensor.buffer].data
            if data is None or len(data) < _SHARED_BYTES:
                continue
            kept = first.setdefault(bytes(data), tensor.buffer)
            if kept != tensor.buffer:
                parsed.buffers[tensor.buffer].data = None
                tensor.buffer = kept
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))
