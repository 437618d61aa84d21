"""Floating-point operations of the model, counted from its sizes, and the weights that one step of search reads.

Counted are matrix products alone, 2·m·n·k for [m, k] times [k, n], over real tokens alone: padding, activations, softmax, dropout and the
optimizer are work that a perfect implementation would not need or not notice, so whatever time they take lowers the share that is reached.
"""

from collections.abc import Iterable
from typing import NamedTuple

from nmt.config import ModelConfig
from nmt.model.cell_sizes import CELL_SIZES

BACKWARD = 2
"""A product [m, k]·[k, n] has two of its size in its gradient, one for each factor: forward and backward together are 3 times forward."""

ENCODER, DECODER, ATTENTION, SOFTMAX = "encoder", "decoder LSTM", "attention and readout", "softmax and loss"


class Work(NamedTuple):
    """What a model is shown, EOS counted on both sides."""

    sentences: int
    source: int
    """Source positions."""
    target: int
    """Target positions in training; in search, rows of all decoder steps: positions of all hypotheses that were kept alive."""
    attended: int
    """The sum of source positions times target positions of each sentence."""


def work_of(pairs: Iterable[tuple[int, int]]) -> Work:
    """Sum up sentences of so many source and target positions each."""
    lengths = [(int(source), int(target)) for source, target in pairs]
    return Work(len(lengths), sum(s for s, _ in lengths), sum(t for _, t in lengths), sum(s * t for s, t in lengths))


class Widths(NamedTuple):
    """Sizes that several counts need, by the letters of the papers."""

    gates: int
    """G·H of the decoder, the width of its layers' products."""
    context: int
    """C, units of a context."""
    feed: int
    """Units that are fed back into the first decoder layer."""
    above: int
    """D, inputs of the decoder layers above the first."""
    readout_inputs: int
    """Inputs of the readout."""
    query: int
    """Weights of the attention's projection of one query."""


def widths_of(config: ModelConfig) -> Widths:
    """The sizes of a config's decoder."""
    H, M, heads = config.decoder_units, config.memory_units, config.attention.startswith("multi_head")
    context = 0 if config.attention == "none" else H if heads else M
    feed = {"whole_target": 0, "input_feeding": readout_width(config), "attend_first": context}[config.decoder]
    return Widths(
        gates=CELL_SIZES[config.cell].blocks * H,
        context=context,
        feed=feed,
        above=H + (0 if config.decoder == "input_feeding" else context),
        readout_inputs=H + context + (config.embedding_units if config.readout_embedding else 0),
        query=H * H if heads or config.attention in {"additive", "coverage"} else 0,
    )


def forward_flops(config: ModelConfig, target_vocabulary: int, work: Work, *, gates_looked_up: bool = False) -> dict[str, int]:
    """FLOPs of one forward pass by part.

    With E embedding units, R readout units, G blocks of a cell (lstm 4, gru 3, rnn 1), U encoder units of a direction, M units of the
    encoder's output, H decoder units, C units of a context (M, but H of several heads) and V target pieces:

        encoder                 of a source position, in each direction: 2·GU·(E + U) in the first layer, 2·GU·(D + U) in those above, which
                                read D units; 2·M·H for the keys of an attention that projects them, and again for values; of a sentence,
                                a dense bridge 2·M·H for each part of the state of each decoder layer
        decoder LSTM            of a target position: 2·GH·(E + H) in the first layer, and 2·GH for each unit that is fed back into it;
                                2·GH·(H + C + H) in those above, without C if their input has no context
        attention and readout   of a target position: 2·S·(H + C) over S source positions, 2·H·H if queries are projected, and
                                2·(H + C)·R, with E more where the readout reads the embedding
        softmax and loss        of a target position: 2·R·V

    Args:
        config: the model's sizes.
        target_vocabulary: V.
        work: how much of everything.
        gates_looked_up: leave out x·W of the first decoder layer, 2·GH·E: in search it depends on the last piece alone, so a table of V
            rows holds it once and for all.
    """
    E, U, H, M, R = config.embedding_units, config.encoder_units, config.decoder_units, config.memory_units, readout_width(config)
    cell, widths = CELL_SIZES[config.cell], widths_of(config)
    both = {"bidirectional": config.encoder_layers, "gnmt": 1, "unidirectional": 0}[config.encoder]
    encoder, width = 0, E
    for depth in range(config.encoder_layers):
        directions = 2 if depth < both else 1
        encoder += directions * 2 * cell.blocks * U * (width + U)
        width = directions * U
    projections = {"none": 0, "scaled_dot": 0, "multi_head": 2, "multi_head_additive": 2}.get(config.attention, 1)
    bridge = config.decoder_layers * cell.parts * 2 * M * H if config.bridge == "dense" else 0
    first = 2 * widths.gates * ((0 if gates_looked_up else E) + widths.feed + H)
    above = 2 * widths.gates * (widths.above + H) * (config.decoder_layers - 1)
    attended = 0 if config.attention == "none" else 2 * (H + widths.context)
    return {
        ENCODER: work.source * (encoder + projections * 2 * M * H) + work.sentences * bridge,
        DECODER: work.target * (first + above),
        ATTENTION: work.attended * attended + work.target * 2 * (widths.query + widths.readout_inputs * R),
        SOFTMAX: work.target * 2 * R * target_vocabulary,
    }


def readout_width(config: ModelConfig) -> int:
    """R, units of the readout, from which the logits are made."""
    return config.readout_units or config.embedding_units


def training_flops(config: ModelConfig, target_vocabulary: int, work: Work) -> dict[str, int]:
    """FLOPs of forward and backward by part: 3 times those of `forward_flops`."""
    return {part: (1 + BACKWARD) * count for part, count in forward_flops(config, target_vocabulary, work).items()}


def step_bytes(config: ModelConfig, target_vocabulary: int) -> int:
    """Bytes of float32 weights that one step of search must read, however few rows it has.

    Recurrent weights of the first layer and one row of its table of input gates, all weights of the layers above, readout, output weights,
    and biases. Source-side weights and keys are read once a sentence and are not among them.
    """
    R, H, widths = readout_width(config), config.decoder_units, widths_of(config)
    first = (widths.feed + H + 1) * widths.gates
    above = (widths.above + H + 1) * widths.gates * (config.decoder_layers - 1)
    readout = (widths.readout_inputs + 1) * R
    return 4 * (first + above + widths.query + readout + (R + 1) * target_vocabulary)
