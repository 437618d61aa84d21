"""Word alignments: words to pieces, what does not fit the text, and a model whose attention they guide."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nmt.config import Config
from nmt.data.alignment import AlignmentStore, AlignmentWriter, WordAlignments, piece_links
from nmt.data.batching import BatchPlan
from nmt.data.parallel_text import SentencePair
from nmt.data.prepare import prepare
from nmt.errors import CorpusError
from tests.digits import WORDS, write_corpus


def starts(*words: int) -> np.ndarray:
    """Words of so many pieces."""
    return np.array([piece == 0 for word in words for piece in range(word)])


def test_a_words_links_are_those_of_all_its_pieces() -> None:
    """Source words of 1 and 2 pieces, target words of 2 and 1, crossed."""
    found = piece_links([(0, 1), (1, 0)], starts(1, 2), starts(2, 1))
    assert sorted(map(tuple, found.tolist())) == [(0, 2), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_links_come_back_as_means_over_each_target_piece(tmp_path: Path) -> None:
    with AlignmentWriter(tmp_path, "train") as writer:
        writer.append([np.array([[0, 0], [1, 0], [2, 1]], np.uint16), np.zeros((0, 2), np.uint16)])
        writer.append([np.array([[1, 1]], np.uint16)])
    store = AlignmentStore.open(tmp_path, "train")
    assert store is not None
    found = store.gather(np.array([2, 0, 1]), 2, 3)
    np.testing.assert_array_equal(found[0], [[0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(found[1], [[0.5, 0.5, 0], [0, 0, 1]])
    assert not found[2].any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0-0\n", "has 1 lines, but the text has a pair on line 2"),
        ("0-0\n0:0\n", "line 2: '0:0' is no link; expected SOURCE-TARGET"),
        ("0-0\n2-0\n", "line 2: link 2-0 of a pair of 2 and 1 words"),
        ("0-0\n0-0\n0-0\n", "more lines than the text"),
    ],
)
def test_alignments_of_another_text_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "links"
    path.write_text(text)
    with pytest.raises(CorpusError, match=said):
        alignments = WordAlignments(path)
        for line in (1, 2):
            alignments.links_of(SentencePair("a b", "c", line))
        alignments.finish()


def aligned(tiny_config: Callable[..., Config], folder: Path, **training: object) -> Config:
    """The digits, each word of the reversed translation aligned to its digit."""
    text = write_corpus(folder, "train", 300, 1)
    lines = Path(text["source"]).read_text().splitlines()
    counts = [len(line.split()) for line in lines]
    links = [" ".join(f"{count - 1 - word}-{word}" for word in range(count)) for count in counts]
    (folder / "train.links").write_text("\n".join(links) + "\n")
    config = tiny_config(**training).model_dump()
    config["data"] |= {"train": text | {"alignment": str(folder / "train.links")}}
    return Config.model_validate(config)


def test_prepared_links_are_those_of_the_words(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    prepared = prepare(aligned(tiny_config, tmp_path), tmp_path / "run")
    plan = BatchPlan(prepared.train, 128, seed=1, replicas=2, alignments=prepared.alignments)
    batch = plan.batch(next(plan.epoch(0)))
    source, target = prepared.tokenizers.source, prepared.tokenizers.target
    assert batch.alignment.shape == (*batch.labels.shape, batch.source.shape[1])
    words = {name: str(digit) for digit, name in enumerate(WORDS)}
    looked = 0
    for row, t, s in np.argwhere(batch.alignment == 1.0):  # one digit is one piece, or two with its mark
        if target.word_starts[batch.labels[row, t]] and (name := target.pieces([batch.labels[row, t]])[0].strip("▁")) in words:
            assert words[name] in source.pieces([batch.source[row, s]])[0]
            looked += 1
    assert looked > 5


def test_guided_attention_looks_where_it_should(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    from nmt.run_directory import RunDirectory
    from nmt.training.display import TrainingDisplay
    from nmt.training.trainer import Trainer

    right = []
    for weight in (0.0, 3.0):
        few: dict[str, object] = {"max_updates": 60, "validate_every": 60, "validate_bleu_lines": 0, "metric": "loss"}
        config = aligned(tiny_config, tmp_path, guided_alignment_weight=weight, **few)
        run = tmp_path / f"run-{weight}"
        prepared = prepare(config, run)
        display = TrainingDisplay("training", Console(file=io.StringIO()))
        trainer = Trainer(config, prepared, RunDirectory(run), display, time.monotonic())
        trainer.train()
        batch = trainer.plan.batch(next(trainer.plan.epoch(0)))
        model = trainer.model
        source, target = model.embed_source(batch.source)[1], model.embed_target(batch.target)[1]
        _, attention = model.readout(source, batch.source_lengths, target, batch.target_lengths)
        looks = np.argmax(attention, axis=2)
        linked = batch.alignment.sum(axis=2) > 0
        right.append(float(np.mean(np.take_along_axis(batch.alignment, looks[..., None], axis=2)[linked] > 0)))
    free, guided = right
    assert guided > 0.8
    assert free < 0.6


def test_what_has_no_attention_cannot_be_guided(tiny_config: Callable[..., Config], tmp_path: Path) -> None:
    config = aligned(tiny_config, tmp_path).model_dump()
    config["model"]["attention"] = "none"
    with pytest.raises(ValueError, match=r"model\.attention is none"):
        Config.model_validate(config)
