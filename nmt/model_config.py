"""The section model of a config: the encoder-decoder's cells, layers, attention and sizes."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nmt.data_config import Count, Fraction, Section


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
    variational_dropout: bool = Field(
        False, description="one dropout mask for all positions of a sequence instead of one for each (Gal and Ghahramani 2016)"
    )
    recurrent_dropout: Fraction = Field(
        0.0, description="dropout of a layer's state on its way to the next step, one mask for the sequence (Gal and Ghahramani 2016)"
    )
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
