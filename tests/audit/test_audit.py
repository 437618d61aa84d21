"""The audit from end to end: what was spoiled is found, in one process and in several, and as a person sees it."""

import json
from pathlib import Path

import pytest

from nmt.audit import processes
from nmt.audit.findings import dropped_kinds
from nmt.audit.request import Request
from nmt.audit.run import Plan, audit
from tests.audit.noisy_text import write_noisy_text
from tests.conftest import RunNmt

PAIRS = 3000


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[int]]]:
    folder = tmp_path_factory.mktemp("noisy")
    return folder, write_noisy_text(folder, PAIRS)


def request_of(folder: Path) -> Request:
    test = {"test_source": folder / "test.en", "test_target": folder / "test.de"}
    return Request((str(folder / "train.en"), str(folder / "train.de")), files=test, overrides=("tokenizer.vocabulary_size=500",))


def test_all_that_was_spoiled_is_found_in_its_lines(noisy: tuple[Path, dict[str, list[int]]]) -> None:
    folder, spoiled = noisy
    report = audit(request_of(folder).config(), Plan(dropped_kinds(), write=folder / "out", processes=1))
    assert {kind for kind, lines in spoiled.items() if lines} >= {"not_utf8", "mojibake", "wrong_language", "leaked_pair", "leaked_source"}
    found = {one.finding.key: one for one in report.found if one.set_name == "train"}
    rejected = [row.split("\t") for row in (folder / "out" / "rejected.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    for kind, lines in spoiled.items():
        assert found[kind].count >= len(lines)
        if found[kind].drops:
            assert set(lines) <= {int(row[1]) for row in rejected if kind in row[2].split(",")}, kind
    spoiled_lines = {line for lines in spoiled.values() for line in lines}
    unspoiled = [row for row in rejected if int(row[1]) not in spoiled_lines]
    assert len(unspoiled) <= 3  # what the grammar itself repeats


def test_several_processes_find_what_one_finds(noisy: tuple[Path, dict[str, list[int]]], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = noisy
    monkeypatch.setattr(processes, "BLOCK_PAIRS", 600)
    one, two = (audit(request_of(folder).config(), Plan(dropped_kinds(), processes=count)).as_dict() for count in (1, 2))
    assert one == two


def test_the_command_line_prints_a_table_and_json(noisy: tuple[Path, dict[str, list[int]]], run_nmt: RunNmt, tmp_path: Path) -> None:
    folder, _ = noisy
    names = folder / "train.en", folder / "train.de"
    small = ("--set", "tokenizer.vocabulary_size=500")
    shown = run_nmt("audit", *names, *small, "--html", tmp_path / "page.html", "--write", tmp_path / "out", "--keep", "copied")
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    row = next(line for line in shown.stdout.splitlines() if line.startswith("copied "))
    assert "keeps" in row
    assert "en: median" in shown.stdout
    assert max(map(len, shown.stdout.split("not looked at")[0].splitlines()[:30])) <= 100
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    told = run_nmt("audit", *names, *small, "--json")
    report = json.loads(told.stdout)
    assert report["sets"][0]["pairs"] == PAIRS
    assert {finding["finding"] for finding in report["findings"]} >= {"mojibake", "duplicate_pair"}


def test_a_config_is_audited_with_all_its_sets(run_nmt: RunNmt) -> None:
    found = run_nmt("audit", "demo", "--json", "--set", "tokenizer.vocabulary_size=300", "--tokenizer", "gone")
    assert found.returncode == 2
    assert "--tokenizer gone does not exist" in found.stderr


def test_a_text_of_blank_lines_has_no_tokenizer_and_an_answer(tmp_path: Path) -> None:
    for name in ("a.en", "a.de"):
        (tmp_path / name).write_text("\n\n")
    report = audit(Request((str(tmp_path / "a.en"), str(tmp_path / "a.de"))).config(), Plan(dropped_kinds(), processes=1))
    assert report.unit == "characters"
    assert [one.finding.key for one in report.found] == ["empty"]
    assert "no text to learn from" in report.not_looked_at[0].reason
