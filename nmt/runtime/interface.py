"""What every engine takes and gives: padded ids in, hypotheses out. B sentences, S source pieces, K hypotheses, T target pieces."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Hypotheses(NamedTuple):
    """The K hypotheses of each of B sentences, the best first."""

    ids: NDArray[np.int32]  # [B, K, T]
    lengths: NDArray[np.int32]  # [B, K], pieces before EOS; EOS is not counted
    scores: NDArray[np.float32]  # [B, K], log-probability after length and coverage penalty
    attention: NDArray[np.float32]  # [B, K, T, S], a row for each target piece


class Runtime(Protocol):
    """An engine that holds one model. It may be called from several threads at once."""

    @property
    def takes_coverage_penalty(self) -> bool:
        """Whether there is an attention to penalise hypotheses by, and a graph that knows how."""
        ...

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
        """Search for the translations of a batch.

        Args:
            ids: [B, S], each row a source sentence that ends in EOS, padded to the right with PAD.
            lengths: [B], pieces of each row, EOS counted.
            beam_size: Hypotheses kept at each step, and given back.
            length_penalty: Alpha of the length penalty.
            coverage_penalty: Beta of the coverage penalty; above 0 only where the engine takes one.
            max_steps: No hypothesis is longer than this; the model sets each sentence a limit of its own below it.
        """
        ...
