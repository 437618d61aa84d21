"""How much memory a run will take, from its sizes alone, and one clear line when there is not enough.

Counted in numbers of 4 bytes, on each device. With P weights: P, 2·P for Adam's moments, P for the moving average, 2·P for gradients and
their clipped copy, P more for the sum of micro-batches. With B sentences of S source and T target positions in a micro-batch, a cell of G
blocks and `parts` of its state (`nmt.model.cell_sizes`), and letters as in `nmt/model/__init__.py`, an update keeps for its backward pass

    of a position and layer   D + (n·G + parts)·H: its input, what its gates get and give, and its states. n is 2 for the LSTM, whose
                              gradient is written out, 3 for other cells, 7 with layer normalisation, and 4 more in a decoder that goes
                              step by step, where TensorFlow keeps what every operation of a step gave
    of a target position      C + 2·(H + C) + 3·R: context, the readout's input before and after dropout, readout
    of each pair of positions 2 numbers of attention for each head, 4·H more where scores are additive
    of an embedding           2·E: before and after dropout

and above that, one after the other, the loss with 2·V of a target position, and the backward pass of each layer with 4·G·H of a position.
R-Drop has two rows for each sentence. Minimum-risk training has as many rows more as there are candidates, taken to be as long as the
references; its one encoding of a source is counted as often, too. Padding counts, and so does the text of validation, whose batches are
larger but keep nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import tensorflow as tf

from nmt.config import Config, ModelConfig
from nmt.errors import OutOfMemory
from nmt.model.cell_sizes import CELL_SIZES

NUMBER_BYTES = 4

Shape = tuple[int, int, int]
"""(B, S, T) of a batch."""


class MemoryEstimate(NamedTuple):
    """Bytes on each device, besides what TensorFlow itself takes."""

    weights: int
    """Weights, optimizer, moving average and gradients."""
    activations: int
    """Of the largest batch."""
    devices: int = 1

    @property
    def line(self) -> str:
        """For a person, before the first update."""
        total, weights, activations = (value / 2**30 for value in (self.weights + self.activations, self.weights, self.activations))
        place = f" on each of {self.devices} devices" if self.devices > 1 else ""
        parts = f"weights and optimizer {weights:.1f}, activations of the largest batch {activations:.1f}"
        return f"memory: about {total:.1f} GiB{place} ({parts})"


def estimate_memory(
    config: Config, parameters: int, vocabulary: int, updates: set[Shape], validation: set[Shape], devices: int = 1
) -> MemoryEstimate:
    """Estimate a run's memory.

    Args:
        config: of the run.
        parameters: P.
        vocabulary: V, target pieces.
        updates: shapes of the batches of updates, of which a device computes one micro-batch at a time.
        validation: shapes of the batches of validation, of which one device computes all.
        devices: how many share each update.
    """
    training, risk = config.training, config.training.minimum_risk
    copies = 1 + 2 + bool(training.ema_decay) + 2 + (training.accumulate > 1)
    parts = devices * training.accumulate
    passes = 2 if training.r_drop else 1
    targets = passes if training.criterion == "likelihood" else 1 + risk.candidates + risk.reference  # of each source
    kept = max(update_floats(config.model, vocabulary, (-(-rows // parts) * targets, source, target)) for rows, source, target in updates)
    seen = max((2 * rows * target * vocabulary for rows, _, target in validation), default=0)
    return MemoryEstimate(NUMBER_BYTES * copies * parameters, NUMBER_BYTES * max(kept, seen), devices)


def update_floats(config: ModelConfig, vocabulary: int, shape: Shape) -> int:
    """Numbers that an update of one micro-batch holds at its peak, besides weights and their gradients."""
    rows, source, target = shape
    E, U, H, M = config.embedding_units, config.encoder_units, config.decoder_units, config.memory_units
    R, cell = config.readout_units or E, CELL_SIZES[config.cell]
    heads = config.attention_heads if config.attention.startswith("multi_head") else int(config.attention != "none")
    context = {"none": 0, "multi_head": H, "multi_head_additive": H}.get(config.attention, M)
    both = {"bidirectional": config.encoder_layers, "gnmt": 1, "unidirectional": 0}[config.encoder]

    copies = {"lstm": 2, "layernorm_lstm": 7}.get(config.cell, 3)
    copies_in_steps = copies + (0 if config.decoder == "whole_target" else 4)

    def layer(inputs: int, units: int, copies: int) -> int:
        return inputs + (copies * cell.blocks + cell.parts) * units

    encoder, width = 2 * E, E
    for depth in range(config.encoder_layers):
        directions = 2 if depth < both else 1
        encoder += directions * layer(width, U, copies)
        width = directions * U
    layers = layer(E, H, copies_in_steps) + (config.decoder_layers - 1) * layer(H + context, H, copies_in_steps)
    decoder = 2 * E + layers + context + 2 * (H + context) + 3 * R
    pair = 2 * heads + (4 * H if config.attention in {"additive", "multi_head_additive", "coverage"} else 0)
    kept = rows * (source * encoder + target * decoder + source * target * pair)
    backward = 4 * cell.blocks * rows * max(source * U, target * H)
    return kept + max(2 * rows * target * vocabulary, backward)


@contextmanager
def memory_told(config: Config) -> Iterator[None]:
    """Say in one line what to lower when TensorFlow finds no more memory.

    Raises:
        OutOfMemory: it did.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        training, model = config.training, config.model
        what = " ".join(str(error).split("\n", maxsplit=1)[0].split())[:200]
        raise OutOfMemory(
            f"out of memory ({what}): raise training.accumulate (now {training.accumulate}) or lower training.batch_tokens (now "
            f"{training.batch_tokens}); if that is not enough, the model's sizes, such as model.decoder_units (now {model.decoder_units})"
        ) from error
