"""Floating-point operations of the model, counted from its sizes, and the weights that one step of search reads.

Counted are matrix products alone, 2·m·n·k for [m, k] times [k, n], over real tokens alone: padding, activations, softmax, dropout and the
optimizer are work that a perfect implementation would not need or not notice, so whatever time they take lowers the share that is reached.
"""

from collections.abc import Iterable
from typing import NamedTuple

from nmt.config import ModelConfig

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


def forward_flops(config: ModelConfig, target_vocabulary: int, work: Work, *, gates_looked_up: bool = False) -> dict[str, int]:
    """FLOPs of one forward pass by part.

    With E embedding units, R readout units, U encoder units of a direction, M = 2·U, H decoder units and V target pieces:

        encoder                 of a source position, in each direction: 2·4U·(E + U) in the first layer, 2·4U·(M + U) in those above;
                                the keys of `general` attention 2·M·H; of a sentence, the bridge 2·M·H twice for each decoder layer
        decoder LSTM            of a target position: 2·4H·(E + H) in the first layer, 2·4H·(H + M + H) in those above
        attention and readout   of a target position: 2·S·(H + M) over S source positions, and 2·(H + M)·R
        softmax and loss        of a target position: 2·R·V

    Args:
        config: the model's sizes.
        target_vocabulary: V.
        work: how much of everything.
        gates_looked_up: leave out x·W of the first decoder layer, 2·4H·E: in search it depends on the last piece alone, so a table of V
            rows holds it once and for all.
    """
    E, U, H = config.embedding_units, config.encoder_units, config.decoder_units
    M, R = 2 * U, readout_width(config)
    encoder = 2 * sum(2 * 4 * U * ((M if depth else E) + U) for depth in range(config.encoder_layers))
    keys = 2 * M * H if config.attention == "general" else 0
    bridge = 2 * config.decoder_layers * 2 * M * H
    first = 2 * 4 * H * (H if gates_looked_up else E + H)
    above = 2 * 4 * H * (H + M + H) * (config.decoder_layers - 1)
    return {
        ENCODER: work.source * (encoder + keys) + work.sentences * bridge,
        DECODER: work.target * (first + above),
        ATTENTION: work.attended * 2 * (H + M) + work.target * 2 * (H + M) * R,
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
    R, H, M = readout_width(config), config.decoder_units, 2 * config.encoder_units
    first = H * 4 * H + 4 * H
    above = ((H + M + H) * 4 * H + 4 * H) * (config.decoder_layers - 1)
    readout = (H + M) * R + R
    return 4 * (first + above + readout + R * target_vocabulary + target_vocabulary)
