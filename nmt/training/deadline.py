"""Turns a wall-clock budget into a number of updates, once: schedules see updates only."""

import time
from collections.abc import Callable

from nmt.data.batching import Batch, BatchPlan, mean_positions

COLD_UPDATES = 10
"""The first updates trace the graph and warm the caches: they say nothing about the rest."""
MEASURED_UPDATES = 50
MEASURED_SHARE = 0.05
"""At least this share of the budget is measured: many machines are faster in their first seconds than they can stay."""
EXPORT_SECONDS = 30.0
"""Kept free for the export and its verification."""
CAUTION = 0.95
"""A machine that others use is never as fast as it was a moment ago."""


class Deadline:
    """Times the first updates of a run."""

    def __init__(self, minutes: float, validate_every: int) -> None:
        self.seconds = minutes * 60.0
        self.validate_every = validate_every
        self._updates = 0
        self._positions = 0
        self._since = 0.0

    def observe(self, batch: Batch) -> bool:
        """Note one finished update; True when enough have been timed."""
        self._updates += 1
        if self._updates == COLD_UPDATES:
            self._since = time.monotonic()
        if self._updates > COLD_UPDATES:
            self._positions += batch.source.size + batch.target.size
        long_enough = time.monotonic() - self._since >= MEASURED_SHARE * self.seconds
        return self._updates >= COLD_UPDATES + MEASURED_UPDATES and long_enough

    def updates_left(self, elapsed: Callable[[], float], validation_seconds: Callable[[], float], plan: BatchPlan) -> int:
        """How many more updates fit.

        Args:
            elapsed: seconds of the run so far.
            validation_seconds: measures what one validation takes.
            plan: says how large the run's batches are, of which the measured ones are a sample.
        """
        per_position = (time.monotonic() - self._since) / self._positions
        per_update = per_position * mean_positions(plan)
        cost = per_update + validation_seconds() / self.validate_every
        return max(0, int((self.seconds - elapsed() - EXPORT_SECONDS) * CAUTION / cost))
