"""Checkpoints: kept, verified, averaged."""

from pathlib import Path

import numpy as np
import pytest

from nmt.checkpoint import Checkpoints, average, load_weights
from nmt.errors import RunError


def arrays(value: float, **more: float) -> dict[str, np.ndarray]:
    return {name: np.full(3, number, np.float32) for name, number in {"weights/a": value, **more}.items()}


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.npz")}


def test_the_last_three_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for update in range(1, 7):
        checkpoints.save(update, arrays(update), {"update": update}, best=update == 2)
    assert files(tmp_path) == {f"update-{n:08d}.npz" for n in (2, 4, 5, 6)}
    for which, expected in (("best", 2), ("last", 6)):
        found = checkpoints.load(which)
        assert found is not None
        assert found[1]["update"] == expected
        assert found[0]["weights/a"].tolist() == [expected] * 3


def test_a_damaged_newest_is_named_and_the_one_before_it_used(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for update in (1, 2):
        checkpoints.save(update, arrays(update), {"update": update}, best=False)
    newest = tmp_path / "update-00000002.npz"
    newest.write_bytes(newest.read_bytes()[:-50])
    found = checkpoints.load("last")
    assert found is not None
    assert found[1]["update"] == 1
    assert str(newest) in checkpoints.warnings[0]


def test_weights_for_export(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, arrays(1, **{"average/a": 10, "first_moment/a": 5}), {"update": 1}, best=True)
    checkpoints.save(2, arrays(3, **{"average/a": 20, "first_moment/a": 5}), {"update": 2}, best=False)
    expected = {"best": (10, 1), "last": (20, 2), "average": (2, 2)}
    for which, (value, update) in expected.items():
        weights, state, warnings = load_weights(tmp_path, which)  # type: ignore[arg-type]
        assert weights.keys() == {"a"}
        assert weights["a"][0] == value
        assert (state["update"], warnings) == (update, [])


def test_the_last_n_and_the_best_n_are_kept_and_averaged(tmp_path: Path) -> None:
    """Values 5, 1, 2, 9, 3 of updates 1 to 5, and update 6 saved without a validation."""
    checkpoints = Checkpoints(tmp_path, keep_last=2, keep_best=3)
    for update, value in enumerate((5.0, 1.0, 2.0, 9.0, 3.0), start=1):
        checkpoints.save(update, arrays(update, **{"average/a": 50}), {"update": update}, best=value in {5.0, 1.0}, value=value)
    checkpoints.save(6, arrays(6), {"update": 6}, best=False)
    assert files(tmp_path) == {f"update-{n:08d}.npz" for n in (2, 3, 5, 6)}
    for which, mean in (
        ("average", 4.0),
        ("average-last-2", 5.5),
        ("average-last-1", 6.0),
        ("average-best-2", 2.5),
        ("average-best-3", 10 / 3),
    ):
        assert load_weights(tmp_path, which)[0]["a"].tolist() == pytest.approx([mean] * 3), which
    for which, there in (("average-last-5", "4 checkpoints"), ("average-best-4", "3 validated checkpoints")):
        with pytest.raises(RunError, match=f"{which}: {there} are there.*training.keep_"):
            load_weights(tmp_path, which)


def test_the_best_of_a_run_that_kept_no_values_is_known_by_its_name(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    for update in (1, 2, 3):
        checkpoints.save(update, arrays(update), {"update": update}, best=update == 1)
    assert files(tmp_path) == {"update-00000001.npz", "update-00000003.npz"}
    assert load_weights(tmp_path, "average-best-1")[0]["a"].tolist() == [1.0] * 3


def test_nothing_to_load_is_said(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path).load("last") is None
    with pytest.raises(RunError, match="no checkpoint"):
        load_weights(tmp_path, "best")


def test_average_is_the_mean() -> None:
    assert average([arrays(1), arrays(4)])["weights/a"].tolist() == [2.5] * 3


def test_checkpoints_of_another_model_version_are_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path).save(1, arrays(1), {"update": 1}, best=True)
    index = tmp_path / "index.json"
    index.write_text(index.read_text().replace('"format_version": 2', '"format_version": 1'))
    with pytest.raises(RunError, match="another version of the model"):
        load_weights(tmp_path, "best")
