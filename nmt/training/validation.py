"""Validation: loss by teacher forcing and BLEU of real decoding, both with the weights as they stand."""

import time
from dataclasses import dataclass

import numpy as np

from nmt.config import Config
from nmt.data.batching import BatchPlan, make_batch
from nmt.data.prepare import Prepared
from nmt.directions import Directions
from nmt.evaluation import Collapse, bleu, collapse, perplexity
from nmt.inference import Inference, LiveRuntime
from nmt.model_directory import Limits, SearchDefaults
from nmt.training.update import Updater
from nmt.translator import Translator


@dataclass(frozen=True)
class Validation:
    """What one validation found."""

    loss: float
    """Nats per target token, without label smoothing."""
    bleu: float | None
    signature: str | None
    seconds: float
    collapse: Collapse | None
    sample: tuple[str, str, str] | None
    """Source, hypothesis and reference of one line."""

    @property
    def perplexity(self) -> float:
        """E to the loss."""
        return perplexity(self.loss, 1)


class Validator:
    """Validates one model again and again on the same text."""

    def __init__(self, config: Config, prepared: Prepared, updater: Updater, inference: Inference) -> None:
        self.config, self.updater = config, updater
        # Nothing is kept for a backward pass, so that more fits into the memory of an update's micro-batch.
        self.plan = BatchPlan(prepared.valid, max(1, 4 * config.training.batch_tokens // config.training.accumulate), seed=0)
        self.sources = prepared.valid_source[: config.training.validate_bleu_lines]
        self.references = prepared.valid_target[: config.training.validate_bleu_lines]
        self.prepared, self.inference = prepared, inference

    def translator(self, max_steps: int) -> Translator:
        """The model behind the very path that users run, greedy."""
        return Translator(
            LiveRuntime(self.inference),
            self.prepared.tokenizers,
            Limits(max_source_pieces=self.config.search.max_source_pieces, max_steps=max_steps),
            SearchDefaults(
                beam_size=1,
                length_penalty=self.config.search.length_penalty,
                coverage_penalty=self.config.search.coverage_penalty,
                copy_untranslatable=self.config.search.copy_untranslatable,
            ),
            directions=Directions.of_config(self.config.data),
        )

    def validate(self, update: int) -> Validation:
        """Measure loss and, if lines are asked for, BLEU."""
        started = time.monotonic()
        loss = self.loss()
        if not self.sources:
            return Validation(loss, None, None, time.monotonic() - started, None, None)
        outputs = self.translator(self.config.search.max_steps).translate(self.sources)
        score = bleu(outputs, self.references, self.config.data.target_language)
        shown = update // self.config.training.validate_every % len(self.sources)
        sample = (self.sources[shown], outputs[shown], self.references[shown])
        return Validation(loss, score.score, score.signature, time.monotonic() - started, collapse(outputs, self.sources), sample)

    def loss(self) -> float:
        """Cross-entropy in nats per target token."""
        total = tokens = 0.0
        for indices in self.plan.epoch(0):
            batch_sum, batch_tokens = self.updater.loss(make_batch(self.plan.store, indices))
            total += float(batch_sum)
            tokens += float(batch_tokens)
        return total / tokens

    def seconds(self) -> float:
        """What one validation will take, once the model ends its sentences where the references do."""
        self.loss()
        mean = int(np.ceil(self.prepared.valid.target_lengths.mean())) + 2
        if self.sources:
            self.translator(2).translate(self.sources[:64])  # traced before it is timed
        started = time.monotonic()
        self.loss()
        if self.sources:
            self.translator(mean).translate(self.sources)
        return time.monotonic() - started
