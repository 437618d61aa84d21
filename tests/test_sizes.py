"""`nmt train --source F --target F`: which sizes text gets, what is typed, and one such run from the command line."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from nmt.errors import ConfigError
from nmt.own_text import OwnText, sized_config
from nmt.sizes import TABLE, row_for, settings_for
from tests.conftest import RunNmt
from tests.digits import write_corpus

DOCS = Path(__file__).parent.parent / "docs" / "training.md"


def test_the_row_is_the_first_that_is_large_enough() -> None:
    assert [row_for(pairs).vocabulary for pairs in (1, 3_000, 3_001, 60_000, 10**9)] == [1_000, 1_000, 2_000, 8_000, 32_000]


def test_updates_are_the_epochs_of_the_row() -> None:
    """29,000 pairs of 12 words: 12 epochs of about 470,000 pieces, in batches of about 920."""
    settings = settings_for(29_000, 29_000 * 12)
    pieces = settings["training"]["max_updates"] * 0.9 * 1024
    assert pieces == pytest.approx(12 * 29_000 * 12 * 1.35, rel=0.1)
    assert settings["training"]["max_updates"] % settings["training"]["validate_every"] == 0


def test_little_text_still_gets_two_validations() -> None:
    training = settings_for(200, 800)["training"]
    assert training["max_updates"] >= 2 * training["validate_every"]


def test_more_text_never_gets_a_smaller_model_or_more_dropout() -> None:
    for smaller, larger in pairwise(TABLE):
        assert smaller.vocabulary <= larger.vocabulary
        assert smaller.decoder * smaller.layers <= larger.decoder * larger.layers
        assert smaller.dropout >= larger.dropout
        assert smaller.epochs > larger.epochs


def test_the_documentation_shows_the_table() -> None:
    rows = [
        (
            f"{row.pairs:,}" if row.pairs else "more",
            f"{row.vocabulary:,} | {row.embedding} | {row.encoder} × 2 | {row.decoder} | {row.layers}",
            f"{row.dropout:g} | {row.word_dropout:g} | {row.label_smoothing:g}",
            f"{row.batch_tokens:,} | {row.learning_rate:g} | {row.epochs}",
        )
        for row in TABLE
    ]
    text = DOCS.read_text(encoding="utf-8")
    for row in rows:
        assert f"| {' | '.join(row)} |" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (OwnText(source=Path("a.en")), "--target is missing"),
        (OwnText(source=Path("a.en"), target=Path("a.de"), tsv=Path("a.tsv")), "give one of the three"),
        (OwnText(tsv=Path("a.tsv"), target_language="de"), "--source-lang"),
        (OwnText(source=Path("a.en"), target=Path("a.txt")), "--target-lang"),
        (OwnText(source=Path("a.en"), target=Path("a.de"), valid_target=Path("b.de")), "--valid-source is missing"),
    ],
)
def test_what_does_not_fit_is_said(typed: OwnText, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        typed.data()


def test_overrides_win_over_the_table(tmp_path: Path) -> None:
    text = write_corpus(tmp_path, "train", 300, 1)
    typed = OwnText(Path(text["source"]), Path(text["target"]), source_language="num", target_language="en")
    sized = sized_config(typed, ["model.dropout=0.05"], lambda _: None)
    assert (sized.pairs, sized.config.model.dropout, sized.config.tokenizer.vocabulary_size) == (300, 0.05, 1_000)
    assert sized.run_name == "train-num-en"


def test_a_run_that_begins_with_another_gets_no_shape_of_its_own(tmp_path: Path) -> None:
    files = write_corpus(tmp_path, "few", 20, 1)
    text = OwnText(source=Path(files["source"]), target=Path(files["target"]), source_language="num", target_language="en")
    config = sized_config(text, [f"training.init_from={tmp_path}"], lambda count: None).config
    assert config.model.model_fields_set == {"dropout", "word_dropout"}
    assert not config.tokenizer.model_fields_set
    assert config.training.learning_rate == settings_for(20, 60)["training"]["learning_rate"]


def test_a_run_from_two_files_says_what_was_chosen_and_what_was_set_aside(run_nmt: RunNmt, tmp_path: Path) -> None:
    write_corpus(tmp_path, "train", 300, 1)
    (tmp_path / "train.source").rename(tmp_path / "train.num")
    (tmp_path / "train.target").rename(tmp_path / "train.en")
    short = ("training.max_updates=4", "training.validate_every=4", "training.validate_bleu_lines=5", "search.beam_size=1")
    few = [f"--set={setting}" for setting in (*short, "search.max_length_factor=1", "search.max_length_offset=2")]
    done = run_nmt("train", "--source", "train.num", "--target", "train.en", *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "runs/train-num-en/export/1"
    for said in ("300 pairs", "sizes for up to 3,000 pairs", "vocabulary 1,000 pieces", "30 of 300 training pairs"):
        assert said in " ".join(done.stderr.split())
    config = yaml.safe_load((tmp_path / "runs/train-num-en/config.yaml").read_text())
    assert config["model"]["decoder_units"] == 256
    assert config["data"]["target_language"] == "en"
