"""Weights that a run leaves as they are, chosen by the names of layers."""

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from nmt.config import Config
from nmt.errors import ConfigError
from nmt.model.seq2seq import Seq2Seq
from nmt.special_tokens import EOS


def freeze(model: Seq2Seq, patterns: Sequence[str]) -> str | None:
    """Make variables untrainable: no gradient of theirs is computed, clipped, or remembered by Adam.

    Args:
        model: with all its variables.
        patterns: `encoder`, `decoder.lstm_0`, `*.bias`: each a variable's name, or the name of a layer and all below it; may have `*`.

    Returns:
        A line for a person; None where nothing is frozen.

    Raises:
        ConfigError: a pattern that no variable has, with the nearest name; or nothing left to train.
    """
    if not patterns:
        return None
    variables = model.trainable_variables
    names = {variable.path: _names(variable.path) for variable in variables}
    frozen = set()
    for pattern in patterns:
        matching = {path for path, levels in names.items() if any(fnmatchcase(level, pattern) for level in levels)}
        if not matching:
            known = sorted({level for levels in names.values() for level in levels})
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.4)
            layers = ", ".join(sorted({levels[0] for levels in names.values()}))
            hint = f"did you mean {near[0]}?" if near else f"known here, with what is below them: {layers}"
            raise ConfigError(f"training.freeze: no weights of this model are called {pattern!r}; {hint}")
        frozen |= matching
    if len(frozen) == len(variables):
        raise ConfigError("training.freeze leaves nothing to train: it names all weights of the model")
    sizes = {variable.path: int(np.prod(variable.shape)) for variable in variables}
    for variable in variables:
        variable.trainable = variable.path not in frozen
    share = f"{sum(sizes[path] for path in frozen) / 1e6:.1f} M of {sum(sizes.values()) / 1e6:.1f} M parameters"
    return f"frozen: {share}, {len(frozen)} of {len(variables)} weights"


def check_freeze(config: Config) -> None:
    """Say before any text is read what `training.freeze` gets wrong; names of weights do not depend on the text.

    Raises:
        ConfigError: as `freeze`.
    """
    if config.training.freeze:
        pieces = EOS + 1
        freeze(Seq2Seq(config.model, pieces, pieces, joint=config.tokenizer.joint), config.training.freeze)


def _names(path: str) -> list[str]:
    """What a variable answers to: `seq2seq/decoder/lstm_0/bias` to decoder, decoder.lstm_0 and decoder.lstm_0.bias."""
    parts = path.split("/")[1:]
    return [".".join(parts[: end + 1]) for end in range(len(parts))]
