"""One run's settings as frozen pydantic sections. Every default of the project lives here, with a sentence each."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DATA_ROOT_VARIABLE = "NMT_DATA_ROOT"

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the config: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class ParallelText(Section):
    """Parallel text in files, plain or `.gz`: either `source` and `target`, one sentence a line, or one `tsv`."""

    source: Path | None = Field(None, description="file of source sentences, one a line")
    target: Path | None = Field(None, description="file of target sentences, line for line the translations of `source`")
    tsv: Path | None = Field(None, description="one file of tab-separated columns instead of `source` and `target`")
    source_column: Count = Field(1, description="column of the source sentence in `tsv`, counted from 1")
    target_column: Count = Field(2, description="column of the target sentence in `tsv`, counted from 1")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        pair = self.source is not None and self.target is not None
        if pair == (self.tsv is not None) or (self.source is None) != (self.target is None):
            raise ValueError("needs either 'source' and 'target' or 'tsv'")
        return self


class DataConfig(Section):
    """Where the parallel text comes from, and which pairs of it are kept."""

    source_language: str = Field(description="language code of the source side, such as en")
    target_language: str = Field(description="language code of the target side, such as de")
    root: Path | None = Field(
        None, description=f"folder that contains the corpora's own folders; default: the variable {DATA_ROOT_VARIABLE}"
    )
    corpus: str | None = Field(None, description="a description in corpora/ by name (demo, multi30k) or by path; else give train and valid")
    train: ParallelText | None = Field(None, description="training text, when no corpus is named")
    valid: ParallelText | None = Field(None, description="validation text; without it `hold_out` training pairs are set aside")
    test: ParallelText | None = Field(None, description="test text; only ever used by nmt evaluate and nmt demo")
    hold_out: Count = Field(1000, description="pairs set aside for validation where none are given (at most a tenth of all)")
    max_pieces: Count = Field(100, description="pairs with more subword pieces than this on either side are dropped")
    max_length_ratio: Annotated[float, Field(gt=1.0)] = Field(
        4.0, description="pairs whose piece counts differ by more than this factor are dropped"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.corpus is None) == (self.train is None):
            raise ValueError("needs exactly one of 'corpus' (a described corpus) and 'train' (your own files)")
        if self.corpus is not None and (self.valid or self.test):
            raise ValueError("'valid' and 'test' come from the described corpus: leave them out, or give 'train' instead of 'corpus'")
        return self


class TokenizerConfig(Section):
    """SentencePiece (Kudo and Richardson 2018): trained inside the run unless models are given."""

    joint: bool = Field(True, description="one vocabulary for both languages (needed for three-way tying)")
    model: Path | None = Field(None, description="a trained joint SentencePiece model to use as it is")
    source_model: Path | None = Field(None, description="with joint: false, a trained model for the source side")
    target_model: Path | None = Field(None, description="with joint: false, a trained model for the target side")
    kind: Literal["unigram", "bpe"] = Field("unigram", description="subword algorithm")
    vocabulary_size: Annotated[int, Field(ge=16)] = Field(
        8000, description="number of pieces, of each side when separate; an upper limit on small text"
    )
    byte_fallback: bool = Field(True, description="spell unseen characters as bytes, so that no text is unknown")
    character_coverage: Annotated[float, Field(gt=0.9, le=1.0)] = Field(
        1.0, description="share of characters in the text that get pieces of their own"
    )
    sample_sentences: Count = Field(1_000_000, description="sentences sampled for training the tokenizer: its memory stays flat")

    @model_validator(mode="after")
    def _models_fit(self) -> Self:
        if self.joint and (self.source_model or self.target_model):
            raise ValueError("'source_model' and 'target_model' need joint: false; a joint vocabulary is given as 'model'")
        if not self.joint and self.model:
            raise ValueError("'model' is a joint vocabulary: set joint: true, or give 'source_model' and 'target_model'")
        if (self.source_model is None) != (self.target_model is None):
            raise ValueError("needs both 'source_model' and 'target_model', or neither")
        return self


class ModelConfig(Section):
    """Sizes of the encoder-decoder LSTM."""

    embedding_units: Count = Field(256, description="width of the embeddings")
    readout_units: Count | None = Field(
        None, description="width of the readout before the vocabulary; default: embedding_units, which tied output weights need"
    )
    encoder_layers: Count = Field(1, description="bidirectional LSTM layers in the encoder")
    encoder_units: Count = Field(256, description="LSTM units of each direction")
    decoder_layers: Count = Field(1, description="LSTM layers in the decoder; layers above the first read [h; context]")
    decoder_units: Count = Field(512, description="LSTM units of each decoder layer")
    attention: Literal["general", "scaled_dot"] = Field("general", description="score function (Luong et al. 2015; Vaswani et al. 2017)")
    tying: Literal["auto", "three_way", "two_way", "none"] = Field(
        "auto",
        description="which of source embedding, target embedding and output weights are one; auto: three_way if the vocabulary is joint",
    )
    output_scale: Annotated[float, Field(gt=0)] = Field(
        4.0, description="the readout is multiplied by this before the vocabulary: logits then grow as fast as the rest of the model learns"
    )
    dropout: Fraction = Field(0.2, description="dropout between layers, while training")
    word_dropout: Fraction = Field(0.0, description="share of input tokens replaced by the unknown token, while training")

    @model_validator(mode="after")
    def _readout_fits(self) -> Self:
        if self.readout_units not in {None, self.embedding_units} and self.tying != "none":
            raise ValueError(
                f"readout_units ({self.readout_units}) differs from embedding_units ({self.embedding_units}): output weights of that width "
                "cannot be tied to the embeddings; set tying none, or leave readout_units out"
            )
        return self

    @model_validator(mode="after")
    def _dot_product_fits(self) -> Self:
        if self.attention == "scaled_dot" and self.decoder_units != 2 * self.encoder_units:
            raise ValueError(
                f"attention scaled_dot has no weights: decoder_units ({self.decoder_units}) must be twice encoder_units "
                f"({self.encoder_units}); "
                "or choose attention general"
            )
        return self


class SearchConfig(Section):
    """Beam search: what an export uses unless a call says otherwise."""

    beam_size: Count = Field(5, description="hypotheses kept at each step; 1 is greedy search")
    length_penalty: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        1.0, description="alpha of the length penalty (Wu et al. 2016, equation 14)"
    )
    max_length_factor: Annotated[float, Field(gt=0.0)] = Field(
        2.0, description="a hypothesis has at most this many pieces for each source piece"
    )
    max_length_offset: Annotated[int, Field(ge=1)] = Field(10, description="and this many more")
    max_source_pieces: Count = Field(100, description="longer lines are split at sentence or clause ends before translation")

    copy_untranslatable: bool = Field(
        True, description="sentences without a letter (numbers, emoji) and bare web or mail addresses are copied, not translated"
    )

    @property
    def max_steps(self) -> int:
        """The most target pieces any hypothesis may have: what the longest source, its EOS counted, allows."""
        return int(self.max_length_factor * (self.max_source_pieces + 1)) + self.max_length_offset


class TrainingConfig(Section):
    """The loop: how much, how fast, how often to look."""

    seed: int = Field(1, ge=0, lt=2**31, description="every random draw of the run derives from this")
    distribution: Literal["auto", "none", "mirrored"] = Field("auto", description="auto: mirrored when several GPUs are visible")
    batch_tokens: Count = Field(1024, description="target tokens in one update, over all replicas, padding counted")
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
    label_smoothing: Fraction = Field(0.1, description="probability mass spread over the vocabulary (Szegedy et al. 2016)")
    clip_norm: Annotated[float, Field(gt=0)] = Field(1.0, description="the gradient's global norm is scaled down to this")
    ema_decay: Fraction = Field(0.998, description="exponential moving average of the weights, used for validation and export; 0: off")
    log_every: Count = Field(50, description="updates between two training lines in metrics.jsonl")
    validate_every: Count = Field(500, description="updates between two validations and checkpoints")
    validate_bleu_lines: Annotated[int, Field(ge=0)] = Field(1000, description="validation lines decoded greedily for BLEU; 0: loss only")
    metric: Literal["bleu", "loss"] = Field("bleu", description="what the best checkpoint and early stopping go by")
    patience: Annotated[int, Field(ge=0)] = Field(10, description="validations without improvement before the run stops; 0: never")
    non_finite_limit: Count = Field(20, description="updates in a row that are skipped for not being finite before the run stops")

    @model_validator(mode="after")
    def _metric_is_measured(self) -> Self:
        if self.metric == "bleu" and self.validate_bleu_lines == 0:
            raise ValueError("metric bleu needs validate_bleu_lines above 0; or set metric: loss")
        return self


class Config(Section):
    """A whole run."""

    data: DataConfig
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig()
    search: SearchConfig = SearchConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _tying_fits(self) -> Self:
        if self.model.tying == "three_way" and not self.tokenizer.joint:
            raise ValueError("model.tying three_way needs tokenizer.joint: true")
        if self.search.max_source_pieces > self.data.max_pieces:
            raise ValueError(
                f"search.max_source_pieces ({self.search.max_source_pieces}) must not exceed data.max_pieces ({self.data.max_pieces}): "
                "the model never saw longer sentences"
            )
        return self
