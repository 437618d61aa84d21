"""The plan of batches that a run trains on, as its config says."""

from nmt.config import Config
from nmt.data.batching import BatchPlan
from nmt.data.prepare import Prepared
from nmt.data.sampling import SubwordSampler


def training_plan(config: Config, prepared: Prepared, replicas: int = 1) -> BatchPlan:
    """Make the plan of a run.

    Args:
        config: the whole config.
        prepared: its data.
        replicas: how many share each batch.
    """
    training = config.training
    return BatchPlan(
        prepared.train,
        training.batch_tokens,
        training.seed,
        replicas,
        prepared.alignments,
        training.accumulate,
        SubwordSampler.of(config, prepared.tokenizers),
    )
