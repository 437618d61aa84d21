"""What a call asks of a search: the model's own beam and penalties, but for those that the call names."""

import math
from typing import NamedTuple, TypedDict

from nmt.errors import ModelError
from nmt.model_directory import SearchDefaults


class SearchOptions(TypedDict, total=False):
    """What a call may name; whatever it leaves out, or gives as None, is the model's own."""

    beam_size: int | None
    """Hypotheses kept at each step, at least 1."""
    length_penalty: float | None
    """Alpha, at least 0."""
    coverage_penalty: float | None
    """Beta, at least 0; above 0 only for models with attention."""


class Search(NamedTuple):
    """What one call asks for, defaults filled in."""

    beam_size: int
    length_penalty: float
    coverage_penalty: float = 0.0
    n_best: int = 1
    alignment: bool = False

    @property
    def engine(self) -> tuple[int, float, float]:
        """What the engine is told: sentences whose searches agree in it may share a batch."""
        return self.beam_size, self.length_penalty, self.coverage_penalty


def search_with(own: SearchDefaults, n_best: int, alignment: bool, options: SearchOptions) -> Search:
    """Fill in the model's own search where a call says nothing; a beam that it does not name is as wide as its hypotheses need.

    Raises:
        ModelError: a search that cannot be.
    """
    beam, alpha, beta = options.get("beam_size"), options.get("length_penalty"), options.get("coverage_penalty")
    search = Search(
        max(own.beam_size, n_best) if beam is None else beam,
        own.length_penalty if alpha is None else alpha,
        own.coverage_penalty if beta is None else beta,
        n_best,
        alignment,
    )
    if n_best < 1 or search.beam_size < 1:
        raise ModelError(f"beam size and number of hypotheses must be 1 or more, got {search.beam_size} and {n_best}")
    if n_best > search.beam_size:
        raise ModelError(f"{n_best} hypotheses need a beam size of at least {n_best}, got {search.beam_size}")
    for name, penalty in (("length", search.length_penalty), ("coverage", search.coverage_penalty)):
        if not (math.isfinite(penalty) and penalty >= 0):
            raise ModelError(f"{name} penalty must be 0 or more, got {penalty}")
    return search
