"""Where a run stands: everything besides arrays that the next update depends on."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class RunState:
    """Saved with every checkpoint; a run restored from it computes the same updates as one that was never stopped."""

    max_updates: int
    """The run's length; a deadline replaces the config's value once, when the speed is known."""
    update: int = 0
    """Updates done, skipped ones counted."""
    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches of this epoch done."""
    seconds: float = 0.0
    """Wall clock of the whole run so far, over all its processes."""
    skipped: int = 0
    """Updates skipped because something was not finite."""
    best_value: float | None = None
    """The best validation so far, as something to be minimised."""
    best_update: int = 0
    stale: int = 0
    """Validations since the best one."""
    skipped_in_a_row: int = 0
    """How many of the last updates were skipped."""
    window_loss: float = 0.0
    """Sum of the loss since the last multiple of `log_every`; a window of so many updates is judged as a whole."""
    window_tokens: float = 0.0
    """And of the target tokens."""
    best_window: float | None = None
    """The lowest mean loss of a window."""
    rollbacks: int = 0
    """How often the run came apart and was set back."""
    rate_factor: float = 1.0
    """What the learning rate of the schedule is multiplied by since then."""
    deadline_minutes: float | None = None
    """The deadline that `max_updates` was computed for."""
    metrics_bytes: int = 0
    """Length of metrics.jsonl at this moment: what was written later is cut off before the run goes on."""
    finished: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
