"""The loop: update, log, validate, checkpoint, resume. The only door of this room."""

import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from nmt.checkpoint import Arrays, Checkpoints
from nmt.config import Config
from nmt.data.batching import Batch, BatchPlan, Indices, batch_shapes, padding_share
from nmt.data.prepare import Prepared
from nmt.errors import InterruptedRun
from nmt.inference import Inference, build_model, describe_layers
from nmt.run_directory import RunDirectory
from nmt.training.averaging import averaged_weights
from nmt.training.deadline import EXPORT_SECONDS, Deadline
from nmt.training.display import TrainingDisplay
from nmt.training.distribution import make_distribution
from nmt.training.fine_tuning import begin_with_origin
from nmt.training.freezing import freeze
from nmt.training.interruption import Interruption
from nmt.training.metrics_log import MetricsLog
from nmt.training.optimizer import Adam
from nmt.training.pretrained import begin_with_word_vectors
from nmt.training.recovery import Recovery
from nmt.training.schedule import learning_rate
from nmt.training.state import RunState
from nmt.training.update import Updater, UpdateResult
from nmt.training.validation import Validation, Validator

COLLAPSE_CAUSES = (
    "the usual causes: too few updates yet, a learning rate that is too high, source and target files that are not line for line "
    "translations of each other, or far too little text for this model"
)


