"""Frozen weights: which they are, that they stay bit for bit, and that they reach the export."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmt.checkpoint import load_weights
from nmt.config import Config
from nmt.errors import ConfigError
from nmt.training.trainer import Trainer
from tests.training.test_trainer import final_arrays, said, trainer_of

MAKE = Callable[..., Config]


def arrays_of(trainer: Trainer) -> dict[str, np.ndarray]:
    return {variable.path: variable.numpy() for variable in trainer.model.weights}


@pytest.mark.parametrize(
    ("patterns", "frozen"),
    [
        (("encoder", "decoder.lstm_?"), {"encoder/forward_0", "encoder/backward_0", "decoder/lstm_0"}),
        (("target_embedding",), {"target_embedding"}),
        (("*.forward_0.*kernel",), {f"encoder/forward_0/lstm/lstm_cell/{kind}kernel" for kind in ("", "recurrent_")}),
    ],
)
def test_frozen_weights_stay_bit_for_bit_and_the_others_learn(
    patterns: tuple[str, ...], frozen: set[str], tiny_config: MAKE, tmp_path: Path
) -> None:
    trainer = trainer_of(tiny_config(freeze=patterns, max_updates=3, validate_every=3, validate_bleu_lines=0, metric="loss"), tmp_path)
    before = arrays_of(trainer)
    trainer.train()
    still = {path for path, array in arrays_of(trainer).items() if np.array_equal(array, before[path])}
    assert still == {path for path in before if any(path.startswith(f"seq2seq/{name}") for name in frozen)}
    moments = {name.removeprefix("first_moment/") for name in final_arrays(tmp_path) if name.startswith("first_moment/")}
    assert moments == before.keys() - still
    weights, _, _ = load_weights(tmp_path / "checkpoints", "best")
    assert weights.keys() == before.keys()
    for path in still:
        np.testing.assert_array_equal(weights[path], before[path])
    assert f"{len(still)} of {len(before)} weights" in said(trainer)


def test_the_norm_that_clips_is_that_of_what_learns(tiny_config: MAKE, tmp_path: Path) -> None:
    """Frozen but for the output bias: the same first update gives a smaller norm than with all weights."""
    norms = []
    for name, patterns in (("all", ()), ("bias", ("encoder", "decoder", "bridge_*", "keys", "target_embedding"))):
        trainer = trainer_of(tiny_config(freeze=patterns), tmp_path / name)
        batch = trainer.plan.batch(next(trainer.plan.epoch(0)))
        norms.append(float(trainer.updater.update(batch, 1, 0.0).gradient_norm))
    assert 0 < norms[1] < norms[0]
    assert [variable.path for variable in trainer.model.trainable_variables] == ["seq2seq/output_bias"]


@pytest.mark.slow
def test_a_resumed_run_has_the_same_weights_frozen(tiny_config: MAKE, tmp_path: Path) -> None:
    for name, stops in (("whole", [6]), ("parts", [3, 6])):
        for updates in stops:
            config = tiny_config(
                freeze=("encoder",), max_updates=updates, validate_every=3, schedule="constant", validate_bleu_lines=0, metric="loss"
            )
            trainer_of(config, tmp_path / name).train()
    whole, parts = final_arrays(tmp_path / "whole"), final_arrays(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, parts[name], err_msg=name)


@pytest.mark.parametrize(
    ("patterns", "said_of_it"),
    [
        (("decoder.lstm_1",), "'decoder.lstm_1'; did you mean decoder.lstm_0?"),
        (("zzz",), "known here, with what is below them: bridge_c_0, "),
        (("*",), "leaves nothing to train"),
    ],
)
def test_what_freezes_nothing_or_all_is_refused(patterns: tuple[str, ...], said_of_it: str, tiny_config: MAKE, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said_of_it.replace("?", r"\?")):
        trainer_of(tiny_config(freeze=patterns), tmp_path)
