"""The screen after a run: its curves, its best figures, where everything lies, and what could be tried next."""

from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from nmt.config import Config
from nmt.errors import NmtError
from nmt.inspect.curves import SPARKS, draw_curves
from nmt.inspect.metrics import RunMetrics, Series, read_metrics
from nmt.inspect.sparkline import sparkline, thinned
from nmt.inspect.table import aligned
from nmt.run_directory import RunDirectory
from nmt.shown import printer

CURVES_FILE = "curves.png"
RISEN = 0.02
"""A validation loss that ends this share above its lowest has risen: seeds differ by less than 1 % on small text."""
FALLING = 0.01
"""A last validation that brought this share or more was not the last that would have."""
NARROW = 0.05
"""Training loss (under dropout) this near below validation loss, or above it: the model has not come to know its text."""
BLEU_FALLING = 0.3
"""The same as `FALLING` in BLEU, where the best checkpoint is chosen by it."""


def show_summary(run: RunDirectory, config: Config, model: Path, console: Console) -> None:
    """Print the screen, and draw `curves.png` in the run directory where matplotlib is installed."""
    found = read_metrics([run.path])[0]
    rows = [
        _row("training loss", found.train_loss, None, 3),
        _row("validation loss", found.valid_loss, False, 3),
        _row("validation BLEU, greedy", found.bleu, True, 2),
    ]
    say = printer(console)
    for line in aligned([row for row in rows if row], left=(0, 1, 3)):
        say(f"  {line}")
    say(f"  curves: {_curves(found, run)}")
    say(f"  model: {model}")
    say("what could be tried next:")
    for line in advice(found, config):
        say(f"  - {line}")
    say(f"  - another beam size, length and coverage penalty, chosen on the validation text: nmt tune {run.path} --write")


def advice(found: RunMetrics, config: Config) -> list[str]:
    """What the curves say, the most telling first: over-fitted, still improving, under-fitted, or levelled off.

    Args:
        found: the figures of a run that has ended.
        config: of that run.
    """
    losses, bleu, model = found.valid_loss.values, found.bleu.values, config.model
    if len(losses) < 2:
        return ["a single validation tells nothing: validate more often (training.validate_every)"]
    lines = []
    lowest = min(losses)
    risen = losses[-1] > lowest * (1 + RISEN)
    if risen and not (bleu and bleu[-1] == max(bleu)):  # a model that grows too sure of itself may still translate better
        place = found.valid_loss.updates[losses.index(lowest)]
        more = [f"model.dropout={min(0.5, round(model.dropout + 0.1, 2)):g}"]
        more += ["model.word_dropout=0.1"] if model.word_dropout == 0.0 else []
        lines.append(
            f"over-fitted: validation loss rose by {losses[-1] / lowest - 1:.0%} after update {place:,}: --set {' --set '.join(more)}, "
            "a smaller model, or more text"
        )
    elif losses[-2] - losses[-1] > FALLING * losses[-2] or (len(bleu) > 1 and bleu[-1] - max(bleu[:-1]) > BLEU_FALLING):
        longer = (
            f"training.deadline_minutes={2 * config.training.deadline_minutes:g}"
            if config.training.deadline_minutes is not None
            else f"training.max_updates={2 * found.valid_loss.updates[-1]}"
        )
        lines.append(f"still improving when it ended: the same command with --set {longer} carries it on")
    if not risen and found.train_loss.values and found.train_loss.values[-1] > losses[-1] * (1 - NARROW):
        less = f"--set model.dropout={max(0.0, round(model.dropout - 0.1, 2)):g}, or " if model.dropout > 0.0 else ""
        wider = f"--set model.decoder_units={3 * model.decoder_units // 2}"
        lines.append(f"under-fitted: training loss is hardly below validation loss: more updates, {less}a larger model ({wider})")
    if lines:
        return lines
    # What helped on small text where more updates no longer did (docs/quality.md).
    second = [f"--set model.{side}_layers=2" for side in ("encoder", "decoder") if getattr(model, f"{side}_layers") == 1]
    deeper = f"a deeper model ({' '.join(second)} --set model.residual=true), or " if second else ""
    return [f"levelled off: {deeper}more or cleaner text helps most now (nmt audit)"]


def _row(name: str, series: Series, highest: bool | None, digits: int) -> list[str]:
    """Name, sparkline, last value, best value; nothing for a figure that the run has not."""
    if not series.values:
        return []
    best = series.best(highest=bool(highest))
    at = "" if highest is None or best is None else f"best {series.values[best]:.{digits}f} at update {series.updates[best]:,}"
    return [name, sparkline(thinned(series.values, SPARKS)), f"{series.values[-1]:.{digits}f}", at]


def _curves(found: RunMetrics, run: RunDirectory) -> str:
    if find_spec("matplotlib") is None:
        return "a picture needs matplotlib: pip install 'carousel-nmt[plots]', then nmt inspect curves"
    try:
        return str(draw_curves([found], run.path / CURVES_FILE))
    except (NmtError, OSError) as error:  # a picture is no reason to fail after hours of training
        return f"no picture: {error}"
