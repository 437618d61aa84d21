"""Runs -> one MODEL_DIR that translates with all of them: `nmt export RUN_DIR RUN_DIR …`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
from rich.console import Console

from nmt.checkpoint import load_weights
from nmt.config import Config
from nmt.data.prepare import Prepared
from nmt.directions import Directions
from nmt.ensemble import Ensemble
from nmt.errors import ExportError
from nmt.export import live_model, manifest_of, publish
from nmt.inference import Inference
from nmt.run_directory import RunDirectory
from nmt.shown import printer


class Member(NamedTuple):
    """A run that takes part."""

    run: RunDirectory
    config: Config
    prepared: Prepared


def export_ensemble(members: Sequence[Member], which: str, folder: Path, console: Console) -> Path:
    """Publish several runs as one model, verified against the live models as every export is.

    Search settings, limits, validation text and shortlist are those of the first run.

    Args:
        members: at least two.
        which: of each run, the best or last checkpoint, or the mean of all that are kept.
        folder: gets the integer version.
        console: where a person looks.

    Raises:
        RunError: a run without checkpoint.
        ExportError: runs of other vocabularies or directions, or an export that does not decode as the live models do.
    """
    _check_alike(members)
    report = printer(console)
    models, records = [], []
    first = members[0]
    with tf.device("/CPU:0"):
        for member in members:
            weights, state, warnings = load_weights(member.run.checkpoints, which)
            for warning in warnings:
                report(f"warning: {warning}")
            models.append(live_model(member.config, member.prepared, weights))
            records.append(manifest_of(member.config, member.prepared, member.run, state))
        inference = Inference(Ensemble(models), first.config.search)
        published = publish(inference, first.config, first.prepared, _manifest(records), folder, console)
    report(f"exported an ensemble of {len(members)} runs to {published}")
    return published


def _check_alike(members: Sequence[Member]) -> None:
    first = members[0]
    for member in members[1:]:
        if Directions.of_config(member.config.data) != Directions.of_config(first.config.data):
            raise ExportError(f"{member.run.path} translates in other directions than {first.run.path}: an ensemble has one task")
        files = [{name: one.model for name, one in each.prepared.tokenizers.files.items()} for each in (first, member)]
        if files[0] != files[1]:
            raise ExportError(
                f"{member.run.path} has another vocabulary than {first.run.path}: train both with the same tokenizer "
                f"(--set tokenizer.model={first.run.path / next(iter(files[0]))})"
            )


def _manifest(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first member's, with the training of all."""
    training = records[0]["training"] | {name: sum(record["training"][name] for record in records) for name in ("updates", "seconds")}
    members = [{"name": record["name"], **record["training"]} for record in records]
    corpora = list({str(corpus): corpus for record in records for corpus in record["corpora"]}.values())
    return records[0] | {"training": training, "members": members, "corpora": corpora}
