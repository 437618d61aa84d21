"""One run's settings as frozen pydantic sections. Every default of the project lives here, with a sentence each."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nmt.data_config import DATA_ROOT_VARIABLE, Count, DataConfig, DirectedText, Fraction, MixEntry, ParallelText, Section

__all__ = [
    "DATA_ROOT_VARIABLE",
    "Config",
    "DataConfig",
    "DirectedText",
    "MixEntry",
    "ModelConfig",
    "ParallelText",
    "SearchConfig",
    "Section",
    "TokenizerConfig",
    "TrainingConfig",
]


class TokenizerConfig(Section):
    """SentencePiece (Kudo and Richardson 2018): trained inside the run unless models are given."""

    joint: bool = Field(True, description="one vocabulary for both languages (needed for three-way tying)")
    model: Path | None = Field(None, description="a trained joint SentencePiece model to use as it is")
    source_model: Path | None = Field(None, description="with joint: false, a trained model for the source side")
    target_model: Path | None = Field(None, description="with joint: false, a trained model for the target side")
    from_origin: bool = Field(
        True,
        description="a run that begins with another's weights (training.init_from) takes over that one's tokenizer; false: one is trained "
        "on this text, or 'model' given, and only rows of pieces that both have are kept as they are",
    )
    kind: Literal["unigram", "bpe"] = Field("unigram", description="subword algorithm")
    vocabulary_size: Annotated[int, Field(ge=16)] = Field(
        8000, description="number of pieces, of each side when separate; an upper limit on small text"
    )
    byte_fallback: bool = Field(True, description="spell unseen characters as bytes, so that no text is unknown")
    character_coverage: Annotated[float, Field(ge=0.98, le=1.0)] = Field(
        1.0, description="share of characters in the text that get pieces of their own"
    )
    sample_sentences: Count = Field(500_000, description="sentences sampled for training the tokenizer: its memory stays flat")

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
    """The encoder-decoder: its cells, layers, attention and sizes."""

    embedding_units: Count = Field(256, description="width of the embeddings")
    pretrained_source: Path | None = Field(
        None,
        description="word vectors that the source embedding of a new run begins with: GloVe's text, word2vec's text or binary form, plain "
        "or .gz, embedding_units numbers a word",
    )
    pretrained_target: Path | None = Field(None, description="the same for the target embedding")
    readout_units: Count | None = Field(
        None, description="width of the readout before the vocabulary; default: embedding_units, which tied output weights need"
    )
    cell: Literal["lstm", "gru", "rnn", "lstm1997", "layernorm_lstm"] = Field(
        "lstm",
        description="recurrent cell: LSTM with forget gate, GRU (Cho et al. 2014), Elman's RNN (1990), the LSTM of 1997 without a forget "
        "gate, or layer-normalised LSTM (Ba et al. 2016)",
    )
    encoder: Literal["bidirectional", "gnmt", "unidirectional"] = Field(
        "bidirectional",
        description="bidirectional at every layer; gnmt: only the first (Wu et al. 2016); or unidirectional (Sutskever et al. 2014)",
    )
    encoder_layers: Count = Field(1, description="recurrent layers in the encoder")
    encoder_units: Count = Field(256, description="units of each direction of an encoder layer")
    reverse_source: bool = Field(False, description="the encoder reads each source from its end to its beginning (Sutskever et al. 2014)")
    decoder: Literal["whole_target", "input_feeding", "attend_first"] = Field(
        "whole_target",
        description="whole_target: layer by layer over the whole target, the first layer attends; input_feeding: the last readout is an "
        "input of the first layer, the top layer attends (Luong et al. 2015); attend_first: the last state attends, the context is an "
        "input of every layer (Bahdanau et al. 2015)",
    )
    decoder_layers: Count = Field(1, description="recurrent layers in the decoder")
    decoder_units: Count = Field(512, description="units of each decoder layer")
    residual: bool = Field(
        False,
        description="each layer above the first adds its input to its output where they are of one width (Wu et al. 2016, section 3.1)",
    )
    bridge: Literal["dense", "copy", "zero"] = Field(
        "dense",
        description="what the decoder begins with: dense layers over the encoder's last state, the last state of the encoder's layer of "
        "the same height, or zeros",
    )
    attention: Literal["general", "scaled_dot", "additive", "multi_head", "multi_head_additive", "coverage", "none"] = Field(
        "general",
        description="score function: general (Luong et al. 2015), scaled_dot and multi_head (Vaswani et al. 2017), additive (Bahdanau et "
        "al. 2015), multi_head_additive (Chen et al. 2018), coverage (See et al. 2017), none",
    )
    attention_heads: Count = Field(4, description="heads of multi_head and multi_head_additive")
    readout_embedding: bool = Field(
        False, description="the readout also reads the embedding of the last token: [h; context; embedding] instead of [h; context]"
    )
    tying: Literal["auto", "three_way", "two_way", "none"] = Field(
        "auto",
        description="which of source embedding, target embedding and output weights are one; auto: three_way if the vocabulary is joint",
    )
    output_scale: Annotated[float, Field(gt=0)] = Field(
        4.0, description="the readout is multiplied by this before the vocabulary: logits then grow as fast as the rest of the model learns"
    )
    dropout: Fraction = Field(0.2, description="dropout between layers, while training")
    word_dropout: Fraction = Field(0.0, description="share of input tokens replaced by the unknown token, while training")

    @property
    def memory_units(self) -> int:
        """M, the width of what the encoder gives for each source position."""
        both = self.encoder == "bidirectional" or (self.encoder == "gnmt" and self.encoder_layers == 1)
        return 2 * self.encoder_units if both else self.encoder_units

    @model_validator(mode="after")
    def _readout_fits(self) -> Self:
        if self.readout_units not in {None, self.embedding_units} and self.tying != "none":
            raise ValueError(
                f"readout_units ({self.readout_units}) differs from embedding_units ({self.embedding_units}): output weights of that width "
                "cannot be tied to the embeddings; set tying none, or leave readout_units out"
            )
        return self

    @model_validator(mode="after")
    def _attention_fits(self) -> Self:
        if self.attention == "scaled_dot" and self.decoder_units != self.memory_units:
            raise ValueError(
                f"attention scaled_dot has no weights: decoder_units ({self.decoder_units}) must be the width of the encoder's output "
                f"({self.memory_units}, of encoder_units {self.encoder_units}); or choose attention general"
            )
        if self.attention in {"multi_head", "multi_head_additive"} and self.decoder_units % self.attention_heads:
            raise ValueError(f"decoder_units ({self.decoder_units}) must be a multiple of attention_heads ({self.attention_heads})")
        if self.attention == "none" and self.decoder == "attend_first":
            raise ValueError("decoder attend_first needs an attention; with attention none choose decoder whole_target")
        return self

    @model_validator(mode="after")
    def _copy_fits(self) -> Self:
        if self.bridge != "copy":
            return self
        if self.encoder_layers != self.decoder_layers:
            raise ValueError(
                f"bridge copy goes from layer to layer: encoder_layers ({self.encoder_layers}) must equal decoder_layers "
                f"({self.decoder_layers}); or choose bridge dense"
            )
        first = self.encoder_units if self.encoder == "unidirectional" else 2 * self.encoder_units
        if {first, self.memory_units} != {self.decoder_units}:
            raise ValueError(
                f"bridge copy needs states of one width: decoder_units is {self.decoder_units}, the encoder's states have "
                f"{' and '.join(map(str, sorted({first, self.memory_units})))}; or choose bridge dense"
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
    distribution: Literal["auto", "none", "mirrored", "multi_worker"] = Field(
        "auto",
        description="auto: mirrored when several GPUs are visible, multi_worker with --workers or TF_CONFIG; multi_worker: several "
        "processes, from --workers, TF_CONFIG or Slurm",
    )
    batch_tokens: Count = Field(1024, description="target tokens in one update, over all replicas, padding counted")
    accumulate: Count = Field(
        1,
        description="micro-batches that each replica's part of an update is cut into, one after the other: the same update in less memory",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of matrix products while training, for GPUs; weights, states, softmax and loss are float32, exports wholly"
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
    label_smoothing: Fraction = Field(0.1, description="probability mass spread over the vocabulary (Szegedy et al. 2016)")
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
        shared = self.model.tying == "three_way" or (self.model.tying == "auto" and self.tokenizer.joint)
        files = {self.model.pretrained_source, self.model.pretrained_target} - {None}
        if shared and len(files) > 1:
            raise ValueError(
                "model.pretrained_source and model.pretrained_target are two files, but with three-way tying both sides have one "
                "embedding: give one of them, or set tokenizer.joint: false, or model.tying: two_way"
            )
        if files and self.training.init_from:
            raise ValueError(
                f"training.init_from and model.pretrained_{'source' if self.model.pretrained_source else 'target'} both say what the "
                "embeddings begin with: leave one of them out"
            )
        if len(self.data.directions) > 1 and not self.tokenizer.joint:
            raise ValueError("data.mix has several directions: they share one vocabulary, set tokenizer.joint: true")
        texts = [text for text in (self.data.train, *(self.data.mix or ())) if text is not None]
        if self.model.attention == "none" and any(text.alignment for text in texts):
            raise ValueError(
                "the training text has an alignment, which guides an attention, but model.attention is none: leave one of them out"
            )
        if self.search.max_source_pieces > self.data.max_pieces:
            raise ValueError(
                f"search.max_source_pieces ({self.search.max_source_pieces}) must not exceed data.max_pieces ({self.data.max_pieces}): "
                "the model never saw longer sentences"
            )
        return self
