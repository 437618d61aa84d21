"""Several models as one: the mean of their probabilities, by hand and through an export."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

import nmt
from nmt.config import Config, ModelConfig, SearchConfig
from nmt.ensemble import Ensemble
from nmt.errors import ExportError
from nmt.inference import Inference, LiveRuntime
from nmt.model.seq2seq import SearchWeights, Seq2Seq
from nmt.publishing import export_runs
from nmt.recipes import train
from tests.conftest import RunNmt

VOCABULARY = 37
QUIET = Console(file=io.StringIO())
SOURCE, LENGTHS = np.array([[5, 6, 7, 3], [9, 3, 0, 0]], np.int32), np.array([4, 2], np.int32)


def model(seed: int, **settings: object) -> Seq2Seq:
    keras.utils.set_random_seed(seed)
    sizes = {"embedding_units": 8, "encoder_units": 6, "decoder_units": 12, "dropout": 0.0}
    made = Seq2Seq(ModelConfig.model_validate(sizes | settings), VOCABULARY, VOCABULARY, joint=True)
    rng = np.random.default_rng(seed)
    for variable in made.trainable_variables:  # far from uniform, biases too
        variable.assign(variable.numpy() + 0.5 * rng.standard_normal(variable.shape))
    return made


@pytest.fixture(scope="module")
def members() -> list[Seq2Seq]:
    return [
        model(1),
        model(2, cell="gru", decoder_units=10, attention="additive", decoder_layers=2),
        model(3, attention="none", encoder="unidirectional", encoder_layers=2, decoder_layers=2, readout_units=9, tying="none"),
    ]


def first_step(searched: Any, chosen: np.ndarray | None = None, table: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Logits and attention of the first step of a search with one hypothesis a sentence."""
    inference = Inference(searched, SearchConfig())
    found = inference.search_weights(tf.constant(table))
    weights = SearchWeights(*(found[name] for name in SearchWeights._fields))
    if chosen is not None:
        weights = weights._replace(
            output_weights=tf.gather(weights.output_weights, chosen, axis=1),
            output_bias=tf.gather(weights.output_bias, chosen),
            output_ids=tf.constant(chosen, tf.int32),
        )
    memory, state = searched.encode(SOURCE, LENGTHS)
    logits, _, attention = searched.step(tf.constant([1, 1]), tf.range(2), tf.constant(1), state, memory, weights)
    return logits.numpy(), attention.numpy()


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("chosen", [None, np.array([0, 1, 2, 3, 7, 11, 30], np.int32)])
def test_a_step_gives_the_mean_of_the_members_probabilities(members: list[Seq2Seq], chosen: np.ndarray | None, table: bool) -> None:
    """Over the whole vocabulary, and over a shortlist of it."""
    log_probs, attention = first_step(Ensemble(members), chosen, table)
    alone = [first_step(member, chosen) for member in members]
    np.testing.assert_allclose(np.exp(log_probs), np.mean([softmax(logits) for logits, _ in alone], axis=0), atol=1e-6)
    np.testing.assert_allclose(attention, (alone[0][1] + alone[1][1]) / 2, atol=1e-6)  # the third attends to nothing


def found(searched: Any, beam: int) -> Any:
    return LiveRuntime(Inference(searched, SearchConfig())).translate_ids(SOURCE, LENGTHS, beam_size=beam, length_penalty=1.0, max_steps=9)


@pytest.mark.parametrize("beam", [1, 3])
def test_an_ensemble_of_one_or_of_twins_finds_what_the_model_finds(members: list[Seq2Seq], beam: int) -> None:
    alone = found(members[0], beam)
    for ensemble in (Ensemble(members[:1]), Ensemble([members[0], members[0]])):
        together = found(ensemble, beam)
        np.testing.assert_array_equal(together.ids, alone.ids)
        np.testing.assert_allclose(together.scores, alone.scores, atol=1e-5)
        np.testing.assert_allclose(together.attention, alone.attention, atol=1e-6)


