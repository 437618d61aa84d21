"""A run's model in memory, with one sentence pair: its own translation, or a given target that it is forced through."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from nmt.errors import ModelError
from nmt.export import live_model, translator_over
from nmt.hypotheses import Alignment
from nmt.inference import Inference, LiveRuntime
from nmt.inspect.run import TrainedRun
from nmt.inspect.sentence import one_source
from nmt.special_tokens import BOS, BOS_PIECE, EOS, EOS_PIECE
from nmt.translator import Translator


@dataclass(frozen=True)
class ForcedPair:
    """A sentence pair as ids, and the names of its steps."""

    source_ids: list[int]
    """EOS at the end."""
    target_ids: list[int]
    """BOS at the beginning: what the decoder reads."""
    source_pieces: list[str]
    """One for each source id."""
    target_pieces: list[str]
    """What the decoder reads at each step, `<s>` first."""


class LiveModel:
    """The model of a run, on the CPU, with the search that an export of it has."""

    def __init__(self, run: TrainedRun, target_language: str | None = None, source_language: str | None = None) -> None:
        """Build the model of a run, for one of the directions that it has learnt; default: the main one.

        Raises:
            ModelError: a direction that it has not learnt.
        """
        with tf.device("/CPU:0"):
            self.model = live_model(run.config, run.prepared, run.weights)
            main = translator_over(LiveRuntime(Inference(self.model, run.config.search)), run.config, run.prepared)
        self.translator: Translator = main.into(target_language, source=source_language)
        self.tokenizers = run.prepared.tokenizers

    def pair(self, source: str, target: str | None) -> ForcedPair:
        """Encode a source and a target; without a target, the model's own translation by its own search.

        Raises:
            ModelError: a sentence of nothing, or a source too long for the model.
        """
        source_ids = list(one_source(self.translator, source))
        if target is None:
            search = self.translator.search_for()
            with tf.device("/CPU:0"):
                found = self.translator.translate_batch([tuple(source_ids)], search)
            target_ids = [int(piece) for piece in found.ids[0, 0, : found.lengths[0, 0]]]
        else:
            target_ids = self.tokenizers.target.encode([target])[0]
            if not target_ids:
                raise ModelError("the target is empty: give a sentence, or leave it out for the model's own translation")
        return ForcedPair(
            [*source_ids, EOS],
            [BOS, *target_ids],
            [*self.tokenizers.source.pieces(source_ids), EOS_PIECE],
            [BOS_PIECE, *self.tokenizers.target.pieces(target_ids)],
        )

    def force(self, pair: ForcedPair) -> Alignment:
        """Run the model through a pair (teacher forcing); returns where it looked when it had to say each piece, EOS the last of them."""
        source, target = (tf.constant([ids], tf.int32) for ids in (pair.source_ids, pair.target_ids))
        lengths = [tf.constant([len(ids)], tf.int32) for ids in (pair.source_ids, pair.target_ids)]
        with tf.device("/CPU:0"):
            embedded = self.model.embed_source(source)[1], self.model.embed_target(target)[1]
            _, attention = self.model.readout(embedded[0], lengths[0], embedded[1], lengths[1])
        said = (*pair.target_pieces[1:], EOS_PIECE)
        return Alignment(tuple(pair.source_pieces), said, np.array(attention[0], np.float32))
