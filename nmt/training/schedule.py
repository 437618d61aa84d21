"""The learning rate as a function of the update alone."""

import math

from nmt.config import TrainingConfig


def learning_rate(update: int, config: TrainingConfig, max_updates: int) -> float:
    """Return the learning rate of update 1, 2 … `max_updates`.

    It rises linearly over the warm-up. After it, `cosine` falls to 0 at the last update (Loshchilov and Hutter 2017, equation 5 without
    restarts), `inverse_sqrt` falls with 1 / √update (Vaswani et al. 2017, section 5.3) and `constant` stays.
    """
    warmup = config.warmup_updates
    if update <= warmup:
        return config.learning_rate * update / warmup
    match config.schedule:
        case "constant":
            return config.learning_rate
        case "inverse_sqrt":
            return config.learning_rate * math.sqrt(max(warmup, 1) / update)
        case "cosine":
            progress = min(1.0, (update - warmup) / max(1, max_updates - warmup))
            return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))
