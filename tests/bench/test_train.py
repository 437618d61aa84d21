"""`nmt bench train` from the command line: figures that fit each other. None is held to a value."""

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from nmt.bench.report import print_train_figures
from tests.conftest import RunNmt

PARTS = ["input", "encoder", "decoder LSTM", "attention and readout", "softmax and loss", "optimizer"]


def test_training_is_measured_taken_apart_and_set_beside_another_program(
    measured: Path, run_nmt: RunNmt, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(measured.rglob("*"))
    command = f"{sys.executable} -c \"print('speed 100'); print('speed 300')\""
    done = run_nmt(
        *("bench", "train", "digits.yaml", "--run-dir", "run", "--updates", 7, "--rounds", 2, "--profile", "--json"),
        *("--set", "model.decoder_layers=2"),
        *("--against", command, "--against-pattern", r"speed (\d+)"),
        cwd=measured,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert sorted(measured.rglob("*")) == before
    found = json.loads(done.stdout)
    assert (found["updates"], found["rounds"]) == (7, 2)
    for name in ("target_tokens_per_second", "source_tokens_per_second", "updates_per_second", "achieved_gflops_per_second"):
        assert 0 < found[name]["min"] <= found[name]["median"] <= found[name]["max"]
    assert 0 <= found["padding_share"] < 1
    assert 1 <= found["batch_shapes"] <= 7
    assert found["mean_target_length"] > 1
    assert min(found["peak_memory_gib"], found["parameters"], found["megaflops_per_target_token"]) > 0
    assert found["gemm_for_share"] in found["gemm"]
    assert found["gemm"]["decoder gates from state"]["product"].endswith("32]·[32, 128]")
    assert list(found["profile"]["parts"]) == PARTS
    assert found["profile"]["whole_milliseconds"]["median"] > 0
    assert [pair["theirs"] for pair in found["against"]["pairs"]] == [200.0, 200.0]
    assert found["against"]["pairs"][0]["ours"] > 0
    assert found["hardware"]
    assert found["versions"]["tensorflow"]

    print_train_figures(found, False, Console(highlight=False, width=100))
    printed = capsys.readouterr().out
    assert [
        part for part in [*PARTS, "whole update", "share of the GEMM rate", "median ratio", found["hardware"]] if part not in printed
    ] == []


def test_without_a_run_the_data_is_prepared_and_left_nowhere(measured: Path, run_nmt: RunNmt, tmp_path: Path) -> None:
    done = run_nmt("bench", "train", measured / "digits.yaml", "--updates", 1, "--rounds", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "train: 300 of 300 pairs kept" in done.stderr
    assert "target tokens/s" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "tokenizer.vocabulary_size=301"], "other settings"),
        (["--against", f"{sys.executable} -c 1", "--against-pattern", "(x)"], "matches none"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(options: list[str], said: str, measured: Path, run_nmt: RunNmt) -> None:
    done = run_nmt("bench", "train", "digits.yaml", "--run-dir", "run", "--updates", 1, "--rounds", 1, *options, cwd=measured)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
