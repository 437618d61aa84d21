"""The map of a sentence pair, in characters and as a picture."""

from pathlib import Path

import numpy as np
import pytest

from nmt.errors import ModelError
from nmt.hypotheses import Alignment
from nmt.inspect.attention import attention_map, check_alignment, draw_attention
from nmt.inspect.forced import LiveModel
from nmt.inspect.run import open_run
from nmt.inspect.sentence import own_translation
from tests.inspect.conftest import MakeRun

CROSSED = Alignment(("▁one", "▁2", "</s>"), ("▁zwei", "▁ein"), np.array([[0.0, 1.0, 0.0], [0.7, 0.0, 0.3]], np.float32))


def test_a_darker_cell_is_looked_at_more() -> None:
    assert attention_map(CROSSED, 80) == ["      ▁one ▁2 </s>", "▁zwei ···· ██ ····", "▁ein  ▓▓▓▓ ·· ░░░░"]


def test_a_narrow_terminal_gets_numbers_for_pieces() -> None:
    assert attention_map(CROSSED, 17) == ["1 ▁one  2 ▁2", "3 </s>", "      1  2  3", "▁zwei ·· ██ ··", "▁ein  ▓▓ ·· ░░"]


def test_the_picture_is_the_same_each_time(tmp_path: Path) -> None:
    paths = [draw_attention(CROSSED, tmp_path / name, title="one 2\nzwei ein") for name in ("a.png", "b.png")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_forcing_the_own_translation_sees_what_the_search_saw(plain_live: LiveModel) -> None:
    live = plain_live
    hypothesis, alignment = own_translation(live.translator, "1 2 3")
    pair = live.pair("1 2 3", None)
    forced = live.force(pair)
    assert hypothesis.pieces == len(alignment.target_pieces)
    if not hypothesis.cut:  # fresh weights may say one piece over and over, which the repetition guard cuts out of a text
        assert forced.target_pieces[: hypothesis.pieces] == alignment.target_pieces
        np.testing.assert_allclose(forced.attention[: hypothesis.pieces], alignment.attention, atol=1e-5)
    np.testing.assert_allclose(forced.attention.sum(axis=1), 1.0, atol=1e-5)
    assert forced.source_pieces[-1] == forced.target_pieces[-1] == "</s>"


@pytest.mark.parametrize(("source", "problem"), [("  ", "is empty"), ("1 " * 200, "more than 100 pieces")])
def test_a_source_that_is_not_one_sentence_is_told(source: str, problem: str, plain_live: LiveModel) -> None:
    with pytest.raises(ModelError, match=problem):
        plain_live.pair(source, "one")


def test_an_empty_target_is_told(plain_live: LiveModel) -> None:
    with pytest.raises(ModelError, match="target is empty"):
        plain_live.pair("1", " ")


def test_a_model_without_attention_is_told(make_run: MakeRun) -> None:
    live = LiveModel(open_run(make_run(attention="none")))
    with pytest.raises(ModelError, match=r"model\.attention none"):
        check_alignment(live.force(live.pair("1 2", "two one")))