class Trainer:
    """One run of one model; everything it needs later is in its run directory."""

    def __init__(self, config: Config, prepared: Prepared, run: RunDirectory, display: TrainingDisplay, started: float) -> None:
        """Build the model, or restore the run's last checkpoint.

        Args:
            config: the whole config.
            prepared: the run's token ids and tokenizers.
            run: where everything goes.
            display: what a person sees.
            started: `time.monotonic()` at the start of the command: a deadline counts from there.
        """
        self.config, self.prepared, self.run, self.display = config, prepared, run, display
        self.distribution = make_distribution(config.training.distribution)
        self.checkpoints = Checkpoints(run.checkpoints, config.training.keep_last, config.training.keep_best)
        saved = self.checkpoints.load("last")
        keras.utils.set_random_seed(config.training.seed)
        with self.distribution.strategy.scope():
            self.model = build_model(config, prepared.tokenizers)
            if saved is None:
                begin_with_word_vectors(self.model, config.model, prepared.tokenizers, display)
                begin_with_origin(self.model, config, prepared.tokenizers, display)
            self.frozen = freeze(self.model, config.training.freeze)
            self.optimizer = Adam([variable.value for variable in self.model.trainable_variables], config.training)
            self.inference = Inference(self.model, config.search)
        links = prepared.alignments
        self.updater = Updater(self.model, self.optimizer, self.distribution, config.training, guided=links is not None)
        self.validator = Validator(config, prepared, self.updater, self.inference)
        self.plan = BatchPlan(prepared.train, config.training.batch_tokens, config.training.seed, self.distribution.replicas, links)
        self.recovery = Recovery(config.training, self.plan, self.checkpoints, display)
        self.state = self._restore(saved)
        self._clock = started - self.state.seconds
        self._pending: list[tuple[UpdateResult, int, int]] = []  # results not yet read, with epoch and batch
        self._logged_at = time.monotonic()
        self._calibration: Deadline | None = None
        self.log: MetricsLog

    def train(self) -> RunState:
        """Train to the end of the run.

        Raises:
            DivergedError: too many updates were not finite.
            InterruptedRun: a signal asked to stop; everything is saved.
        """
        state, config = self.state, self.config.training
        if state.finished:
            return state
        self.log = MetricsLog(self.run, state.metrics_bytes)
        self._announce()
        if config.deadline_minutes is not None and state.deadline_minutes != config.deadline_minutes:
            self._calibration = Deadline(config.deadline_minutes, config.validate_every)
        with Interruption() as interruption:
            for indices in self._batches():
                rollbacks = state.rollbacks
                self._update(self.plan.batch(indices))
                if state.rollbacks != rollbacks:
                    continue
                due = state.update % config.validate_every == 0 or state.update >= state.max_updates or self._late()
                if due and self._validate():
                    break
                if interruption.received is not None:
                    if not due:
                        self._read_pending()
                        self._save(best=False)
                    message = f"stopped by a signal after update {state.update}; everything is saved, the same command carries on"
                    raise InterruptedRun(message, interruption.received)
        return state

    def _announce(self) -> None:
        parameters = sum(int(np.prod(variable.shape)) for variable in self.model.trainable_variables)
        kernel = describe_layers(self.model)
        device = self.distribution.description
        self.display.message(f"device: {device} · {kernel} · {parameters / 1e6:.1f} M parameters")
        pairs = f"{len(self.prepared.train):,} training pairs, {len(self.prepared.valid):,} for validation"
        batches = f"batches of {batch_shapes(self.plan)} shapes in one graph, {padding_share(self.plan):.1%} padding"
        self.display.message(f"data: {pairs} · {batches}")
        for line in [*([self.frozen] if self.frozen else []), *(f"warning: {warning}" for warning in self.checkpoints.warnings)]:
            self.display.message(line)
        if self.state.update:
            self.display.message(f"resuming after update {self.state.update}")
        self.log.write("event", self.state.update, event="resume" if self.state.update else "start", device=device, kernel=kernel)

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
        self._read_pending()  # what follows takes time that no update may be charged for
        left = calibration.updates_left(self.elapsed, self.validator.seconds, self.plan)
        state.max_updates = max(state.update, min(self.config.training.max_updates, state.update + left))
        state.deadline_minutes = self.config.training.deadline_minutes
        self._calibration = None
        self._logged_at = time.monotonic()
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
            state.skipped_in_a_row = 0 if result.finite else state.skipped_in_a_row + 1
            if not result.finite:
                state.skipped += 1
                self.log.write("event", state.update, event="skipped", epoch=epoch, batch=batch)
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
        self.log.write("train", state.update, **values)
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
        with averaged_weights(self.optimizer):
            found = self.validator.validate(state.update)
        value = -found.bleu if config.metric == "bleu" and found.bleu is not None else found.loss
        best = state.best_value is None or value < state.best_value
        if best:
            state.best_value, state.best_update, state.stale = value, state.update, 0
        else:
            state.stale += 1
        self._report(found, best)
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

    def _report(self, found: Validation, best: bool) -> None:
        state = self.state
        values: dict[str, Any] = {
            "epoch": state.epoch,
            "loss": found.loss,
            "perplexity": found.perplexity,
            "seconds": round(self.elapsed(), 3),
        }
        if found.bleu is not None:
            values |= {"bleu": found.bleu, "signature": found.signature}
        self.log.write("valid", state.update, **values)
        scores = f"loss {found.loss:.3f}" + (f" · BLEU {found.bleu:.2f} (greedy)" if found.bleu is not None else "")
        self.display.message(f"update {state.update}: valid {scores}{' · best so far' if best else ''}")
        if found.sample is not None:
            source, hypothesis, reference = found.sample
            self.display.message(f"  source     {source}\n  hypothesis {hypothesis}\n  reference  {reference}")
        if found.collapse is not None:
            lines, distinct = found.collapse.lines, found.collapse.distinct
            text = f"{lines} validation lines gave only {distinct} different outputs, most often {found.collapse.most_common!r}"
            self.display.message(f"warning: {text}; {COLLAPSE_CAUSES}")
            self.log.write("event", state.update, event="collapse", distinct=distinct, lines=lines, most_common=found.collapse.most_common)

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
        return frozen | {f"{group}/{path}": slot for group, slots in groups.items() for path, slot in zip(paths, slots, strict=False)}

    def _save(self, *, best: bool, value: float | None = None) -> None:
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