def test_coverage_counts_the_mean_attention_of_the_members(members: list[Seq2Seq]) -> None:
    """Each hypothesis' score falls by what the attention that is reported with it leaves uncovered, up to that of the step of EOS."""
    runtime = LiveRuntime(Inference(Ensemble(members), SearchConfig()))
    search = {"beam_size": 3, "length_penalty": 1.0, "max_steps": 9}
    without, found = (runtime.translate_ids(SOURCE, LENGTHS, **search, coverage_penalty=beta) for beta in (0.0, 0.7))
    for row, source in enumerate(LENGTHS):
        known = {tuple(without.ids[row, rank]): rank for rank in range(3)}
        for rank in range(3):
            before = known[tuple(found.ids[row, rank])]
            penalty = (found.scores[row, rank] - without.scores[row, before]) / 0.7
            seen = found.attention[row, rank].sum(axis=0)[:source]  # of a step more at most 1 altogether
            assert np.log(np.clip(seen, 1e-6, 1)).sum() - 1e-4 <= penalty <= 1e-4


def test_members_without_attention_have_nothing_to_cover_by(members: list[Seq2Seq]) -> None:
    runtime = LiveRuntime(Inference(Ensemble(members[2:]), SearchConfig()))
    assert not runtime.takes_coverage_penalty
    assert LiveRuntime(Inference(Ensemble(members), SearchConfig())).takes_coverage_penalty


@pytest.fixture(scope="module")
def runs(tiny_files: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("members")
    config: dict[str, Any] = {
        "data": {"source_language": "num", "target_language": "en", **tiny_files},
        "tokenizer": {"vocabulary_size": 300},
        "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32},
        "training": {"batch_tokens": 512, "max_updates": 60, "validate_every": 60, "warmup_updates": 10, "learning_rate": 0.01},
    }
    first = train(Config.model_validate(config), folder / "first", QUIET).parents[1]
    config["tokenizer"] |= {"model": str(first / "tokenizer.model")}
    config["training"] |= {"seed": 2}
    config["model"] |= {"cell": "gru"}
    return [first, train(Config.model_validate(config), folder / "second", QUIET).parents[1]]


def test_runs_become_one_model(runs: list[Path], tmp_path: Path, run_nmt: RunNmt) -> None:
    done = run_nmt("export", *runs, "-o", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    assert "verified: " in done.stderr
    assert Path(done.stdout.strip()) == tmp_path / "both/1"
    manifest = json.loads((tmp_path / "both/1/MODEL.json").read_text())
    assert [(member["name"], member["updates"], member["seed"]) for member in manifest["members"]] == [("first", 60, 1), ("second", 60, 2)]
    assert manifest["training"]["updates"] == 120
    translator = nmt.load(tmp_path / "both")
    assert all(translator.translate(["1 2 3", "4"]))
    shown = run_nmt("info", tmp_path / "both").stdout
    assert "ensemble of" in shown
    assert "second: 60 updates" in shown
    refused = run_nmt("bench", "translate", tmp_path / "both", "--source", runs[0] / "data/valid.source.txt")
    assert refused.returncode == 2
    assert "is an ensemble" in refused.stderr


def test_runs_that_do_not_fit_are_told_apart(runs: list[Path], tmp_path: Path, tiny_config: Callable[..., Config]) -> None:
    other = tiny_config(max_updates=2, seed=5)
    other = other.model_copy(update={"tokenizer": other.tokenizer.model_copy(update={"vocabulary_size": 290})})
    path = train(other, tmp_path / "other", QUIET).parents[1]
    with pytest.raises(ExportError, match=r"another vocabulary than .*--set tokenizer.model=.*first/tokenizer\.model"):
        export_runs([runs[0], path], "best", tmp_path / "out", QUIET)
    with pytest.raises(ExportError, match="say with -o DIR"):
        export_runs(runs, "best", None, QUIET)
    with pytest.raises(ExportError, match="named twice"):
        export_runs([runs[0], runs[0]], "best", tmp_path / "out", QUIET)
    assert not list((tmp_path / "out").glob("*"))
