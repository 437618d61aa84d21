"""Text to text over a scripted runtime that copies its input: the translation of a text is its normalised self."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nmt.batch_plan import BATCH_HYPOTHESES, BATCH_SENTENCES, BATCH_SOURCE_PIECES, plan_batches
from nmt.config import TokenizerConfig
from nmt.directions import Directions
from nmt.errors import ModelError
from nmt.model_directory import Limits, SearchDefaults
from nmt.runtime.interface import Hypotheses
from nmt.special_tokens import EOS, EOS_PIECE, PAD
from nmt.tokenizer import TokenizerPair, train_tokenizer
from nmt.translator import Translator

MAX_SOURCE_PIECES = 12
TEXT = ["A dog runs.", "Two men sit on a bench.", "Why? Because 42!", "Ein Hund läuft; zwei Männer sitzen, und du?", "你好。再见。"] * 8


class CopyRuntime:
    """Hypothesis k of a sentence is the sentence without its first k pieces; its score is minus its length minus k."""

    takes_coverage_penalty = True

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def translate_ids(
        self,
        ids: NDArray[np.int32],
        lengths: NDArray[np.int32],
        *,
        beam_size: int,
        length_penalty: float,
        max_steps: int,
        coverage_penalty: float = 0.0,
    ) -> Hypotheses:
        assert ids.dtype == lengths.dtype == np.int32
        assert ids.shape[1] == lengths.max() <= MAX_SOURCE_PIECES + 1
        assert lengths.min() >= 2, "an empty sentence reached the model"
        for row, length in zip(ids, lengths, strict=True):
            assert row[length - 1] == EOS
            assert PAD not in row[:length]
            assert set(row[length:]) <= {PAD}
        self.shapes.append(ids.shape)
        B, S = ids.shape
        out = np.full((B, beam_size, S), PAD, np.int32)
        sizes = np.maximum(lengths[:, None] - 1 - np.arange(beam_size), 0).astype(np.int32)
        scores = -(lengths[:, None] - 1 + np.arange(beam_size)).astype(np.float32) - np.float32(length_penalty - 1)
        attention = np.zeros((B, beam_size, S, S), np.float32)
        for b in range(B):
            for k in range(beam_size):
                size = int(sizes[b, k])
                out[b, k, :size] = ids[b, k : k + size]
                attention[b, k, :size] = np.eye(S, dtype=np.float32)[k : k + size]
        scores[sizes == 0] = -np.inf
        return Hypotheses(out, sizes, scores, attention)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> TokenizerPair:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(TEXT, folder / "tokenizer.model", TokenizerConfig(vocabulary_size=400), seed=1)
    return TokenizerPair.load(folder)


def make(tokenizers: TokenizerPair, runtime: CopyRuntime | None = None, target_language: str = "de") -> Translator:
    limits = Limits(max_source_pieces=MAX_SOURCE_PIECES, max_steps=40)
    search = SearchDefaults(beam_size=2, length_penalty=1.0)
    return Translator(runtime or CopyRuntime(), tokenizers, limits, search, directions=Directions((("en", target_language),)))


@pytest.fixture
def translator(tokenizers: TokenizerPair) -> Translator:
    return make(tokenizers)


def test_the_smallest_translation(translator: Translator) -> None:
    assert translator.translate(["A dog runs."]) == ["A dog runs."]
    assert translator.translate([]) == []


def test_blank_lines_give_empty_ones_and_never_reach_the_model(translator: Translator) -> None:
    assert translator.translate(["", " \t", "A dog runs.", "\u200b", "\u3000"]) == ["", "", "A dog runs.", "", ""]
    assert [len(found) for found in translator.hypotheses([" ", "A dog."], n_best=2)] == [1, 2]


@pytest.mark.parametrize(
    "line", ["42", "👍🏽", "3.14159", "\0", "\x07 a", "</s> <pad>", "\ud800 half", "a\nb", "🏴\U000e0067" * 9, "߷" * 30]
)
def test_odd_lines_do_not_crash(translator: Translator, line: str) -> None:
    (text,) = translator.translate([line])
    assert "\n" not in text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(TEXT) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=12), st.integers(1, 5))
def test_any_lines_in_any_windows_give_what_each_gives_alone(tokenizers: TokenizerPair, lines: list[str], window: int) -> None:
    translator = make(tokenizers)
    together = translator.hypotheses(lines, n_best=2)
    assert together == [translator.hypotheses([line], n_best=2)[0] for line in lines]
    assert list(translator.stream(lines, n_best=2, window_lines=window)) == together
    assert translator.translate(lines) == [found[0].text for found in together]


def test_a_stream_gives_its_first_results_before_its_input_ends(translator: Translator) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"dog {taken}"

    found = translator.stream(endless(), window_lines=3)
    assert [next(found)[0].text for _ in range(4)] == ["dog 1", "dog 2", "dog 3", "dog 4"]
    assert taken == 6


def test_equal_lines_are_translated_once_and_like_lengths_share_a_batch(tokenizers: TokenizerPair) -> None:
    runtime = CopyRuntime()
    make(tokenizers, runtime).translate(["A dog runs."] * 500)
    assert [rows for rows, _ in runtime.shapes] == [1]


def test_batches_hold_to_their_limits() -> None:
    lengths = [n % 300 for n in range(1000)]
    for beam in (1, 5, 20, 10_000):
        batches = plan_batches(lengths, beam)
        assert sorted(index for batch in batches for index in batch) == [index for index, length in enumerate(lengths) if length]
        for batch in batches:
            width = max(lengths[index] for index in batch) + 1
            assert len(batch) <= max(1, min(BATCH_SENTENCES, BATCH_HYPOTHESES // beam))
            assert len(batch) == 1 or len(batch) * width <= BATCH_SOURCE_PIECES
    assert plan_batches([10_000], 1) == [[0]]
    assert plan_batches([3, 1, 2], 1) == [[1, 2, 0]]


def test_a_long_line_is_split_and_put_together_again(translator: Translator, tokenizers: TokenizerPair) -> None:
    line = "Two men sit on a bench.  A dog runs. Why? Because 42! " * 3
    ids = tokenizers.source.encode([line])[0]
    assert len(ids) > MAX_SOURCE_PIECES
    (found,) = translator.hypotheses([f"  {line}"], n_best=2, alignment=True)
    assert found[0].text == line.strip()
    assert len(found) == 2
    alignment = found[0].alignment
    assert alignment is not None
    assert found[0].score == -len(alignment.target_pieces)
    assert alignment.attention.shape == (len(alignment.target_pieces), len(alignment.source_pieces))
    assert [alignment.source_pieces[index] for index in alignment.hard] == list(alignment.target_pieces)
    assert alignment.source_pieces.count(EOS_PIECE) == found[0].score - found[1].score  # each segment's second is one shorter: one less


def test_a_text_without_any_space_is_split_too(tokenizers: TokenizerPair) -> None:
    url = "https://example.org/" + "x" * 200
    assert make(tokenizers).translate([url]) == [url]
    chinese = "你好。再见。" * 10
    assert make(tokenizers, target_language="zh").translate([chinese])[0].replace(" ", "") == chinese
    assert "。 你好" in make(tokenizers).translate([chinese])[0]


def test_paragraphs_keep_their_white_space(tokenizers: TokenizerPair) -> None:
    text = "  A dog runs.\tWhy?\n\n\r\n Two men sit.  \n"
    assert make(tokenizers).translate_paragraphs(text) == text
    assert make(tokenizers).translate_paragraphs("\n \n") == "\n \n"
    assert make(tokenizers).translate_paragraphs("你好。再见。") == "你好。 再见。"
    assert make(tokenizers, target_language="zh-Hant").translate_paragraphs("你好。再见。") == "你好。再见。"


def test_n_best_with_alignment(translator: Translator, tokenizers: TokenizerPair) -> None:
    (found,) = translator.hypotheses(["A dog runs."], n_best=3, alignment=True)  # more than the default beam: the beam grows
    source = tokenizers.source.pieces(tokenizers.source.encode(["A dog runs."])[0])
    assert [hypothesis.score for hypothesis in found] == sorted((hypothesis.score for hypothesis in found), reverse=True)
    for rank, hypothesis in enumerate(found):
        assert hypothesis.alignment is not None
        assert hypothesis.alignment.source_pieces == (*source, EOS_PIECE)
        assert hypothesis.alignment.target_pieces == tuple(source[rank:])
        assert hypothesis.alignment.hard == list(range(rank, len(source)))
    assert translator.hypotheses(["A dog runs."])[0][0].alignment is None
    blank = translator.hypotheses([""], alignment=True)[0][0].alignment
    assert blank is not None
    assert blank.hard == []


def test_impossible_hypotheses_are_left_out(translator: Translator, tokenizers: TokenizerPair) -> None:
    pieces = len(tokenizers.source.encode(["A"])[0])
    assert len(translator.hypotheses(["A"], n_best=20)[0]) == pieces


def test_search_settings_reach_the_runtime(translator: Translator) -> None:
    assert translator.hypotheses(["A dog"], length_penalty=1.5)[0][0].score == translator.hypotheses(["A dog"])[0][0].score - 0.5
    assert translator.translate(["A dog"], beam_size=1) == ["A dog"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"beam_size": 0}, "must be 1 or more"),
        ({"n_best": 0}, "must be 1 or more"),
        ({"beam_size": 2, "n_best": 3}, "beam size of at least 3"),
        ({"length_penalty": -1.0}, "length penalty"),
        ({"coverage_penalty": -1.0}, "coverage penalty"),
        ({"length_penalty": float("nan")}, "length penalty"),
    ],
)
def test_a_search_that_cannot_be_is_told(translator: Translator, options: dict[str, float], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        translator.hypotheses(["A dog"], **options)  # type: ignore[arg-type]
