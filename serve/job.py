"""What a batcher is asked, what it answers, and how it refuses."""

from dataclasses import dataclass
from typing import NamedTuple

from nmt.hypotheses import Hypothesis


class Answer(NamedTuple):
    """One sentence's hypotheses, and what they took."""

    hypotheses: list[Hypothesis]
    queue_seconds: float
    inference_seconds: float
    batch_rows: int  # 0: it came from memory


@dataclass(eq=False)
class Job:
    """One request's sentences for one model."""

    deadline: float  # of time.monotonic()
    gone: bool = False  # its client has left, or has been refused
    turn: float = 0.0


class Busy(Exception):  # noqa: N818 - not a fault
    """The queue is full, or so long that the job would not be done by its deadline."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too much is waiting")
        self.retry_after = retry_after


class NeverFits(Exception):  # noqa: N818
    """The job alone is more than the queue holds, or more than can be translated by its deadline."""


class Closed(Exception):  # noqa: N818
    """The batcher takes nothing any more."""
