"""The section training of a config: what is minimised, how much, how fast, how often to look."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nmt.data_config import Count, Fraction, Section
from nmt.minimum_risk_config import MinimumRiskConfig


class TrainingConfig(Section):
    """The loop: how much, how fast, how often to look."""

    seed: int = Field(1, ge=0, lt=2**31, description="every random draw of the run derives from this")
    distribution: Literal["auto", "none", "mirrored", "multi_worker"] = Field(
        "auto",
        description="auto: mirrored when several GPUs are visible, multi_worker with --workers or TF_CONFIG; multi_worker: several "
        "processes, from --workers, TF_CONFIG or Slurm",
    )
    criterion: Literal["likelihood", "minimum_risk"] = Field(
        "likelihood",
        description="what is minimised: label-smoothed cross-entropy; minimum_risk, for a model that has learnt to translate (init_from): "
        "the expected loss of BLEU over candidate translations, beside it",
    )
    minimum_risk: MinimumRiskConfig = MinimumRiskConfig()
    batch_tokens: Count = Field(1024, description="target tokens in one update, over all replicas, padding counted")
    accumulate: Count = Field(
        1,
        description="micro-batches that each replica's part of an update is cut into, one after the other: the same update in less memory",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "float32",
        description="of matrix products while training; weights, states, softmax and loss are float32, exports wholly; auto: bfloat16 on a "
        "CPU that has instructions for it, else float32",
    )
    max_updates: Count = Field(10_000, description="updates in the run; schedules end here")
    deadline_minutes: Annotated[float, Field(gt=0)] | None = Field(
        None, description="wall-clock budget from start to export; sets max_updates once measured"
    )
    learning_rate: Annotated[float, Field(gt=0)] = Field(2e-3, description="peak learning rate")
    beta_1: Fraction = Field(0.9, description="decay of Adam's first moment")
    beta_2: Fraction = Field(0.98, description="decay of Adam's second moment")
    epsilon: Annotated[float, Field(gt=0)] = Field(1e-9, description="Adam's epsilon")
    schedule: Literal["cosine", "inverse_sqrt", "constant"] = Field("cosine", description="learning rate after warm-up")
    warmup_updates: Annotated[int, Field(ge=0)] = Field(300, description="updates over which the learning rate rises linearly from 0")
    subword_sampling: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        0.0,
        description="alpha of subword sampling (Kudo 2018): every time a pair comes both its sides are segmented anew, the more varied the "
        "smaller alpha is; with tokenizer.kind bpe the share of merges left out (Provilkov et al. 2020); 0: the best segmentation always",
    )
    label_smoothing: Fraction = Field(0.1, description="probability mass spread over the vocabulary (Szegedy et al. 2016)")
    r_drop: Annotated[float, Field(ge=0.0)] = Field(
        0.0,
        description="alpha of R-Drop (Liang et al. 2021): every pair goes through the model twice, and the divergence of what the two "
        "passes predict is minimised, too; an update takes twice as long; 0: one pass",
    )
    coverage_weight: Annotated[float, Field(ge=0.0)] = Field(
        1.0, description="weight of the coverage loss (See et al. 2017, equation 12) of a model with attention coverage"
    )
    guided_alignment_weight: Annotated[float, Field(ge=0.0)] = Field(
        0.1, description="weight of the loss that pulls attention to the word alignments of training text that has them (Chen et al. 2016)"
    )
    clip_norm: Annotated[float, Field(gt=0)] = Field(1.0, description="the gradient's global norm is scaled down to this")
    ema_decay: Fraction = Field(0.998, description="exponential moving average of the weights, used for validation and export; 0: off")
    log_every: Count = Field(50, description="updates between two training lines in metrics.jsonl")
    validate_every: Count = Field(500, description="updates between two validations and checkpoints")
    validate_bleu_lines: Annotated[int, Field(ge=0)] = Field(1000, description="validation lines decoded greedily for BLEU; 0: loss only")
    metric: Literal["bleu", "loss"] = Field("bleu", description="what the best checkpoint and early stopping go by")
    patience: Annotated[int, Field(ge=0)] = Field(10, description="validations without improvement before the run stops; 0: never")
    stall_seconds: Annotated[float, Field(gt=0)] = Field(
        600.0,
        description="a stage that lasts longer (the first trace and validations three times that) is reported; one of several workers then "
        "ends with exit code 3",
    )
    non_finite_limit: Count = Field(20, description="updates in a row that are skipped for not being finite before the run stops")
    rollbacks: Annotated[int, Field(ge=0)] = Field(
        2, description="times that a run which came apart goes back to its last checkpoint with half the learning rate, before it stops"
    )
    keep_last: Count = Field(3, description="newest checkpoints that are kept")
    keep_best: Count = Field(1, description="checkpoints kept besides for having the best validation; nmt export averages several")
    init_from: Path | None = Field(
        None, description="a run or an exported model whose weights a new run begins with; what the section 'model' leaves out is as there"
    )
    freeze: tuple[str, ...] = Field(
        (), description="weights that stay as they are, by the names of layers: encoder, source_embedding, decoder.lstm_0, *.bias …"
    )

    @model_validator(mode="after")
    def _micro_batches_hold_tokens(self) -> Self:
        if self.accumulate > self.batch_tokens:
            raise ValueError(
                f"accumulate ({self.accumulate}) cuts a batch of {self.batch_tokens} tokens (batch_tokens) into parts of less than one"
            )
        return self

    @model_validator(mode="after")
    def _metric_is_measured(self) -> Self:
        if self.metric == "bleu" and self.validate_bleu_lines == 0:
            raise ValueError("metric bleu needs validate_bleu_lines above 0; or set metric: loss")
        return self

    @model_validator(mode="after")
    def _risk_is_for_a_trained_model(self) -> Self:
        if self.criterion == "minimum_risk" and self.init_from is None:
            raise ValueError(
                "criterion minimum_risk needs a model that translates already: name its run or export as init_from (nmt train --init-from)"
            )
        return self

    @model_validator(mode="after")
    def _criteria_do_not_mix(self) -> Self:
        if self.criterion == "minimum_risk" and self.r_drop:
            raise ValueError(
                f"r_drop ({self.r_drop:g}) pulls two predictions of the reference together, criterion minimum_risk compares candidates: "
                "set r_drop to 0"
            )
        return self
