"""Which updater a run has: what `training.criterion` asks for."""

from nmt.config import Config
from nmt.data.prepare import Prepared
from nmt.inference import Inference
from nmt.model.seq2seq import Seq2Seq
from nmt.training.candidates import CandidateMaker
from nmt.training.distribution import Distribution
from nmt.training.minimum_risk import MinimumRiskUpdater
from nmt.training.optimizer import Adam
from nmt.training.update import Updater


def make_updater(
    model: Seq2Seq, optimizer: Adam, distribution: Distribution, config: Config, prepared: Prepared, inference: Inference
) -> Updater:
    """Make the updater of a run.

    Args:
        model, optimizer, distribution: as for `Updater`.
        config: the whole config.
        prepared: the run's tokenizers, and whether its batches carry word alignments.
        inference: the same model's, for candidates.
    """
    training, guided = config.training, prepared.alignments is not None
    if training.criterion == "likelihood":
        return Updater(model, optimizer, distribution, training, guided=guided)
    candidates = CandidateMaker(config, prepared.tokenizers.target, inference)
    return MinimumRiskUpdater(
        model, optimizer, distribution, training, candidates, length_penalty=config.search.length_penalty, guided=guided
    )
