"""Tuning the search: the order of the grid and the choice, then a tiny export from tuning to a version that has what was chosen."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import nmt
from nmt.config import Config
from nmt.errors import ExportError
from nmt.evaluation import Score
from nmt.model_directory import SearchDefaults, find_model_directory
from nmt.recipes import train
from nmt.scoring import print_model
from nmt.tuned_export import folder_for
from nmt.tuning import Grid, Point, Trial, choose, climb
from serve.loaded_model import load_checked
from tests.conftest import RunNmt

QUIET = Console(file=io.StringIO())
OWN = Point(5, 1.0, 0.0)
GRID = Grid((1, 4, 8), (0.0, 1.0, 2.0), (0.0, 0.2))


def trial(point: Point, bleu: float) -> Trial:
    return Trial(point, Score("BLEU", bleu, "by hand"), 1.0, [])


def hill(point: Point) -> Trial:
    """Best at a beam of 8, alpha 2 and no coverage penalty."""
    return trial(point, 30 + point.beam_size / 2 + point.length_penalty - 10 * point.coverage_penalty)


def test_one_setting_after_the_other_each_with_the_best_of_those_before() -> None:
    tried = [one.point for one in climb(GRID, OWN, hill)]
    assert tried[:1] == [OWN]
    assert tried[1:4] == [(4, 0.0, 0.0), (4, 1.0, 0.0), (4, 2.0, 0.0)]
    assert tried[4:] == [(4, 2.0, 0.2), (1, 2.0, 0.0), (8, 2.0, 0.0)]
    assert len(tried) <= GRID.most


def test_no_search_is_made_twice() -> None:
    tried = [one.point for one in climb(GRID, Point(4, 2.0, 0.2), hill)]
    assert len(tried) == len(set(tried)) == 6


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({OWN: 30.0, Point(4, 1.0, 0.0): 30.5, Point(8, 1.0, 0.0): 31.0}, Point(8, 1.0, 0.0)),
        ({OWN: 30.0, Point(4, 1.0, 0.0): 30.95, Point(8, 1.0, 0.0): 31.0}, Point(4, 1.0, 0.0)),
        ({OWN: 30.96, Point(5, 1.2, 0.0): 30.99, Point(8, 1.0, 0.0): 31.0}, OWN),
        ({OWN: 30.8, Point(5, 1.2, 0.0): 30.95, Point(5, 1.4, 0.0): 30.99}, Point(5, 1.4, 0.0)),
    ],
)
def test_what_costs_less_is_chosen_unless_more_brings_something(scores: dict[Point, float], chosen: Point) -> None:
    """A wider beam that brings much, a narrower one that loses little, the model's own search among equals, the best of the rest."""
    assert choose([trial(point, bleu) for point, bleu in scores.items()], OWN).point == chosen


@pytest.fixture(scope="module")
def run(tiny_files: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    config: dict[str, Any] = {
        "data": {"source_language": "num", "target_language": "en", **tiny_files},
        "tokenizer": {"vocabulary_size": 300},
        "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32, "dropout": 0.0},
        "search": {"beam_size": 3, "coverage_penalty": 5.0, "copy_untranslatable": False},  # far from the best
        "training": {"batch_tokens": 512, "max_updates": 100, "validate_every": 100, "warmup_updates": 10, "learning_rate": 0.01},
    }
    folder = tmp_path_factory.mktemp("runs") / "tuned"
    train(Config.model_validate(config), folder, QUIET)
    return folder


def test_a_run_is_tuned_and_gets_a_version_with_the_chosen_search(run: Path, run_nmt: RunNmt, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "export/1/MODEL.json").read_bytes()
    few = ["--beam", 1, "--beam", 2, "--beam", 3, "--length-penalty", 0, "--length-penalty", 1, "--coverage-penalty", 0]
    found = run_nmt("tune", run, *few, "--coverage-penalty", 0.5, "--write", "--json")
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    trials = {(one["beam_size"], one["length_penalty"], one["coverage_penalty"]): one["bleu"] for one in said["trials"]}
    assert len(trials) == len(said["trials"]) >= 5
    chosen = {name: said["chosen"][name] for name in ("beam_size", "length_penalty", "coverage_penalty")}
    assert trials[tuple(chosen.values())] >= max(trials.values()) - said["margin"]
    assert (said["set"], said["lines"], said["version"]) == ("valid", 40, 1)
    assert said["gain"] == pytest.approx(said["after"] - said["before"], abs=0.006)
    assert said["written"] == str(run / "export/2")
    assert (run / "export/1/MODEL.json").read_bytes() == before  # a server may have it loaded
    model = find_model_directory(run)
    assert model.path == run / "export/2"
    model.verify_files()
    assert model.manifest.search == SearchDefaults(**chosen)
    assert model.manifest.scores[0].score == said["after"]
    assert model.manifest.tuning is not None
    assert model.manifest.tuning.model_dump(mode="json") == {name: said[name] for name in type(model.manifest.tuning).model_fields}
    golden = model.golden_lines()
    assert nmt.load(run).translate(list(golden)) == list(golden.values())
    load_checked(model.path, None, 4)  # what a server does before it takes a version
    print_model(model, as_json=False)
    info = " ".join(capsys.readouterr().out.split())
    assert f"beam {chosen['beam_size']}, length penalty {chosen['length_penalty']:g}, coverage penalty" in info
    assert "with the search of version 1" in info


def test_a_named_text_and_another_folder(run: Path, tiny_files: dict[str, dict[str, str]], run_nmt: RunNmt, tmp_path: Path) -> None:
    """With nothing better to find, nothing is written."""
    text = ["--source", tiny_files["valid"]["source"], "--reference", tiny_files["valid"]["target"]]
    only = ["--beam", 3, "--length-penalty", 1, "--coverage-penalty", 5]
    found = run_nmt("tune", run / "export/1", *text, *only, "--write", "-o", tmp_path / "out")
    assert found.returncode == 0, found.stderr
    assert "there is nothing to write" in found.stdout
    assert not (tmp_path / "out").exists()


def test_coverage_reaches_the_graph_of_an_export(run: Path) -> None:
    """The score of a line falls by beta times one number; two of them tell it."""
    model = nmt.load(run / "export/1")
    scores = [model.hypotheses(["3 4 5"], beam_size=1, coverage_penalty=beta)[0][0].score for beta in (0.0, 0.5, 1.0)]
    assert scores[0] > scores[1]
    assert scores[0] - scores[2] == pytest.approx(2 * (scores[0] - scores[1]), rel=1e-4)


def test_where_a_tuned_model_goes(run: Path, tmp_path: Path) -> None:
    directory = find_model_directory(run)
    assert folder_for(directory, None) == (run / "export").resolve()
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="is not a folder"):
        folder_for(directory, tmp_path / "file")
