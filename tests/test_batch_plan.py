"""Batches: every sentence once, like lengths together, no batch beyond its limits; rows padded to one width."""

from hypothesis import given
from hypothesis import strategies as st

from nmt.batch_plan import BATCH_HYPOTHESES, BATCH_SENTENCES, BATCH_SOURCE_PIECES, most_sentences, padded, plan_batches
from nmt.special_tokens import EOS, PAD

LENGTHS = st.lists(st.integers(0, 300), max_size=300)


@given(LENGTHS, st.integers(1, 1000), st.none() | st.integers(1, 100))
def test_every_sentence_is_in_one_batch_within_limits(lengths: list[int], beam: int, most: int | None) -> None:
    batches = plan_batches(lengths, beam, most)
    assert sorted(index for batch in batches for index in batch) == [index for index, length in enumerate(lengths) if length]
    for batch in batches:
        assert 1 <= len(batch) <= min(most or BATCH_SENTENCES, most_sentences(beam))
        assert len(batch) == 1 or len(batch) * (max(lengths[index] for index in batch) + 1) <= BATCH_SOURCE_PIECES


@given(LENGTHS)
def test_lengths_grow_from_batch_to_batch_and_equals_keep_their_order(lengths: list[int]) -> None:
    order = [index for batch in plan_batches(lengths, 1) for index in batch]
    assert order == sorted(order, key=lambda index: (lengths[index], index))


@given(st.integers(1, 10_000))
def test_a_wide_beam_gets_fewer_sentences(beam: int) -> None:
    assert most_sentences(beam) >= most_sentences(beam + 1) >= 1
    assert most_sentences(beam) == 1 or most_sentences(beam) * beam <= BATCH_HYPOTHESES


@given(st.lists(st.lists(st.integers(4, 99), max_size=9), min_size=1, max_size=9))
def test_rows_end_with_eos_and_padding(rows: list[list[int]]) -> None:
    ids, lengths = padded(rows)
    width = max(map(len, rows)) + 1
    assert ids.tolist() == [[*row, EOS] + [PAD] * (width - 1 - len(row)) for row in rows]
    assert lengths.tolist() == [len(row) + 1 for row in rows]


def test_padding_and_eos_count() -> None:
    assert BATCH_SOURCE_PIECES == 128 * 64
    assert [len(batch) for batch in plan_batches([63] * 128, 1)] == [128]
    assert [len(batch) for batch in plan_batches([64] * 128, 1)] == [126, 2]
