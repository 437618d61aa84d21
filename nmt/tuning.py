"""Which search suits a model: beam size, length and coverage penalty, each point of a grid searched and scored on validation text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress

from nmt.config import ParallelText
from nmt.data.prepare import DATA_FOLDER, open_prepared
from nmt.errors import CorpusError
from nmt.evaluation import Score, bleu, paired_bootstrap
from nmt.loading import load_translator
from nmt.model_directory import ModelDirectory, SearchDefaults, find_model_directory
from nmt.scoring import named_pairs
from nmt.shown import SHOWN_LINES, printer
from nmt.streaming import windows
from nmt.translator import Translator

MARGIN = 0.1
"""BLEU that a wider beam must bring to be worth its time; two seeds of training differ by more."""


class Point(NamedTuple):
    """A search."""

    beam_size: int
    length_penalty: float
    coverage_penalty: float

    def __str__(self) -> str:
        return f"beam {self.beam_size}, length penalty {self.length_penalty:g}, coverage penalty {self.coverage_penalty:g}"


class Grid(NamedTuple):
    """What is tried of each setting, ascending."""

    beam_sizes: tuple[int, ...] = (1, 4, 5, 8, 12)
    length_penalties: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
    coverage_penalties: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4)

    @property
    def most(self) -> int:
        """How many searches `climb` makes at most."""
        return 1 + sum(map(len, self))


@dataclass(frozen=True)
class Trial:
    """A search that was made."""

    point: Point
    score: Score
    seconds: float
    outputs: list[str]


@dataclass(frozen=True)
class Found:
    """What tuning found."""

    directory: ModelDirectory
    translator: Translator
    """The model with the search that was chosen."""
    set: str
    own: Trial
    chosen: Trial
    trials: list[Trial]
    p_value: float
    """Of the difference between `own` and `chosen`."""


def climb(grid: Grid, own: Point, measure: Callable[[Point], Trial]) -> list[Trial]:
    """Try the model's own search, then one setting after the other, each with the best of those before it; no search twice.

    The length penalty comes first, with the middle one of the beam sizes and without coverage penalty, then the coverage penalty, then the
    beam size: a fraction of the whole grid, which would find little more than its noise.
    """
    trials: dict[Point, Trial] = {}

    def best(points: Sequence[Point]) -> Point:
        for point in points:
            if point not in trials:
                trials[point] = measure(point)
        return max(points, key=lambda point: trials[point].score.score)  # of equals the lower setting

    best([own])
    middle = grid.beam_sizes[len(grid.beam_sizes) // 2]
    at = best([Point(middle, alpha, grid.coverage_penalties[0]) for alpha in grid.length_penalties])
    at = best([at._replace(coverage_penalty=beta) for beta in grid.coverage_penalties])
    best([at._replace(beam_size=size) for size in grid.beam_sizes])
    return list(trials.values())


def choose(trials: Sequence[Trial], own: Point) -> Trial:
    """Of the searches within MARGIN of the best BLEU take the narrowest beam, there the model's own search, else the best BLEU."""
    highest = max(trial.score.score for trial in trials)
    near = [trial for trial in trials if trial.score.score >= highest - MARGIN]
    return min(near, key=lambda trial: (trial.point.beam_size, trial.point != own, -trial.score.score))


def tune(model: str, text: ParallelText | None, grid: Grid, threads: int | None, console: Console) -> Found:
    """Search for the translations of validation text at the points of a grid.

    Args:
        model: its path.
        text: two files in the model's main direction; default: the validation text of its run or of its config.
        grid: what is tried; a model that takes no coverage penalty is tried without.
        threads: CPU threads; default: all.
        console: where a person looks.

    Raises:
        ModelError: not a model.
        CorpusError: no validation text, or files that are missing, damaged or of unequal length.
    """
    directory = find_model_directory(model)
    label, sources, references = validation_text(directory, text)
    translator = load_translator(directory.path, threads=threads)
    if not translator.takes_coverage_penalty:
        printer(console)("the model takes no coverage penalty: it has no attention, or was exported before there was one")
        grid = grid._replace(coverage_penalties=(0.0,))
    own = point_of(translator.search)
    translator.translate(sources[:8])  # the first calls warm the graph; they are no part of the speed
    with Progress(*Progress.get_default_columns(), console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("tuning", total=grid.most * len(sources))

        def measure(point: Point) -> Trial:
            progress.update(task, description=str(point))
            searching, outputs, started = translator.with_search(**point._asdict()), [], monotonic()
            for window in windows(sources, window_lines=SHOWN_LINES):
                outputs += searching.translate(window)
                progress.advance(task, len(window))
            seconds = monotonic() - started
            return Trial(point, bleu(outputs, references, translator.target_language), seconds, outputs)

        trials = climb(grid, own, measure)
    chosen = choose(trials, own)
    p_value = 1.0
    if chosen is not trials[0]:
        p_value = paired_bootstrap(trials[0].outputs, chosen.outputs, references, translator.target_language)
    return Found(directory, translator.with_search(**chosen.point._asdict()), label, trials[0], chosen, trials, p_value)


def point_of(search: SearchDefaults) -> Point:
    """The search that a model comes with."""
    return Point(search.beam_size, search.length_penalty, search.coverage_penalty)


def validation_text(directory: ModelDirectory, text: ParallelText | None) -> tuple[str, list[str], list[str]]:
    """What to call the text, its sources and its references: what is given, what the model's run validated on, or its config's `valid`.

    Raises:
        CorpusError: there is none.
    """
    run = directory.path.resolve().parent.parent
    if text is None and (run / DATA_FOLDER).is_dir():
        prepared = open_prepared(run)
        if prepared.valid_source:
            return "valid", prepared.valid_source, prepared.valid_target
    try:
        label, pairs, _ = named_pairs(directory, text or "valid", (None, None))
    except CorpusError as error:
        raise error if text else CorpusError(f"{error}; or give nmt tune its text with --source and --reference") from error
    return "valid" if text is None else label, [pair.source for pair in pairs], [pair.target for pair in pairs]
