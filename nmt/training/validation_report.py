"""What a validation found, as lines of metrics.jsonl and for a person to read."""

from typing import Any

from nmt.training.display import TrainingDisplay
from nmt.training.metrics_log import MetricsLog
from nmt.training.state import RunState
from nmt.training.validation import Validation

COLLAPSE_CAUSES = (
    "the usual causes: too few updates yet, a learning rate that is too high, source and target files that are not line for line "
    "translations of each other, or far too little text for this model"
)


def report_validation(found: Validation, state: RunState, log: MetricsLog, display: TrainingDisplay, *, best: bool, seconds: float) -> None:
    """Write and show it.

    Args:
        found: its figures.
        state: where the run stands.
        log, display: where they go.
        best: whether none before was better.
        seconds: wall clock of the whole run.
    """
    values: dict[str, Any] = {"epoch": state.epoch, "loss": found.loss, "perplexity": found.perplexity, "seconds": round(seconds, 3)}
    if found.bleu is not None:
        values |= {"bleu": found.bleu, "signature": found.signature}
    log.write("valid", state.update, **values)
    scores = f"loss {found.loss:.3f}" + (f" · BLEU {found.bleu:.2f} (greedy)" if found.bleu is not None else "")
    display.message(f"update {state.update}: valid {scores}{' · best so far' if best else ''}")
    if found.sample is not None:
        source, hypothesis, reference = found.sample
        display.message(f"  source     {source}\n  hypothesis {hypothesis}\n  reference  {reference}")
    if found.collapse is not None:
        lines, distinct = found.collapse.lines, found.collapse.distinct
        text = f"{lines} validation lines gave only {distinct} different outputs, most often {found.collapse.most_common!r}"
        display.message(f"warning: {text}; {COLLAPSE_CAUSES}")
        log.write("event", state.update, event="collapse", distinct=distinct, lines=lines, most_common=found.collapse.most_common)
