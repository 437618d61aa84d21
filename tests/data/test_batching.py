"""The batch plan: every pair once an epoch, seeded, resumable, within its budget."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.data import batching
from nmt.data.batching import BatchPlan, batch_shapes, bucket_width, make_batch, padding_share
from nmt.data.pair_store import PairStore, PairWriter
from nmt.data.permutation import permuted
from nmt.special_tokens import BOS, EOS, PAD


def store_of(folder: Path, lengths: list[tuple[int, int]]) -> PairStore:
    rng = np.random.default_rng(0)
    with PairWriter(folder, "train", 100, 100) as writer:
        writer.append(*([rng.integers(4, 100, size=pair[side]).tolist() for pair in lengths] for side in (0, 1)))
    return PairStore.open(folder, "train")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PairStore:
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 40, size=1000)
    return store_of(tmp_path_factory.mktemp("store"), [(int(n), max(1, int(n) + int(rng.integers(-3, 4)))) for n in lengths])


@given(n=st.integers(1, 3000), seed=st.integers(0, 99), epoch=st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_the_permutation_is_one_to_one(n: int, seed: int, epoch: int) -> None:
    image = permuted(np.arange(n), n, (seed, epoch))
    assert sorted(image) == list(range(n))


def test_the_permutation_mixes_and_is_sliced_at_will() -> None:
    n = 10_000
    image = permuted(np.arange(n), n, (1, 0))
    assert abs(np.corrcoef(np.arange(n), image)[0, 1]) < 0.05
    np.testing.assert_array_equal(image[500:600], permuted(np.arange(500, 600), n, (1, 0)))


def test_every_pair_once_an_epoch_in_another_order_each(store: PairStore) -> None:
    plan = BatchPlan(store, batch_tokens=256, seed=1)
    epochs = [np.concatenate(list(plan.epoch(number))) for number in (0, 1)]
    for order in epochs:
        assert sorted(order) == list(range(len(store)))
    assert not np.array_equal(*epochs)


def test_the_same_seed_gives_the_same_plan(store: PairStore) -> None:
    one, again = (list(BatchPlan(store, 256, seed=7).epoch(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))


def test_batches_keep_their_token_budget_and_pad_little(store: PairStore) -> None:
    plan = BatchPlan(store, batch_tokens=256, seed=1)
    for indices in plan.epoch(0):
        assert make_batch(store, indices).labels.size <= 256
    assert padding_share(plan) < 0.2


def test_a_window_bounds_what_is_planned_at_once(store: PairStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "WINDOW_PAIRS", 100)
    plan = BatchPlan(store, batch_tokens=256, seed=1)
    assert sorted(np.concatenate(list(plan.epoch(0)))) == list(range(len(store)))
    assert len(np.concatenate(list(islice(plan.epoch(0), 3)))) < 100


def test_one_batch_by_hand(tmp_path: Path) -> None:
    batch = make_batch(store_of(tmp_path, [(2, 1), (1, 3)]), np.array([0, 1]), parts=4)
    assert batch.source.shape == (4, 4)
    assert batch.source_lengths.tolist() == [3, 2, 1, 1]
    assert batch.source[0, 2] == EOS
    assert batch.source[2:].tolist() == [[EOS, PAD, PAD, PAD]] * 2
    assert batch.labels[1, 3] == EOS
    assert batch.target[:, 0].tolist() == [BOS] * 4
    assert batch.target[1, 1:4].tolist() == batch.labels[1, :3].tolist()
    assert not batch.labels[2:].any()
    assert EOS not in batch.target


def test_widths_are_few() -> None:
    lengths = np.arange(1, 130)
    widths = bucket_width(lengths)
    assert (widths >= lengths).all()
    assert len(np.unique(widths)) < 32


@pytest.mark.parametrize("replicas", [2, 3])
def test_rows_divide_among_replicas(store: PairStore, replicas: int) -> None:
    plan = BatchPlan(store, 256, seed=1, replicas=replicas)
    for indices in plan.epoch(0):
        batch = plan.batch(indices)
        assert len(batch.source) % replicas == 0
        assert (batch.labels != PAD).sum() == plan.store.lengths(indices)[1].sum() + len(indices)


def test_batch_shapes_are_counted_once_each(tmp_path: Path) -> None:
    plan = BatchPlan(store_of(tmp_path, [(3, 3)] * 8 + [(3, 5)] * 8), batch_tokens=16, seed=1)  # widths 4 and 4 or 6: 4 and 2 rows
    made = {(*plan.batch(indices).source.shape, plan.batch(indices).target.shape[1]) for indices in plan.epoch(0)}
    assert batch_shapes(plan) == made
    assert len(made) == 2
