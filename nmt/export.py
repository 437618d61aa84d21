"""Checkpoint -> MODEL_DIR: SavedModel, tokenizer, config and MODEL.json.

It is published only if the SavedModel decodes as the live model does.
"""

import errno
import json
import os
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from rich.console import Console

from nmt.atomic import next_version, publishing_folder, write_text
from nmt.checkpoint import Arrays, load_weights
from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.learned_shortlist import write_shortlist
from nmt.data.manifest import corpora_of
from nmt.data.prepare import Prepared
from nmt.directions import Directions
from nmt.errors import ExportError
from nmt.evaluation import bleu
from nmt.inference import Inference, LiveRuntime, build_model
from nmt.model.seq2seq import Seq2Seq
from nmt.model_directory import GOLDEN_FILE, MANIFEST_FILE, PLAIN_VERSION, TAGS_VERSION, Limits, SearchDefaults, file_hashes
from nmt.provenance import commit, hardware, versions
from nmt.run_directory import RunDirectory
from nmt.runtime.interface import Runtime
from nmt.runtime.savedmodel import PREPARED_SIGNATURE, SIGNATURE, WEIGHTS_SIGNATURE, SavedModelRuntime
from nmt.shown import printer, tracked, translate_shown
from nmt.special_tokens import EOS, PAD
from nmt.translator import Translator

VERIFIED_LINES = 200
VERIFIED_AT_ONCE = 50
SCORED_LINES = 1000
GOLDEN_LINES = 8


def export(config: Config, prepared: Prepared, run: RunDirectory, which: str, to: Path | None, console: Console) -> Path:
    """Publish a run's model.

    Args:
        config: the run's config.
        prepared: its data, for tokenizers and verification.
        run: where its checkpoints lie.
        which: the best or last checkpoint, or a mean: average, average-last-N or average-best-N.
        to: the folder that gets the integer version; default: the run's own `export`.
        console: where a person looks.

    Returns:
        The MODEL_DIR, `<to>/<n>` with the next free n.

    Raises:
        RunError: there is no checkpoint.
        ExportError: the SavedModel does not decode as the live model does; nothing is published.
    """
    report = printer(console)
    weights, state, warnings = load_weights(run.checkpoints, which)
    for warning in warnings:
        report(f"warning: {warning}")
    # A model that a GPU trained must serve on a CPU: the graph is built of CPU operations and verified on one.
    with tf.device("/CPU:0"):
        inference = live_inference(config, prepared, weights)
        published = publish(inference, config, prepared, manifest_of(config, prepared, run, state), to or run.exports, console)
    report(f"exported {which} checkpoint (update {state['update']}) to {published}")
    return published


def publish(inference: Inference, config: Config, prepared: Prepared, manifest: dict[str, Any], folder: Path, console: Console) -> Path:
    """Freeze a model in memory, verify it, measure it, and give it the next version of a folder; to be called on the CPU.

    Args:
        inference: what is frozen.
        config, prepared: of the run that it is of: search, tokenizers and validation text.
        manifest: MODEL.json but for the scores and the hashes of the files.
        folder: gets the integer version.
        console: where a person looks.

    Raises:
        ExportError: the SavedModel does not decode as the live model does; nothing is published.
    """
    report = printer(console)
    folder.mkdir(parents=True, exist_ok=True)
    published = folder / str(next_version(folder))
    with publishing_folder(published) as building:
        _save_graph(inference, building)
        prepared.tokenizers.save(building)
        report(str(write_shortlist(prepared, building)))
        save_config(config, building / "config.yaml")
        saved = SavedModelRuntime(building)
        lines = verify(LiveRuntime(inference), saved, verification_ids(prepared), config, console)
        report(f"verified: {lines} lines decoded alike by the live model and by the SavedModel")
        translator = translator_over(saved, config, prepared)
        scores = validation_scores(config, prepared, translator, console)
        describe(building, manifest | {"scores": scores}, translator, prepared)
    return published


def live_model(config: Config, prepared: Prepared, weights: Arrays) -> Seq2Seq:
    """The model in memory with the weights of a checkpoint."""
    model = build_model(config, prepared.tokenizers, kernel="fused")
    for variable in model.trainable_variables:
        variable.assign(weights[variable.path])
    return model


def live_inference(config: Config, prepared: Prepared, weights: Arrays) -> Inference:
    """`live_model` bound to its search."""
    return Inference(live_model(config, prepared, weights), config.search)


def _save_graph(inference: Inference, folder: Path) -> None:
    """Write the graph with its variables alone: a Keras model would bring functions of its own that nobody calls."""
    frozen = tf.Module(name="translation")
    frozen.weights_list = [variable.value for variable in inference.model.trainable_variables]
    frozen.translate_ids = inference.translate_ids
    signatures = {
        SIGNATURE: inference.translate_ids,
        PREPARED_SIGNATURE: inference.translate_prepared,
        WEIGHTS_SIGNATURE: inference.search_weights,
    }
    try:
        tf.saved_model.save(frozen, str(folder), signatures=signatures)
    except tf.errors.ResourceExhaustedError as error:  # of the disk: the graph is not run here
        raise ExportError(
            f"cannot write the model below {folder.parent}: {os.strerror(errno.ENOSPC)}; make room, then export again"
        ) from error


