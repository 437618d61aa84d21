"""One run's settings as frozen pydantic sections, every default with a sentence: tokenizer and search here, the larger three beside."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nmt.data_config import DATA_ROOT_VARIABLE, Count, DataConfig, DirectedText, MixEntry, ParallelText, Section
from nmt.model_config import ModelConfig
from nmt.training_config import TrainingConfig

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


class SearchConfig(Section):
    """Beam search: what an export uses unless a call says otherwise."""

    beam_size: Count = Field(5, description="hypotheses kept at each step; 1 is greedy search")
    length_penalty: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        1.0, description="alpha of the length penalty (Wu et al. 2016, equation 14)"
    )
    coverage_penalty: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        0.0,
        description="beta of the coverage penalty (the same equation): finished hypotheses that leave out parts of the source rank lower",
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
        if self.training.subword_sampling and any(text.alignment for text in texts):
            raise ValueError(
                "the training text has an alignment, which links the pieces of its best segmentation: set training.subword_sampling to 0, "
                "or leave the alignment out"
            )
        if self.model.attention == "none" and self.search.coverage_penalty > 0:
            raise ValueError(
                f"search.coverage_penalty is {self.search.coverage_penalty:g}, which is counted by attention, but model.attention is none: "
                "leave one of them out"
            )
        if self.search.max_source_pieces > self.data.max_pieces:
            raise ValueError(
                f"search.max_source_pieces ({self.search.max_source_pieces}) must not exceed data.max_pieces ({self.data.max_pieces}): "
                "the model never saw longer sentences"
            )
        return self
