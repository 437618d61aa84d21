"""`nmt bench prepare` from the command line: figures that fit each other. None is held to a value."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from nmt.bench.report import print_prepare_figures
from tests.conftest import RunNmt


def test_generated_text_is_prepared_and_left_nowhere(run_nmt: RunNmt, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run_nmt("bench", "prepare", "--pairs", 2000, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    found = json.loads(done.stdout)
    assert found["pairs"] == 2000
    assert 0 < found["kept"] < 2000  # some are held out
    assert list(found["stages"]) == ["reading and hashing the files", "training the tokenizer", "encoding and writing ids"]
    assert sum(stage["seconds"] for stage in found["stages"].values()) == pytest.approx(found["seconds"], abs=0.05)
    words_at_least = 10 * 2 * found["kept"]
    assert found["batches"]["tokens"] > words_at_least
    assert 0 < found["prepare_peak_memory_gib"] <= found["peak_memory_gib"]
    print_prepare_figures(found, False, Console(highlight=False, width=100))
    printed = capsys.readouterr().out
    assert [part for part in [*found["stages"], "from text to ids", "peak memory", found["hardware"]] if part not in printed] == []


def test_a_configs_own_text_is_measured(measured: Path, run_nmt: RunNmt, tmp_path: Path) -> None:
    done = run_nmt("bench", "prepare", measured / "digits.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "300 pairs, 300 kept" in done.stdout
