"""`nmt bench train`: updates of a config's model on its own batches, in rounds, in turn with bare matrix products."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

import keras
import numpy as np
from rich.console import Console

from nmt.bench.against import Pair, PrintedRate, pairs_as_dict
from nmt.bench.figures import rounded, split_evenly
from nmt.bench.flops import Work, readout_width, training_flops, work_of
from nmt.bench.gemm import GemmRates, Product
from nmt.bench.update_parts import UpdateParts
from nmt.bench.watched import Tick, bar
from nmt.config import Config
from nmt.data.batching import Indices
from nmt.data.prepare import Prepared
from nmt.data.training_plan import training_plan
from nmt.errors import ConfigError
from nmt.inference import build_model, describe_layers
from nmt.peak_memory import peak_memory_gib
from nmt.training.distribution import Distribution, make_distribution
from nmt.training.freezing import freeze
from nmt.training.optimizer import Adam
from nmt.training.schedule import learning_rate
from nmt.training.update import Updater

WARM_UPDATES = 5
"""Before anything is timed; the first of them traces the graph."""

PROFILED_BATCHES = 20


@dataclass(frozen=True)
class TrainPlan:
    """How much."""

    updates: int = 100
    rounds: int = 5
    profile: bool = False
    against: PrintedRate | None = None


@dataclass
class Round:
    """Some updates in a row: which pairs each of them had, in the segmentations of which draw, and how long they took together."""

    seconds: float = 0.0
    batches: list[tuple[Indices, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Workload:
    """What batches hold."""

    work: Work
    positions: int
    """Source and target positions, padding counted."""
    shapes: list[tuple[int, int, int]]
    """(B, S, T) of each batch."""


class Training:
    """A fresh model with its updater, and a place in the plan of batches."""

    def __init__(self, config: Config, prepared: Prepared) -> None:
        self.config = config
        self.distribution: Distribution = make_distribution(config.training.distribution)
        keras.utils.set_random_seed(config.training.seed)
        with self.distribution.strategy.scope():
            self.model = build_model(config, prepared.tokenizers, precision=config.training.precision)
            freeze(self.model, config.training.freeze)
            optimizer = Adam([variable.value for variable in self.model.trainable_variables], config.training)
        self.updater = Updater(self.model, optimizer, self.distribution, config.training)
        self.plan = training_plan(config, prepared, self.distribution.replicas)
        self._stream: Iterator[Indices] = (indices for epoch in count() for indices in self.plan.epoch(epoch))
        self._update = 0

    def updates(self, number: int, tick: Tick) -> Round:
        """Do so many updates as the trainer does them, batch making included, and wait for the last one."""
        done = Round()
        started = time.perf_counter()
        for indices in islice(self._stream, number):
            self._update += 1
            rate = learning_rate(self._update, self.config.training, self.config.training.max_updates)
            result = self.updater.update(self.plan.batch(indices, self._update), self._update, rate)
            done.batches.append((indices, self._update))
            tick()
        result.finite.numpy()  # a GPU works behind the back of Python
        done.seconds = time.perf_counter() - started
        return done

    def workload(self, batches: list[tuple[Indices, int]]) -> Workload:
        """Count what batches hold, from the lengths of their pairs."""
        pairs: list[tuple[int, int]] = []
        shapes = []
        for indices, draw in batches:
            batch = self.plan.batch(indices, draw)
            lengths = (side[: len(indices)].tolist() for side in (batch.source_lengths, batch.target_lengths))  # without filler rows
            pairs += zip(*lengths, strict=True)
            shapes.append((*batch.source.shape, batch.target.shape[1]))
        return Workload(work_of(pairs), sum(rows * (source + target) for rows, source, target in shapes), shapes)


def bench_train(config: Config, prepared: Prepared, plan: TrainPlan, console: Console) -> dict[str, Any]:
    """Measure training.

    Args:
        config: what would be trained.
        prepared: its data.
        plan: how much.
        console: where a person looks meanwhile.

    Returns:
        Figures by name; those that vary as {median, min, max} over the rounds.

    Raises:
        NmtError: a profile over several replicas or micro-batches, or another program that fails.
    """
    training = Training(config, prepared)
    if plan.profile and training.distribution.replicas > 1:
        raise ConfigError(
            f"--profile takes one device apart, and {training.distribution.replicas} are in use: --set training.distribution=none"
        )
    if plan.profile and config.training.r_drop:
        raise ConfigError("--profile takes an update of one pass apart, and R-Drop has two: --set training.r_drop=0")
    if plan.profile and config.training.accumulate > 1:
        parts = config.training.accumulate
        raise ConfigError(f"--profile takes a whole batch apart, not {parts} micro-batches: --set training.accumulate=1")
    with bar("tracing and warming", WARM_UPDATES, console) as tick:
        first = training.updates(1, tick).seconds
        warm = training.updates(WARM_UPDATES - 1, tick).seconds / (WARM_UPDATES - 1)
    rounds: list[Round] = []
    theirs: list[float] = []
    gemm: GemmRates | None = None
    with bar("updates", plan.updates, console) as tick:
        for number in split_evenly(plan.updates, plan.rounds):
            rounds.append(training.updates(number, tick))
            if plan.against:
                theirs.append(plan.against.rate())
            gemm = gemm or GemmRates(products(config, training, rounds[0].batches))
            gemm.measure()
    assert gemm is not None
    peak = peak_memory_gib()
    found = _summary(training, rounds, gemm) | {"tracing_seconds": round(first - warm, 2), "peak_memory_gib": round(peak, 2)}
    if plan.against:
        rates = [one.work.target / done.seconds for done in rounds for one in [training.workload(done.batches)]]
        pairs = [Pair(*pair) for pair in zip(rates, theirs, strict=True)]
        found["against"] = pairs_as_dict(pairs, plan.against.command.line, "target tokens/s")
    if plan.profile:
        found["profile"] = _profile(training, rounds, plan, console)
    return found


def products(config: Config, training: Training, batches: list[tuple[Indices, int]]) -> dict[str, Product]:
    """The products that an update spends its time in, of the mean batch: B sentences of T target and S source positions."""
    shapes = np.array(training.workload(batches).shapes)
    B, S, T = (round(float(mean)) for mean in shapes.mean(axis=0))
    E, U, H = config.model.embedding_units, config.model.encoder_units, config.model.decoder_units
    return {
        "logits": Product(B * T, readout_width(config.model), training.model.output_bias.shape[0]),
        "decoder gates from input": Product(B * T, E, 4 * H),
        "encoder gates from input": Product(B * S, E, 4 * U),
        "decoder gates from state": Product(B, H, 4 * H),
    }


def _summary(training: Training, rounds: list[Round], gemm: GemmRates) -> dict[str, Any]:
    vocabulary = training.model.output_bias.shape[0]
    loads = [training.workload(done.batches) for done in rounds]
    every = training.workload([batch for done in rounds for batch in done.batches])
    passes = 2 if training.config.training.r_drop else 1
    counts = [passes * sum(training_flops(training.config.model, vocabulary, load.work).values()) for load in loads]
    achieved = [flops / done.seconds / 1e9 for flops, done in zip(counts, rounds, strict=True)]
    shares = [rate / bare for rate, bare in zip(achieved, gemm.rates[gemm.best], strict=True)]
    work = every.work
    return {
        "device": training.distribution.description,
        "kernel": describe_layers(training.model),
        "parameters": sum(int(np.prod(variable.shape)) for variable in training.model.trainable_variables),
        "updates": len(every.shapes),
        "rounds": len(rounds),
        "target_tokens_per_second": rounded([load.work.target / done.seconds for load, done in zip(loads, rounds, strict=True)], 1),
        "source_tokens_per_second": rounded([load.work.source / done.seconds for load, done in zip(loads, rounds, strict=True)], 1),
        "updates_per_second": rounded([len(done.batches) / done.seconds for done in rounds], 3),
        "padding_share": round(1 - (work.source + work.target) / every.positions, 4),
        "batch_shapes": len(set(every.shapes)),
        "mean_source_length": round(work.source / work.sentences, 2),
        "mean_target_length": round(work.target / work.sentences, 2),
        "megaflops_per_target_token": round(sum(counts) / work.target / 1e6, 3),
        "gemm": gemm.as_dict(),
        "gemm_for_share": gemm.best,
        "achieved_gflops_per_second": rounded(achieved),
        "share_of_gemm": rounded(shares, 4),
    }


def _profile(training: Training, rounds: list[Round], plan: TrainPlan, console: Console) -> dict[str, Any]:
    """Take some of the measured batches apart."""
    chosen = [indices for done in rounds for indices, _ in done.batches][:PROFILED_BATCHES]
    parts = UpdateParts(training.updater, training.plan, chosen)
    with bar("parts of an update", plan.rounds, console) as tick:
        for _ in range(plan.rounds):
            parts.measure()
            tick()
    vocabulary = training.model.output_bias.shape[0]
    return parts.as_dict(training_flops(training.config.model, vocabulary, training.workload([(indices, 0) for indices in chosen]).work))
