"""Weights: each pair as often as its corpus says, every pair in its turn, and the plan of one corpus as it was."""

import numpy as np
import pytest

from nmt.data import batching
from nmt.data.batching import BatchPlan
from nmt.data.mixture import Mixture, Share
from nmt.data.pair_store import PairStore
from nmt.data.permutation import permuted
from tests.data.test_batching import store_of


def seen(mixture: Mixture, epoch: int) -> list[int]:
    return mixture.indices(np.arange(mixture.size(epoch)), epoch).tolist()


def test_weight_one_is_every_pair_once_in_its_place() -> None:
    mixture = Mixture([Share(5), Share(3)], seed=1)
    assert seen(mixture, 0) == seen(mixture, 7) == list(range(8))


def test_weight_a_half_is_one_half_and_then_the_other() -> None:
    mixture = Mixture([Share(10, 0.5), Share(4)], seed=1)
    first, second = seen(mixture, 0), seen(mixture, 1)
    assert [pair for pair in first if pair >= 10] == [10, 11, 12, 13]
    assert sorted(pair for pair in [*first, *second] if pair < 10) == list(range(10))
    assert first != second
    assert first == seen(mixture, 2)


def test_weight_two_and_a_half() -> None:
    mixture = Mixture([Share(4, 2.5)], seed=1)
    for epoch in range(3):
        counts = np.bincount(seen(mixture, epoch), minlength=4)
        assert sorted(counts) == [2, 2, 3, 3]
    assert np.bincount([*seen(mixture, 0), *seen(mixture, 1)]).tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("weight", [0.1, 0.3, 1 / 3, 0.77, 1.0, 1.9, 3.0, 7.25])
def test_on_average_each_pair_is_seen_as_often_as_its_weight(weight: float) -> None:
    mixture, epochs = Mixture([Share(3), Share(17, weight), Share(2)], seed=3), 60
    counts = np.zeros(22, int)
    for epoch in range(epochs):
        counts += np.bincount(seen(mixture, epoch), minlength=22)
    assert set(counts[:3]) | set(counts[20:]) == {epochs}
    assert np.abs(counts[3:20] - weight * epochs).max() <= 1


def test_places_can_be_asked_for_at_will() -> None:
    mixture = Mixture([Share(1000, 0.3), Share(500, 1.7)], seed=2)
    whole = np.array(seen(mixture, 4))
    np.testing.assert_array_equal(mixture.indices(np.array([700, 3, 299, 300]), 4), whole[[700, 3, 299, 300]])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PairStore:
    rng = np.random.default_rng(1)
    return store_of(tmp_path_factory.mktemp("store"), [(int(n), int(n) + 1) for n in rng.integers(1, 30, size=400)])


def test_all_weights_one_give_the_plan_of_one_text(store: PairStore) -> None:
    """Batch for batch, and by hand what the plan of one text is: windows of one permutation."""
    mixed = PairStore(store._source, store._target, [Share(150), Share(250, 1.0)])
    plans = [list(BatchPlan(each, 256, seed=1).epoch(2)) for each in (store, mixed)]
    assert all(np.array_equal(one, other) for one, other in zip(*plans, strict=True))
    order = permuted(np.arange(400), 400, (1, 2))
    assert {tuple(sorted(batch)) for batch in plans[0]} == {tuple(sorted(batch)) for batch in BatchPlan(store, 256, seed=1)._window(order)}


def test_a_weighted_plan_is_a_function_of_seed_and_epoch_within_its_windows(store: PairStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "WINDOW_PAIRS", 64)
    mixed = PairStore(store._source, store._target, [Share(150, 0.5), Share(250, 2.5)])
    epochs = [np.concatenate(list(BatchPlan(mixed, 256, seed=1).epoch(epoch))) for epoch in (0, 1, 0)]
    assert len(epochs[0]) == 75 + 625
    assert np.array_equal(epochs[0], epochs[2])
    assert not np.array_equal(epochs[0], epochs[1])
    counts = np.bincount(np.concatenate(epochs[:2]), minlength=400)
    assert set(counts[:150]) == {1}
    assert set(counts[150:]) == {5}
    first_window = np.concatenate(list(BatchPlan(mixed, 256, seed=1).epoch(0)))[:64]
    assert (first_window < 150).any()  # the corpora are shuffled into one another


def test_epochs_far_away_are_exact_and_cheap() -> None:
    mixture = Mixture([Share(10**9, 0.1)], seed=1)
    assert mixture.size(10**6) == 10**8
    assert mixture.indices(np.arange(1000), 10**6).max() < 10**9
