"""When a run comes apart: back to its last validated checkpoint with half the learning rate, a few times, then an end that is explained."""

import math
from itertools import islice

from nmt.checkpoint import Arrays, Checkpoints
from nmt.config import TrainingConfig
from nmt.data.batching import BatchPlan
from nmt.errors import DivergedError
from nmt.training.display import TrainingDisplay
from nmt.training.metrics_log import MetricsLog
from nmt.training.state import RunState
from nmt.training.update import UpdateResult

EXPLODED = 2.0
LOWER = 0.5
PAIRS_TOLD = 20
SET_BACK = (
    *("update", "epoch", "batch", "skipped", "skipped_in_a_row", "best_value", "best_update", "stale"),
    "best_window",
)
"""What of the state is that of the checkpoint again; the run's length and its clock go on."""


def exploded(loss: float, best: float, pieces: int) -> bool:
    """Whether the mean loss of a window of updates, in nats per target token, says that the run has come apart.

    That is more than twice the best window so far, and worse than knowing nothing, which is the logarithm of the vocabulary: a loss that
    only rises is not yet a fault, and one that has not fallen yet is none either.
    """
    return loss > EXPLODED * best and loss > math.log(pieces)


class Recovery:
    """Answers a divergence.

    The weights, Adam's moments and the place in the data become those of the last checkpoint that was validated, which is the same
    whether or not signals stopped the run in between; the rate is halved from there on. Nothing is written but a line of metrics.jsonl: a
    run that is killed before its next checkpoint comes apart at the same update once more, and is answered in the same way.
    """

    def __init__(self, config: TrainingConfig, plan: BatchPlan, checkpoints: Checkpoints, display: TrainingDisplay) -> None:
        self.config, self.plan, self.checkpoints, self.display = config, plan, checkpoints, display

    def explosion(self, state: RunState, results: list[tuple[UpdateResult, int, int]], pieces: int) -> tuple[str, int, int] | None:
        """Add updates to the window that the state holds, and judge it when it is full.

        Args:
            state: of the run after the last of these updates, changed in place.
            results: of the updates, with their epochs and batches, at least one of them finite.
            pieces: V, of the target vocabulary.

        Returns:
            What is wrong, and the epoch and batch of the worst update; None if nothing is.
        """
        finite = [one for one in results if one[0].finite]
        for result, _, _ in finite:
            state.window_loss += float(result.smoothed)
            state.window_tokens += float(result.tokens)
        if state.update % self.config.log_every:
            return None
        loss, best = state.window_loss / state.window_tokens, state.best_window
        state.window_loss = state.window_tokens = 0.0
        if best is None or not exploded(loss, best, pieces):
            state.best_window = loss if best is None else min(loss, best)
            return None
        _, epoch, batch = max(finite, key=lambda one: float(one[0].smoothed / one[0].tokens))
        return f"the mean loss of {self.config.log_every} updates rose to {loss:.2f} from {best:.2f} at best, the highest", epoch, batch

    def roll_back(self, state: RunState, log: MetricsLog, reason: str, epoch: int, batch: int) -> Arrays:
        """Set the state back, and return the arrays that go with it.

        Args:
            state: of the run, changed in place.
            log: loses the lines of the updates that are undone, and gets one about it.
            reason: what was seen.
            epoch, batch: where, as in the state: batches done, this one counted.

        Raises:
            DivergedError: there have been enough rollbacks, or there is no checkpoint yet.
        """
        pairs = next(islice(self.plan.epoch(epoch), batch - 1, None)).tolist()
        where = {"reason": reason, "epoch": epoch, "batch": batch, "pairs": pairs}
        saved = self.checkpoints.load("validated") if state.rollbacks < self.config.rollbacks else None
        if saved is None:
            log.write("event", state.update, event="diverged", **where)
            raise DivergedError(self._explained(state, reason, epoch, batch, pairs))
        arrays, values = saved
        undone = state.update - values["update"]
        log.cut(state.metrics_bytes)
        for name in SET_BACK:
            setattr(state, name, values.get(name, getattr(RunState, name)))
        state.window_loss = state.window_tokens = 0.0
        state.rollbacks, state.rate_factor = state.rollbacks + 1, state.rate_factor * LOWER
        log.write("event", state.update, event="rollback", undone=undone, rate_factor=state.rate_factor, **where)
        state.metrics_bytes = log.size
        self.display.message(
            f"warning: {reason} on batch {batch} of epoch {epoch}; back to update {state.update} with {state.rate_factor:g} of the "
            f"learning rate, rollback {state.rollbacks} of {self.config.rollbacks}"
        )
        return arrays

    def _explained(self, state: RunState, reason: str, epoch: int, batch: int, pairs: list[int]) -> str:
        told = ", ".join(map(str, pairs[:PAIRS_TOLD])) + (f" … of {len(pairs)}" if len(pairs) > PAIRS_TOLD else "")
        tried = f"; rollbacks to lower rates did not help ({state.rollbacks} of them)" if state.rollbacks else ""
        return (
            f"training diverged: {reason} on batch {batch} of epoch {epoch} (training pairs {told}){tried}; the last good checkpoint is "
            f"kept in {self.checkpoints.folder}; lower training.learning_rate or training.clip_norm, or look at these "
            "pairs (docs/continuing.md)"
        )
