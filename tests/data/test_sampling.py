"""Subword sampling: other pieces at every draw, the same text, and the same pieces whenever the same draw is asked for."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from nmt.config import Config, TokenizerConfig
from nmt.data.batching import BatchPlan, batch_shapes, mean_positions
from nmt.data.prepare import Prepared
from nmt.data.sampling import SubwordSampler, WordSampler, side_of
from nmt.data.training_plan import training_plan
from nmt.special_tokens import UNK
from nmt.tokenizer import train_tokenizer

ALL = np.arange(8)


def sampler(prepared: Prepared, alpha: float = 0.2, max_pieces: int = 100) -> SubwordSampler:
    return SubwordSampler(prepared.tokenizers, alpha, seed=1, max_pieces=max_pieces)


def drawn(prepared: Prepared, draw: int, alpha: float = 0.2) -> list[list[int]]:
    pairs = sampler(prepared, alpha).pairs(prepared.train, ALL, draw)
    return [side(index).tolist() for index in range(len(pairs)) for side in (pairs.source, pairs.target)]


def test_a_draw_has_other_pieces_and_the_same_text(prepared: Prepared) -> None:
    best = [side(index).tolist() for index in ALL.tolist() for side in (prepared.train.source, prepared.train.target)]
    first, second = drawn(prepared, 1), drawn(prepared, 2)
    assert best != first != second
    assert prepared.tokenizers.source.decode(first) == prepared.tokenizers.source.decode(second) == prepared.tokenizers.source.decode(best)


def test_a_draw_is_a_function_of_its_number(prepared: Prepared) -> None:
    first = drawn(prepared, 1)
    drawn(prepared, 2)
    assert drawn(prepared, 1) == first


DRAW_AGAIN = """
import sys
from pathlib import Path
import numpy as np
from nmt.data.prepare import open_prepared
from nmt.data.sampling import SubwordSampler
prepared = open_prepared(Path(sys.argv[1]))
pairs = SubwordSampler(prepared.tokenizers, 0.2, 1, 100).pairs(prepared.train, np.arange(8), 5)
print([pairs.source(index).tolist() for index in range(8)])
"""


def test_a_draw_is_the_same_in_another_process(prepared: Prepared) -> None:
    pairs = sampler(prepared).pairs(prepared.train, ALL, 5)
    found = subprocess.run([sys.executable, "-c", DRAW_AGAIN, str(prepared.folder.parent)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str([pairs.source(index).tolist() for index in range(8)])


def test_smaller_alpha_means_more_pieces(prepared: Prepared) -> None:
    lengths = [sum(map(len, drawn(prepared, 1, alpha))) for alpha in (0.1, 0.3, 1.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > lengths[-1]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_words_are_drawn_and_what_is_no_text_stays(kind: Literal["unigram", "bpe"], tmp_path: Path) -> None:
    config = TokenizerConfig(kind=kind, vocabulary_size=330)
    tokenizer = train_tokenizer(["one two three four five six seven eight nine ten"] * 20, tmp_path / "model", config, 1, ["2de"])
    assert tokenizer.kind == kind
    words, foreign = tokenizer.encode(["one three seven", "ж"])
    sentence = [*tokenizer.tags, *words, UNK, *words, *foreign]
    sampler, chance = WordSampler(tokenizer, 0.3), random.Random(1).random
    drawn = [sampler.sample(np.array(sentence, np.int32), chance) for _ in range(50)]
    assert len({tuple(pieces) for pieces in drawn}) > 10
    assert {tuple(tokenizer.decode([pieces])) for pieces in drawn} == {tuple(tokenizer.decode([sentence]))}
    assert {pieces[0] for pieces in drawn} == {tokenizer.tag_id("2de")}
    assert {pieces.count(UNK) for pieces in drawn} == {1}
    assert {tuple(pieces[-len(foreign) :]) for pieces in drawn} == {tuple(foreign)}


def test_a_draw_of_too_many_pieces_is_not_taken(prepared: Prepared) -> None:
    longest = max(len(prepared.train.source(index)) for index in ALL.tolist())
    pairs = sampler(prepared, 0.01, max_pieces=longest).pairs(prepared.train, ALL, 1)
    assert pairs.source_lengths.max() <= longest


def test_batches_are_drawn_and_what_is_estimated_of_them_too(prepared: Prepared, tiny_config: Callable[..., Config]) -> None:
    plain, plan = (training_plan(tiny_config(subword_sampling=alpha), prepared) for alpha in (0.0, 0.1))
    indices = next(plan.epoch(0))
    np.testing.assert_array_equal(indices, next(plain.epoch(0)))
    batches = [plan.batch(indices, draw) for draw in (1, 2, 1)]
    assert batches[0].source.shape != plain.batch(indices).source.shape or (batches[0].source != plain.batch(indices).source).any()
    for part, again in zip(batches[0], batches[2], strict=True):
        np.testing.assert_array_equal(part, again)
    assert mean_positions(plan) > mean_positions(plain)
    assert max(source for _, source, _ in batch_shapes(plan)) >= max(source for _, source, _ in batch_shapes(plain))


def test_without_sampling_a_plan_is_what_it_was(prepared: Prepared, tiny_config: Callable[..., Config]) -> None:
    plan = training_plan(tiny_config(), prepared)
    assert plan == BatchPlan(prepared.train, tiny_config().training.batch_tokens, tiny_config().training.seed)


def test_alignments_and_sampling_exclude_each_other() -> None:
    text = {"source": "a", "target": "b", "alignment": "c"}
    with pytest.raises(ValueError, match=r"which links the pieces of its best segmentation: set training.subword_sampling to 0"):
        Config.model_validate(
            {"data": {"source_language": "en", "target_language": "de", "train": text}, "training": {"subword_sampling": 0.1}}
        )


def test_a_side_in_memory_reads_as_one_on_disk() -> None:
    side = side_of([[4, 5], [], [6]])
    assert [side.sentence(index).tolist() for index in range(3)] == [[4, 5], [], [6]]
    np.testing.assert_array_equal(side.gather([0, 2], 3), [[4, 5, 0], [6, 0, 0]])
