"""IBM Model 1: the translation that three sentences imply, the textbook's numbers, and EM written out sentence by sentence."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmt.data import lexical_table
from nmt.data.lexical_table import NULL, learn_lexical_table
from nmt.data.pair_store import PairStore, PairWriter

Sentences = list[list[int]]
THE, HOUSE, BOOK, A = 4, 5, 6, 7
DAS, HAUS, BUCH, EIN = 14, 15, 16, 17
SOURCES, TARGETS = [[THE, HOUSE], [THE, BOOK], [A, BOOK]], [[DAS, HAUS], [DAS, BUCH], [EIN, BUCH]]
V = 20
PAIRS = st.lists(st.tuples(*(st.lists(st.integers(4, 9), max_size=5) for _ in range(2))), min_size=1, max_size=8)


def store_of(folder: Path, sources: Sentences, targets: Sentences) -> PairStore:
    with PairWriter(folder, "train", V, V) as writer:
        writer.append(sources, targets)
    return PairStore.open(folder, "train")


def textbook(sources: Sentences, targets: Sentences, iterations: int) -> dict[tuple[int, int], float]:
    """Brown et al. 1993, word by word."""
    probability: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for _ in range(iterations):
        counts: dict[tuple[int, int], float] = defaultdict(float)
        for source, target in zip(sources, targets, strict=True):
            for t in target:
                total = sum(probability[s, t] for s in [NULL, *source])
                for s in [NULL, *source]:
                    counts[s, t] += probability[s, t] / total
        sums: dict[int, float] = defaultdict(float)
        for (s, _), count in counts.items():
            sums[s] += count
        probability = defaultdict(float, {(s, t): count / sums[s] for (s, t), count in counts.items()})
    return dict(probability)


def test_three_sentences_imply_the_translations(tmp_path: Path) -> None:
    """Nobody says that "the" is "das": it follows from where they stand, and then "house" can only be "Haus"."""
    table = learn_lexical_table(store_of(tmp_path, SOURCES, TARGETS), V, V, iterations=20)
    for source, translation in ((THE, DAS), (HOUSE, HAUS), (BOOK, BUCH), (A, EIN)):
        assert max(range(V), key=lambda target: table.probability(source, target)) == translation
        assert table.probability(source, translation) > 0.8
    assert table.probability(HOUSE, BUCH) == 0  # they never meet
    assert table.target_counts[[DAS, HAUS, BUCH, EIN]].tolist() == [2, 1, 2, 1]


@given(PAIRS, st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_the_textbook(tmp_path: Path, pairs: list[tuple[list[int], list[int]]], iterations: int) -> None:
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    table = learn_lexical_table(store_of(tmp_path, sources, targets), V, V, iterations=iterations)
    expected = textbook(sources, targets, iterations)
    assert sorted((int(s), int(t)) for s, t in zip(table.sources, table.targets, strict=True)) == sorted(expected)
    for (source, target), probability in expected.items():
        assert table.probability(source, target) == pytest.approx(probability, rel=1e-4, abs=1e-6)


def test_chunks_do_not_change_the_result_and_each_row_sums_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    sources, targets = ([draw.integers(4, V, draw.integers(0, 9)).tolist() for _ in range(200)] for _ in range(2))
    store = store_of(tmp_path, sources, targets)
    whole = learn_lexical_table(store, V, V)
    monkeypatch.setattr(lexical_table, "_CHUNK_CELLS", 50)
    parts = learn_lexical_table(store, V, V)
    assert np.array_equal(whole.keys, parts.keys)
    assert np.array_equal(whole.target_counts, parts.target_counts)
    assert np.allclose(whole.probabilities, parts.probabilities, rtol=1e-5)
    sums = np.bincount(whole.sources, whole.probabilities)
    assert np.allclose(sums[sums > 0], 1, atol=1e-5)


def test_the_sample_is_even_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = targets = [[4 + number // 10] for number in range(100)]
    store = store_of(tmp_path, sources, targets)
    assert learn_lexical_table(store, V, V, most_pairs=20).target_counts.tolist() == [*[0] * 4, *[2] * 10, *[0] * 6]
    monkeypatch.setattr(lexical_table, "_MOST_CELLS", 100)  # two cells a pair, with NULL
    assert learn_lexical_table(store, V, V).target_counts.sum() == 50


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    nothings: list[Sentences] = [[], [[]]]
    for sentences in nothings:
        table = learn_lexical_table(store_of(tmp_path, sentences, sentences), V, V)
        assert len(table.keys) == len(table.probabilities) == table.target_counts.sum() == 0
        assert table.probability(4, 5) == 0
