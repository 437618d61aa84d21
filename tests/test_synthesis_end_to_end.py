"""The two verbs as a user types them, over a real model: their configs train, and the tag is among the ids."""

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

import nmt
from nmt.config_file import load_config
from nmt.data.prepare import prepare
from nmt.recipes import train
from nmt.run_directory import RunDirectory
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer
from tests.conftest import RunNmt
from tests.digits import write_corpus
from tests.test_synthesis import lines_of

QUIET = Console(file=io.StringIO())
CONFIG = {
    "tokenizer": {"vocabulary_size": 300},
    "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32, "dropout": 0.2},
    "search": {"copy_untranslatable": False},
    "training": {"batch_tokens": 256, "max_updates": 40, "validate_every": 40, "warmup_updates": 5, "learning_rate": 0.01},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that translates digits, as yet badly, its config, and the config of the opposite direction."""
    place = tmp_path_factory.mktemp("synthesis")
    text = {"train": write_corpus(place, "train", 300, 1), "valid": write_corpus(place, "valid", 20, 2)}
    turned = {role: {"source": sides["target"], "target": sides["source"]} for role, sides in text.items()}
    for name, data in (("mine", {"source_language": "num", "target_language": "en"} | text), ("back", turned)):
        directed = {"source_language": "en", "target_language": "num"} | data
        (place / f"{name}.yaml").write_text(yaml.safe_dump(CONFIG | {"data": directed}))
    train(load_config(place / "mine.yaml"), place / "teacher", QUIET)
    return place


def test_a_teacher_distils_and_its_student_trains(place: Path, run_nmt: RunNmt) -> None:
    done = run_nmt("distill", "teacher", "mine.yaml", "-o", "out", "--n-best", "3", "--beam", "4", cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(place / "out/config.yaml")
    assert f"next: nmt train {place / 'out/config.yaml'} --run-dir runs/out" in done.stderr

    given = lines_of(place / "train.source")
    beams = [[one.text.strip() for one in beam] for beam in nmt.load(place / "teacher").hypotheses(given, n_best=4, beam_size=4)]
    rows = list(zip(lines_of(place / "out/distilled.num"), lines_of(place / "out/distilled.en"), strict=True))
    counts = json.loads((place / "out/SYNTHESIS.json").read_text())["counts"]["distilled"]
    assert (counts["read"], counts["kept"]) == (len(beams), len(rows))
    at = 0
    for line, texts in zip(given, beams, strict=True):
        beam, taken = iter(texts), 0
        while taken < 3 and at < len(rows) and rows[at][0] == line and rows[at][1] in beam:  # `in` moves on: the order is the beam's
            at, taken = at + 1, taken + 1
    assert at == len(rows) > len(beams)

    ready = load_config(place / "out/config.yaml", ["training.max_updates=4", "model.encoder_units=8", "model.decoder_units=16"])
    prepared = prepare(ready, place / "student")
    assert [share["weight"] for share in prepared.manifest["shares"]] == [1.0, 0.333333]
    student = Trainer(ready, prepared, RunDirectory(place / "student"), TrainingDisplay("training", QUIET), time.monotonic())
    assert student.train().update == 4


def test_back_translated_sources_carry_their_tag_as_an_id(place: Path, run_nmt: RunNmt) -> None:
    typed = ("backtranslate", "teacher", "--text", "train.source", "--config", "back.yaml", "-o", "pairs", "--threads", "1")
    done = run_nmt(*typed, cwd=place)
    assert done.returncode == 0, done.stderr
    prepared = prepare(load_config(place / "pairs/config.yaml"), place / "prepared")
    gold, made = (share["pairs"] for share in prepared.manifest["shares"])
    tag = prepared.tokenizers.source.tag_id("bt")
    firsts = np.array([prepared.train.source(pair)[0] for pair in range(gold + made)])
    assert (firsts[:gold] != tag).all()
    assert (firsts[gold:] == tag).all()
    assert made > 100
