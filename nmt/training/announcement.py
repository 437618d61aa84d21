"""The start-up lines of a run: on what it trains, with what, and what that takes."""

from collections.abc import Iterator

import numpy as np

from nmt.config import Config
from nmt.data.batching import BatchPlan, batch_shapes, padding_share
from nmt.inference import describe_layers
from nmt.model.seq2seq import Seq2Seq
from nmt.training.distribution import Distribution
from nmt.training.memory import estimate_memory


def start_lines(config: Config, model: Seq2Seq, distribution: Distribution, plan: BatchPlan, validation: BatchPlan) -> Iterator[str]:
    """Yield what a person wants to know before the first update.

    Args:
        config: of the run.
        model: as it will be trained.
        distribution: where its replicas are.
        plan: batches of training pairs.
        validation: batches of validation pairs.
    """
    parameters = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    yield f"device: {distribution.description} · {describe_layers(model)} · {parameters / 1e6:.1f} M parameters"
    shapes = batch_shapes(plan)
    pairs = f"{len(plan.store):,} training pairs, {len(validation.store):,} for validation"
    yield f"data: {pairs} · batches of {len(shapes)} shapes in one graph, {padding_share(plan):.1%} padding"
    sizes = parameters, model.output_bias.shape[0], shapes, batch_shapes(validation), distribution.replicas
    yield estimate_memory(config, *sizes).line