def verification_ids(prepared: Prepared) -> list[list[int]]:
    """Source ids of validation sentences, and of training sentences where there are fewer than needed.

    Validation text is of the main direction alone: of several training texts, the first sentences of each are taken besides.
    """
    train, texts = prepared.train, [share["pairs"] for share in prepared.manifest.get("shares", ())]
    ends = list(accumulate(texts))
    each = VERIFIED_LINES // (len(texts) + 1) if len(texts) > 1 else 0
    others = [i for pairs, end in zip(texts, ends, strict=True) for i in range(end - pairs, end - pairs + min(pairs, each))]
    found = [train.source(i).tolist() for i in others]
    stores = (prepared.valid, train)
    found += [store.source(i).tolist() for store in stores for i in range(min(len(store), VERIFIED_LINES))]
    return found[:VERIFIED_LINES]


def verify(
    live: Runtime,
    saved: Runtime,
    sentences: list[list[int]],
    config: Config,
    console: Console,
    *,
    beam_size: int | None = None,
    what: str = "SavedModel",
) -> int:
    """Decode the same sentences with both and compare the best hypotheses' tokens; returns how many were compared.

    Args:
        live, saved: the model in memory, and what is about to be published.
        sentences: source ids, EOS not among them.
        config: of the run.
        console: where a person looks.
        beam_size: default: the run's own.
        what: the word for `saved` in the error.

    Raises:
        ExportError: two hypotheses differ; names the line.
    """
    search = config.search
    for start in tracked(range(0, len(sentences), VERIFIED_AT_ONCE), "verifying the export", console):
        rows = [[*ids, EOS] for ids in sentences[start : start + VERIFIED_AT_ONCE]]
        lengths = np.array([len(row) for row in rows], np.int32)
        ids = np.full((len(rows), int(lengths.max())), PAD, np.int32)
        for place, values in enumerate(rows):
            ids[place, : len(values)] = values
        call: dict[str, Any] = {
            "beam_size": beam_size or search.beam_size,
            "length_penalty": search.length_penalty,
            "coverage_penalty": search.coverage_penalty,
            "max_steps": config.search.max_steps,
        }
        expected, found = (runtime.translate_ids(ids, lengths, **call) for runtime in (live, saved))
        for row in range(len(rows)):
            texts = [one.ids[row, 0, : one.lengths[row, 0]].tolist() for one in (expected, found)]
            if texts[0] != texts[1]:
                raise ExportError(
                    f"the {what} decodes verification line {start + row + 1} as {texts[1]}, the live model as {texts[0]}: "
                    "nothing was published; please report this with the run's config.yaml"
                )
    return len(sentences)


def describe(building: Path, manifest: dict[str, Any], translator: Translator, prepared: Prepared) -> None:
    """Write golden.json and MODEL.json, the last of a folder's files, for it has the hashes of the others."""
    golden = {line: translator.translate([line])[0] for line in prepared.valid_source[:GOLDEN_LINES]}
    write_text(building / GOLDEN_FILE, json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
    write_text(building / MANIFEST_FILE, json.dumps(manifest | {"files": file_hashes(building)}, indent=1, ensure_ascii=False) + "\n")


def manifest_of(config: Config, prepared: Prepared, run: RunDirectory, state: dict[str, Any]) -> dict[str, Any]:
    """MODEL.json but for the scores and the hashes of the files."""
    directions = Directions.of_config(config.data)
    return {
        "format_version": TAGS_VERSION if directions.target_tags else PLAIN_VERSION,
        "name": run.path.resolve().name,
        "source": config.data.source_language,
        "target": config.data.target_language,
        "directions": directions.pairs,
        "target_tags": directions.target_tags,
        "corpus_tags": directions.corpus_tags,
        "training": {
            "updates": state["update"],
            "seconds": round(state["seconds"], 1),
            "seed": config.training.seed,
            "commit": commit(),
            "hardware": hardware(),
        },
        "versions": versions(),
        "limits": {"max_source_pieces": config.search.max_source_pieces, "max_steps": config.search.max_steps},
        "search": _search_defaults(config).model_dump(),
        "corpora": corpora_of(prepared.manifest),
    }


def translator_over(saved: Runtime, config: Config, prepared: Prepared) -> Translator:
    """What is about to be published behind the path that users run, with the search that it is published with."""
    return Translator(
        saved,
        prepared.tokenizers,
        Limits(max_source_pieces=config.search.max_source_pieces, max_steps=config.search.max_steps),
        _search_defaults(config),
        directions=Directions.of_config(config.data),
    )


def validation_scores(config: Config, prepared: Prepared, translator: Translator, console: Console) -> list[dict[str, Any]]:
    """BLEU on validation text."""
    sources, references = prepared.valid_source[:SCORED_LINES], prepared.valid_target[:SCORED_LINES]
    if not sources:
        return []
    beam = translator.search.beam_size
    score = bleu(translate_shown(translator, sources, console), references, config.data.target_language)
    printer(console)(f"validation: BLEU {score.score:.2f} with beam {beam} on {len(sources)} lines ({score.signature})")
    return [{"metric": score.metric, "score": score.score, "signature": score.signature, "set": "valid", "beam": beam}]


def _search_defaults(config: Config) -> SearchDefaults:
    chosen = config.search
    return SearchDefaults(
        beam_size=chosen.beam_size,
        length_penalty=chosen.length_penalty,
        coverage_penalty=chosen.coverage_penalty,
        copy_untranslatable=chosen.copy_untranslatable,
    )
