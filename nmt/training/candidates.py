"""Candidate translations of a batch, found by the model as it is, each scored against its reference."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.config import Config
from nmt.data.batching import Batch
from nmt.evaluation import sentence_bleu
from nmt.inference import Inference
from nmt.search.step import IMPOSSIBLE
from nmt.special_tokens import EOS, PAD
from nmt.tokenizer import Tokenizer

Pieces = tuple[int, ...]
Floats = NDArray[np.float32]


class Candidates(NamedTuple):
    """Up to N different translations for each of B sentences, and what they cost."""

    labels: NDArray[np.int32]
    """[B, N, T] each ends in EOS, then PAD."""
    lengths: NDArray[np.int32]
    """[B, N] EOS counted; 0 where there is no candidate."""
    costs: Floats
    """[B, N] the loss Δ of each: 1 - sentence BLEU / 100."""
    share: Floats
    """[B] what a sentence's expected risk weighs: the batch's target tokens by its sentences, so that the sum over sentences, divided by
    these tokens, is the mean; 0 for filler rows."""


class CandidateMaker:
    """Makes the candidates of one update after the other, and keeps account of how good they are."""

    def __init__(self, config: Config, tokenizer: Tokenizer, inference: Inference) -> None:
        """Keep what a search needs.

        Args:
            config: the whole config.
            tokenizer: of the target.
            inference: of the model that is trained.
        """
        self.risk, self.settings, self.seed = config.training.minimum_risk, config.search, config.training.seed
        self.language = config.data.target_language
        self.tokenizer, self.inference = tokenizer, inference
        self._account: dict[int, tuple[float, float, float]] = {}

    def make(self, batch: Batch, update: int) -> Candidates:
        """Search in one call of the graph, then compare strings.

        Args:
            batch: its sources are translated, its labels are the references.
            update: its number: samples are a function of it, of the seed and of their place in the batch.
        """
        ids, lengths, scores = self._search(batch, update)
        sentences, number = lengths.shape
        found = [tuple(row[:length]) for row, length in zip(ids.reshape(sentences * number, -1).tolist(), lengths.flat, strict=True)]
        references = [tuple(piece for piece in row if piece not in {PAD, EOS}) for row in batch.labels.tolist()]
        wanted = [text for text in self.tokenizer.decode(references) for _ in range(number)]
        bleu = np.array(sentence_bleu(self.tokenizer.decode(found), wanted, self.language)).reshape(sentences, number)
        possible = scores > 0.5 * IMPOSSIBLE
        possible[:, 0] = True
        real = batch.labels[:, 0] != PAD
        self._keep_account(update, scores[real], bleu[real], possible[real])
        candidates = []
        for place, reference in enumerate(references):
            own = zip(found[place * number :], bleu[place], possible[place], strict=False)
            costs = {pieces: 1.0 - score / 100.0 for pieces, score, can_be in own if can_be}  # duplicates are one
            candidates.append(costs | ({reference: 0.0} if self.risk.reference else {}))
        return packed(candidates, np.where(real, (batch.labels != PAD).sum() / max(1, real.sum()), 0.0))

    def _search(self, batch: Batch, update: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
        """Ids [B, K, T], lengths [B, K] and scores [B, K], divided by the length penalty."""
        settings = batch.source, batch.source_lengths, self.risk.candidates
        arguments = [tf.constant(part, tf.int32) for part in settings]
        arguments += [tf.constant(self.settings.length_penalty, tf.float32), tf.constant(self.settings.max_steps, tf.int32)]
        if self.risk.search == "beam":
            found = self.inference.translate_ids(*arguments)
        else:
            found = self.inference.sample_ids(*arguments, tf.constant([self.seed, update], tf.int32))
        return tuple(found[name].numpy() for name in ("ids", "lengths", "scores"))

    def _keep_account(self, update: int, scores: Floats, bleu: NDArray[np.float64], possible: NDArray[np.bool_]) -> None:
        """Note the mean BLEU of the candidates, that under Q by the scores of the search, and that of the best of each sentence."""
        self._account = {number: figures for number, figures in self._account.items() if number < update}  # others were undone
        if len(scores) and np.isfinite(scores).all():
            exponent = np.where(possible, self.risk.sharpness * scores, IMPOSSIBLE).astype(np.float64)
            Q = np.exp(exponent - exponent.max(axis=1, keepdims=True))
            expected = (Q * bleu).sum(axis=1) / Q.sum(axis=1)
            self._account[update] = float(bleu.mean()), float(expected.mean()), float(bleu.max(axis=1).mean())

    def figures(self) -> dict[str, float]:
        """Means over the updates since the last call, without the references."""
        account, self._account = list(self._account.values()), {}
        if not account:
            return {}
        mean, expected, best = (float(figure) for figure in np.mean(account, axis=0))
        return {"candidate_bleu": mean, "best_candidate_bleu": best, "expected_risk": 1.0 - expected / 100.0}


def packed(candidates: Sequence[dict[Pieces, float]], share: NDArray[np.floating]) -> Candidates:
    """Candidates with their costs as arrays: of B sentences, each with at least one."""
    shape = len(candidates), max(map(len, candidates))
    width = 1 + max(len(pieces) for costs in candidates for pieces in costs)
    labels = np.full((*shape, width), PAD, np.int32)
    lengths, costs = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    for row, own in enumerate(candidates):
        for place, (pieces, cost) in enumerate(own.items()):
            labels[row, place, : len(pieces) + 1] = [*pieces, EOS]
            lengths[row, place], costs[row, place] = len(pieces) + 1, cost
    return Candidates(labels, lengths, costs, share.astype(np.float32))
