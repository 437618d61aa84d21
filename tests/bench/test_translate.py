"""`nmt bench translate` from the command line: figures that fit each other. None is held to a value."""

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from nmt.bench.report import print_translate_figures
from tests.conftest import RunNmt

SLOW = "import sys, time; time.sleep(0.001 * sum(1 for line in open(sys.argv[1])))"


def test_translation_is_measured_beside_its_bounds_and_another_program(
    measured: Path, run_nmt: RunNmt, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(measured.rglob("*"))
    done = run_nmt(
        *("bench", "translate", "run", "--source", "test.source", "--reference", "test.target", "--json"),
        *("--beam", 1, "--beam", 2, "--rounds", 2, "--sentences", 5, "--against", f'{sys.executable} -c "{SLOW}" {{source}} {{beam}}'),
        cwd=measured,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert sorted(measured.rglob("*")) == before
    found = json.loads(done.stdout)
    lines = (measured / "test.source").read_text().splitlines()
    assert (found["lines"], found["translated_sentences"], found["rounds"]) == (len(lines), len(set(lines)), 2)
    assert min(found[name] for name in ("load_seconds", "first_line_seconds", "peak_memory_gib")) > 0
    assert found["read_bandwidth"]["gigabytes_per_second"] > 0
    assert found["gemm_for_share"] in found["gemm"]
    greedy, beam = found["beams"]
    assert (greedy["beam"], beam["beam"]) == (1, 2)
    for one in found["beams"]:
        assert 0 < one["sentences_per_second"]["min"] <= one["sentences_per_second"]["median"] <= one["sentences_per_second"]["max"]
        assert one["p50_ms"]["median"] <= one["p95_ms"]["median"]
        assert one["one_at_a_time"] == 5
        assert 0 <= one["padding_share"] < 1
        assert min(one["megaflops_per_sentence"], one["bound_sentences_per_second"]["median"]) > 0
        assert 0 <= one["bleu"]["score"] <= 100
        assert len(one["against"]["pairs"]) == len(one["against"]["seconds"]) == 2
        assert one["against"]["lines"]["all"] == len(set(lines))
    assert beam["search_rows"] > greedy["search_rows"] > len(set(lines))
    assert greedy["memory_bound"]["mean_steps"] == round(greedy["search_rows"] / len(set(lines)), 2)
    assert "memory_bound" not in beam
    assert found["hardware"]

    print_translate_figures(found, False, Console(highlight=False, width=100))
    printed = capsys.readouterr().out
    wanted = ["beam 1", "beam 2", "one sentence at a time, p95", "share of that bound", "BLEU", "median ratio", found["hardware"]]
    assert [part for part in wanted if part not in printed] == []


def test_lines_of_which_none_is_translated_are_told(measured: Path, run_nmt: RunNmt, tmp_path: Path) -> None:
    (tmp_path / "blank").write_text("\u200b\n", encoding="utf-8")
    done = run_nmt("bench", "translate", measured / "run", "--source", tmp_path / "blank")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "translates none of these lines" in done.stderr
