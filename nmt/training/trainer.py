"""The loop: update, log, validate, checkpoint, resume. The only door of this room."""

import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from nmt.checkpoint import Arrays, Checkpoints
from nmt.config import Config
from nmt.data.batching import Batch, Indices
from nmt.data.prepare import Prepared
from nmt.data.training_plan import training_plan
from nmt.errors import InterruptedRun
from nmt.inference import Inference, build_model, describe_layers
from nmt.run_directory import RunDirectory
from nmt.training.announcement import start_lines
from nmt.training.cluster import Alone, Cluster
from nmt.training.criterion import make_updater
from nmt.training.deadline import EXPORT_SECONDS, Deadline
from nmt.training.display import TrainingDisplay
from nmt.training.fine_tuning import begin_with_origin
from nmt.training.freezing import freeze
from nmt.training.interruption import Interruption
from nmt.training.memory import memory_told
from nmt.training.metrics_log import MetricsLog, SilentLog
from nmt.training.optimizer import Adam
from nmt.training.pretrained import begin_with_word_vectors
from nmt.training.recovery import Recovery
from nmt.training.schedule import learning_rate
from nmt.training.state import RunState
from nmt.training.update import UpdateResult
from nmt.training.validation import Validator
from nmt.training.validation_report import report_validation


class Trainer:
    """One run of one model; everything it needs later is in its run directory."""

    def __init__(
        self,
        config: Config,
        prepared: Prepared,
        run: RunDirectory,
        display: TrainingDisplay,
        started: float,
        cluster: Cluster | None = None,
    ) -> None:
        """Build the model, or restore the run's last checkpoint.

        Args:
            config: the whole config.
            prepared: the run's token ids and tokenizers.
            run: where everything goes.
            display: what a person sees.
            started: `time.monotonic()` at the start of the command: a deadline counts from there.
            cluster: the other workers of the run, if there are any.
        """
        self.config, self.prepared, self.run, self.display = config, prepared, run, display
        self.cluster = cluster or Alone.of(config.training, display.message)
        self.cluster.watchdog.stage("building the model", long=True)
        self.distribution = self.cluster.distribution
        self.checkpoints = Checkpoints(run.checkpoints, config.training.keep_last, config.training.keep_best)
        saved = self.checkpoints.load("last")
        keras.utils.set_random_seed(config.training.seed)
        with self.distribution.strategy.scope():
            self.model = build_model(config, prepared.tokenizers, precision=config.training.precision)
            if saved is None:
                begin_with_word_vectors(self.model, config.model, prepared.tokenizers, display)
                begin_with_origin(self.model, config, prepared.tokenizers, display)
            self.frozen = freeze(self.model, config.training.freeze)
            self.optimizer = Adam([variable.value for variable in self.model.trainable_variables], config.training)
            self.inference = Inference(self.model, config.search)
        self.updater = make_updater(self.model, self.optimizer, self.distribution, config, prepared, self.inference)
        self.validator = Validator(config, prepared, self.updater, self.inference)
        self.plan = training_plan(config, prepared, self.distribution.replicas)
        self.recovery = Recovery(config.training, self.plan, self.checkpoints, display)
        self.state = self._restore(saved)
        self._clock, self._logged_at = started - self.state.seconds, time.monotonic()
        self._pending: list[tuple[UpdateResult, int, int]] = []  # results not yet read, with epoch and batch
        self._calibration: Deadline | None = None
        self.log: MetricsLog

    def train(self) -> RunState:
        """Train to the end of the run.

        Raises:
            DivergedError: too many updates were not finite.
            InterruptedRun: a signal asked to stop; everything is saved.
        """
        state, config, cluster = self.state, self.config.training, self.cluster
        if state.finished:
            return state
        self.log = MetricsLog(self.run, state.metrics_bytes) if cluster.chief else SilentLog()
        self._announce()
        if cluster.chief and config.deadline_minutes is not None and state.deadline_minutes != config.deadline_minutes:
            self._calibration = Deadline(config.deadline_minutes, config.validate_every)
        with memory_told(self.config), Interruption() as interruption, cluster.watchdog.watching():
            cluster.watchdog.stage("tracing the first update", long=True)
            for indices in self._batches():
                rollbacks = state.rollbacks
                self._update(self.plan.batch(indices, draw=state.update + 1))
                if state.rollbacks != rollbacks:
                    continue  # all workers alike: what they read of their updates are the same sums
                stop, late, state.max_updates = cluster.agree(
                    interruption.received or 0, cluster.chief and self._late(), cluster.chief and state.max_updates
                )
                due = state.update % config.validate_every == 0 or state.update >= state.max_updates or bool(late)
                if due:
                    ended = self._validate()  # first: a signal may come meanwhile
                    stop, finished = cluster.agree(interruption.received or 0, ended)
                    state.finished = bool(finished)
                if stop or state.finished:
                    cluster.part()
                if state.finished:
                    break
                if stop:
                    if not due:
                        self._read_pending()
                        self._save(best=False)
                    message = f"stopped by a signal after update {state.update}; everything is saved, the same command carries on"
                    raise InterruptedRun(message, stop)
                cluster.watchdog.stage(f"update {state.update + 1}")
        return state

    def _announce(self) -> None:
        kernel, device, begun = describe_layers(self.model), self.distribution.description, self.state.update
        lines = [*start_lines(self.config, self.model, self.distribution, self.plan, self.validator.plan), self.frozen]
        lines += [f"warning: {warning}" for warning in self.checkpoints.warnings]
        lines += [f"resuming after update {begun}"] if begun else []
        for line in filter(None, lines):
            self.display.message(line)
        self.log.write("event", begun, event="resume" if begun else "start", device=device, kernel=kernel)

    def _batches(self) -> Iterator[Indices]:
        """Batches from the run's place on, epoch after epoch, until it has all its updates."""
        state = self.state
        while True:
            skip, rollbacks = state.batch, state.rollbacks
            for place, indices in enumerate(self.plan.epoch(state.epoch)):
                if place < skip:
                    continue
                if state.update >= state.max_updates:
                    return
                state.batch = place + 1
                yield indices
                if state.rollbacks != rollbacks:
                    break  # on from another place
            else:
                state.epoch, state.batch = state.epoch + 1, 0

    def _update(self, batch: Batch) -> None:
        state, config = self.state, self.config.training
        state.update += 1
        rate = self._rate()
        result = self.updater.update(batch, state.update, rate)
        self._pending.append((result, state.epoch, state.batch))
        self.display.update(state.update, state.max_updates)
        if self._calibration is not None and self._calibration.observe(batch):
            self._meet_deadline(self._calibration)
        if state.update % config.log_every == 0:
            self._read_pending()

    def _meet_deadline(self, calibration: Deadline) -> None:
        """Replace the run's length by what the deadline allows; never by more than the config's own max_updates."""
        state = self.state
        began = time.monotonic()  # what follows takes time that no update may be charged for
        self.cluster.watchdog.stage("timing a validation for the deadline", long=True)
        left = calibration.updates_left(self.elapsed, self.validator.seconds, self.plan)
        state.max_updates = max(state.update, min(self.config.training.max_updates, state.update + left))
        state.deadline_minutes = self.config.training.deadline_minutes
        self._calibration = None
        self._logged_at += time.monotonic() - began
        self.display.message(f"deadline: {state.deadline_minutes:g} minutes allow {state.max_updates} updates at this speed")
        self.log.write("event", state.update, event="deadline", max_updates=state.max_updates)

    def _rate(self) -> float:
        return self.state.rate_factor * learning_rate(self.state.update, self.config.training, self.state.max_updates)

    def elapsed(self) -> float:
        """Seconds of the whole run, over all its processes."""
        return time.monotonic() - self._clock

    def _read_pending(self) -> bool:
        """Read what the last updates did and write one line; True when the run had come apart and was set back."""
        state, config = self.state, self.config.training
        if not self._pending:
            return False
        results = [(UpdateResult(*(part.numpy() for part in result)), epoch, batch) for result, epoch, batch in self._pending]
        self._pending = []
        for result, epoch, batch in results:
            # An overflow that makes the loss scale fall is no divergence: the next update is computed with a smaller one.
            state.skipped_in_a_row = 0 if result.finite else state.skipped_in_a_row + bool(result.loss_scale <= 1.0)
            if not result.finite:
                state.skipped += 1
                self.log.write("event", state.update, event="skipped", epoch=epoch, batch=batch, **self.updater.scale_of(result))
                if state.skipped_in_a_row >= config.non_finite_limit:
                    return self._roll_back(f"{state.skipped_in_a_row} updates in a row were not finite, the last one", epoch, batch)
        good = [result for result, _, _ in results if result.finite]
        tokens = sum(float(result.tokens) for result in good)
        now = time.monotonic()
        seconds, self._logged_at = now - self._logged_at, now
        if not good:
            return False
        if explosion := self.recovery.explosion(state, results, self.model.output_bias.shape[0]):
            return self._roll_back(*explosion)
        loss = sum(float(result.smoothed) for result in good) / tokens
        values = {
            "epoch": state.epoch,
            "loss": sum(float(result.cross_entropy) for result in good) / tokens,
            "smoothed_loss": loss,
            "learning_rate": self._rate(),
            "gradient_norm": float(np.mean([result.gradient_norm for result in good])),
            "target_tokens": int(tokens),
            "target_tokens_per_second": round(tokens / seconds, 1),
            "seconds": round(self.elapsed(), 3),
        }
        self.log.write("train", state.update, **values, **self.updater.figures())
        best = "" if state.best_value is None or config.metric != "bleu" else f" · best BLEU {-state.best_value:.1f}"
        left = (state.max_updates - state.update) * seconds / max(1, len(results))
        figures = f"epoch {state.epoch + 1} · loss {values['loss']:.2f} · {tokens / seconds:,.0f} tok/s{best}"
        self.display.figures(state.update, state.max_updates, figures, left)
        return False

    def _roll_back(self, reason: str, epoch: int, batch: int) -> bool:
        arrays = self.recovery.roll_back(self.state, self.log, reason, epoch, batch)
        for name, slot in self._slots().items():
            slot.assign(arrays[name])
        self._pending, self._logged_at = [], time.monotonic()
        return True

    def _validate(self) -> bool:
        """Validate with the averaged weights, keep the checkpoint; True when the run has ended."""
        state, config = self.state, self.config.training
        if self._read_pending():
            return False
        if not self.cluster.chief:
            return False
        self.cluster.watchdog.stage(f"the validation after update {state.update}", long=True)
        with self.optimizer.averaged_weights():
            found = self.validator.validate(state.update)
        value = -found.bleu if config.metric == "bleu" and found.bleu is not None else found.loss
        best = state.best_value is None or value < state.best_value
        if best:
            state.best_value, state.best_update, state.stale = value, state.update, 0
        else:
            state.stale += 1
        report_validation(found, state, self.log, self.display, best=best, seconds=self.elapsed())
        patient = not config.patience or state.stale < config.patience
        state.finished = state.update >= state.max_updates or not patient or self._late()
        if not patient:
            self.display.message(f"early stop: no better {config.metric} in {config.patience} validations")
        elif state.finished and state.update < state.max_updates:
            self.display.message(f"deadline: ended after update {state.update}, the machine became slower than it was measured")
        self._save(best=best, value=value)
        self._logged_at = time.monotonic()
        return state.finished

    def _late(self) -> bool:
        """Whether a run with a deadline must go to its export now."""
        minutes = self.state.deadline_minutes
        return minutes is not None and self.elapsed() > minutes * 60.0 - EXPORT_SECONDS

    def _slots(self) -> dict[str, Any]:
        """Every array of the run by name."""
        paths = [variable.path for variable in self.model.trainable_variables]
        groups = {
            "weights": self.optimizer.variables_list,
            "first_moment": self.optimizer.first_moment,
            "second_moment": self.optimizer.second_moment,
            "average": self.optimizer.average,
        }
        frozen = {f"weights/{variable.path}": variable.value for variable in self.model.non_trainable_weights}
        named = {f"{group}/{path}": slot for group, slots in groups.items() for path, slot in zip(paths, slots, strict=False)}
        return frozen | named | (self.updater.loss_scale.slots if self.updater.loss_scale else {})

    def _save(self, *, best: bool, value: float | None = None) -> None:
        if not self.cluster.chief:
            return
        self.cluster.watchdog.stage(f"saving the checkpoint of update {self.state.update}", long=True)
        self.state.seconds = self.elapsed()
        self.state.metrics_bytes = self.log.size
        arrays: Arrays = {name: slot.numpy() for name, slot in self._slots().items()}
        self.checkpoints.save(self.state.update, arrays, self.state.to_dict(), best=best, value=value)

    def _restore(self, saved: tuple[Arrays, dict[str, Any]] | None) -> RunState:
        if saved is None:
            return RunState(max_updates=self.config.training.max_updates)
        arrays, values = saved
        for name, slot in self._slots().items():
            slot.assign(arrays[name])
        state = RunState(**values)
        config = self.config.training
        if config.deadline_minutes is None and state.deadline_minutes is None and config.max_updates != state.max_updates:
            state.max_updates = config.max_updates
            state.finished = state.finished and state.update >= state.max_updates
        elif config.deadline_minutes is not None and config.deadline_minutes > (state.deadline_minutes or 0.0):
            state.finished = False
        return state
