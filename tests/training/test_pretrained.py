"""A run that begins with word vectors: which rows they take, their size, and that a run carried on needs them no more."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmt.config import Config, ModelConfig
from nmt.errors import WordVectorError
from nmt.recipes import train
from nmt.training.trainer import Trainer
from tests.digits import WORDS
from tests.training.test_trainer import said, trainer_of

UNITS = 16


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    path = tmp_path / "vectors.txt"
    rows = {word: 40 * rng.standard_normal(UNITS) for word in WORDS}
    path.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in rows.items()))
    return path


@pytest.fixture
def with_vectors(tiny_config: Callable[..., Config], vectors: Path) -> Callable[..., Config]:
    def make(**training: object) -> Config:
        config = tiny_config(**training)
        return config.model_copy(update={"model": config.model.model_copy(update={"pretrained_target": vectors})})

    return make


def target_rows(trainer: Trainer) -> np.ndarray:
    return trainer.model.target_embedding.numpy()


def test_matched_rows_have_the_directions_of_the_file_and_the_size_of_the_drawn_ones(
    with_vectors: Callable[..., Config], tiny_config: Callable[..., Config], vectors: Path, tmp_path: Path
) -> None:
    drawn = trainer_of(tiny_config(), tmp_path / "drawn")
    begun = trainer_of(with_vectors(), tmp_path / "begun")
    given = {line.split()[0]: np.array(line.split()[1:], float) for line in vectors.read_text().splitlines()}
    pieces = begun.prepared.tokenizers.target.pieces(range(begun.prepared.tokenizers.target.vocabulary_size))
    matched = [(piece, given[word]) for piece, word in enumerate(piece.replace("▁", "") for piece in pieces) if word in given]
    assert len(matched) > len(WORDS) // 2  # the rest are of several pieces
    before, after = target_rows(drawn), target_rows(begun)
    for piece, vector in matched:
        cosine = after[piece] @ vector / np.linalg.norm(after[piece]) / np.linalg.norm(vector)
        assert cosine == pytest.approx(1.0, abs=1e-5)
    ids = [piece for piece, _ in matched]
    sizes = np.linalg.norm(after[ids], axis=1)
    assert sizes.mean() == pytest.approx(np.linalg.norm(before, axis=1).mean(), rel=1e-4)
    others = np.setdiff1d(np.arange(len(after)), ids)
    np.testing.assert_array_equal(after[others], before[others])
    assert f"{len(ids)} of " in said(begun)
    assert "begin with a vector of vectors.txt; without: " in said(begun)


def test_a_run_carried_on_keeps_what_it_learnt_and_needs_the_file_no_more(
    with_vectors: Callable[..., Config], vectors: Path, tmp_path: Path
) -> None:
    config = with_vectors(max_updates=10)
    whole = trainer_of(config, tmp_path / "run")
    whole.train()
    learnt = target_rows(whole)
    vectors.unlink()
    resumed = trainer_of(config, tmp_path / "run")
    np.testing.assert_array_equal(target_rows(resumed), learnt)


def test_a_file_that_does_not_fit_ends_a_run_before_any_work(with_vectors: Callable[..., Config], vectors: Path, tmp_path: Path) -> None:
    vectors.write_text("one 1 2 3\n")
    from rich.console import Console

    with pytest.raises(WordVectorError, match=r"set model\.embedding_units=3"):
        train(with_vectors(), tmp_path / "run", Console(quiet=True))
    assert not (tmp_path / "run").exists()


def test_two_files_for_one_matrix_are_refused(tiny_config: Callable[..., Config]) -> None:
    settings = tiny_config().model_dump()
    settings["model"] = ModelConfig(embedding_units=16, readout_units=16).model_dump() | {
        "pretrained_source": "a",
        "pretrained_target": "b",
        "tying": "three_way",
    }
    with pytest.raises(ValueError, match="are two files, but with three-way tying"):
        Config.model_validate(settings)
