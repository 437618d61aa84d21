"""Preparation: what is kept and why, the same every time, reused when it holds, and never half-written."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmt.config import Config
from nmt.config_file import save_config
from nmt.data.corpus import file_sha256
from nmt.data.manifest import settings_sha256
from nmt.data.pair_store import PairWriter
from nmt.data.prepare import Prepared, prepare
from nmt.errors import CorpusError, NmtError, RunError

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ZAHLEN = ["ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"]
THINGS = {"houses": "Häuser", "cars": "Autos", "trees": "Bäume", "birds": "Vögel", "bridges": "Brücken", "boats": "Boote"}
PAIRS = [
    (f"{NUMBERS[i]} {thing} and {NUMBERS[j]} others", f"{ZAHLEN[i]} {ding} und {ZAHLEN[j]} andere")
    for i in range(10)
    for thing, ding in THINGS.items()
    for j in range(5)
]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return path


def config(folder: Path, train: list[tuple[str, str]] = PAIRS, valid: list[tuple[str, str]] | None = None, **sections: Any) -> Config:
    folder.mkdir(exist_ok=True)
    data = {"source_language": "en", "target_language": "de"} | sections.pop("data", {})
    for split, pairs in (("train", train), ("valid", valid)):
        if pairs is not None:
            sides = {side: write(folder / f"{split}.{side}", [pair[n] for pair in pairs]) for n, side in enumerate(("source", "target"))}
            data[split] = sides
    return Config.model_validate({"data": data, "tokenizer": {"vocabulary_size": 400} | sections.pop("tokenizer", {}), **sections})


def snapshot(run_dir: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(run_dir)): (file_sha256(path), path.stat().st_mtime_ns)
        for path in sorted(run_dir.rglob("*"))
        if path.is_file()
    }


def hashes(run_dir: Path) -> dict[str, str]:
    return {name: facts[0] for name, facts in snapshot(run_dir).items()}


def train_texts(prepared: Prepared) -> list[tuple[str, str]]:
    store, pair = prepared.train, prepared.tokenizers
    sources = pair.source.decode([store.source(index) for index in range(len(store))])
    return list(zip(sources, pair.target.decode([store.target(index) for index in range(len(store))]), strict=True))


def test_all_pairs_come_back_in_order(tmp_path: Path) -> None:
    prepared = prepare(config(tmp_path, valid=PAIRS[:7]), tmp_path / "run")
    assert train_texts(prepared) == PAIRS
    assert list(zip(prepared.valid_source, prepared.valid_target, strict=True)) == PAIRS[:7]
    assert len(prepared.valid) == 7
    assert prepared.tokenizers.joint
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["data", "tokenizer.model"]
    assert prepared.manifest["hold_out"] is None


def test_separate_vocabularies(tmp_path: Path) -> None:
    prepared = prepare(config(tmp_path, valid=PAIRS[:7], tokenizer={"joint": False, "vocabulary_size": 400}), tmp_path / "run")
    assert not prepared.tokenizers.joint
    assert prepared.tokenizers.source.model != prepared.tokenizers.target.model
    assert train_texts(prepared) == PAIRS
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["data", "tokenizer.source.model", "tokenizer.target.model"]


def test_a_given_tokenizer_is_used_as_it_is(tmp_path: Path) -> None:
    first = prepare(config(tmp_path, valid=PAIRS[:7]), tmp_path / "first")
    given = tmp_path / "first" / "tokenizer.model"
    second = prepare(config(tmp_path, train=PAIRS[:50], valid=PAIRS[:7], tokenizer={"model": given}), tmp_path / "second")
    assert (tmp_path / "second" / "tokenizer.model").read_bytes() == given.read_bytes() == first.tokenizers.source.model
    assert "tokenizer.model" in second.manifest["inputs"]


def test_every_drop_has_its_reason_and_its_lines(tmp_path: Path) -> None:
    bad = [("", "leer"), ("blank", " \u3000 "), ("nul\0", "nul"), ("long " * 40, "lang " * 40), ("x", "ein sehr viel längerer Satz als x")]
    invisible = ("\u200b", "nichts")
    chosen = config(
        tmp_path,
        train=[*PAIRS[:60], *bad, invisible, *PAIRS[60:]],
        valid=PAIRS[:7],
        data={"max_pieces": 30},
        search={"max_source_pieces": 30},
    )
    counts = prepare(chosen, tmp_path / "run").manifest["counts"]["train"]
    assert counts == {
        "read": len(PAIRS) + 6,
        "kept": len(PAIRS),
        "dropped": {
            "blank_line": {"count": 3, "first_lines": [61, 62, 66]},
            "nul_character": {"count": 1, "first_lines": [63]},
            "too_long": {"count": 1, "first_lines": [64]},
            "length_ratio": {"count": 1, "first_lines": [65]},
        },
    }


def test_at_most_ten_lines_are_listed(tmp_path: Path) -> None:
    prepared = prepare(config(tmp_path, train=[*PAIRS, *[("", "")] * 25], valid=PAIRS[:7]), tmp_path / "run")
    assert prepared.manifest["counts"]["train"]["dropped"]["blank_line"] == {"count": 25, "first_lines": list(range(301, 311))}


def test_validation_text_is_left_whole_and_only_its_ids_are_limited(tmp_path: Path) -> None:
    odd = "U+2028 \u2028 stays,  as do  spaces"
    valid = [(odd, "y"), ("", "leer"), ("long " * 40, "lang " * 40), ("x", "ein sehr viel längerer Satz als x"), PAIRS[0]]
    prepared = prepare(config(tmp_path, valid=valid, data={"max_pieces": 35}, search={"max_source_pieces": 35}), tmp_path / "run")
    assert prepared.valid_source == [odd, "long " * 40, "x", PAIRS[0][0]]
    assert len(prepared.valid_target) == 4
    assert len(prepared.valid) == 3
    counts = prepared.manifest["counts"]["valid"]
    assert (counts["read"], counts["kept"], counts["in_loss"]) == (5, 4, 3)
    assert counts["dropped"] == {"blank_line": {"count": 1, "first_lines": [2]}, "too_long": {"count": 1, "first_lines": [3]}}


def test_held_out_pairs_are_spread_evenly_said_and_gone_from_training(tmp_path: Path) -> None:
    repeated = PAIRS[9]
    prepared = prepare(config(tmp_path, train=[*PAIRS, repeated]), tmp_path / "run")
    held = list(zip(prepared.valid_source, prepared.valid_target, strict=True))
    places = [PAIRS.index(pair) for pair in held]
    assert len(held) == 30
    assert np.ptp(np.diff(places[:-1])) <= 1
    assert held[-1] == repeated  # the last line of the text, whose double on line 10 must leave training too
    assert not set(held) & set(train_texts(prepared))
    assert sorted({*held, *train_texts(prepared)}) == sorted(PAIRS)
    assert prepared.manifest["hold_out"]["pairs"] == 30
    assert "30 of 301 training pairs" in prepared.manifest["hold_out"]["statement"]
    assert prepared.manifest["counts"]["train"]["dropped"]["in_hold_out"]["count"] == 31


def test_hold_out_as_many_as_asked_for(tmp_path: Path) -> None:
    assert len(prepare(config(tmp_path, data={"hold_out": 12}), tmp_path / "run").valid_source) == 12


def test_ten_sentences_are_enough(tmp_path: Path) -> None:
    prepared = prepare(config(tmp_path, train=PAIRS[:10]), tmp_path / "run")
    assert (len(prepared.train), len(prepared.valid)) == (9, 1)


def test_the_manifest_knows_inputs_and_outputs(tmp_path: Path) -> None:
    chosen = config(tmp_path, valid=PAIRS[:7])
    manifest = prepare(chosen, tmp_path / "run").manifest
    assert manifest["corpora"][0]["sha256"]["train.source"] == file_sha256(tmp_path / "train.source")
    assert manifest["inputs"]["valid.target"]["sha256"] == file_sha256(tmp_path / "valid.target")
    folder = tmp_path / "run" / "data"
    assert {name: fact["sha256"] for name, fact in manifest["outputs"].items()} == {
        path.name: file_sha256(path) for path in folder.iterdir() if path.name != "manifest.json"
    }
    assert manifest["tokenizer"]["files"] == {"tokenizer.model": file_sha256(tmp_path / "run" / "tokenizer.model")}
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8")) == manifest


def test_two_runs_are_equal(tmp_path: Path) -> None:
    chosen = config(tmp_path)
    prepare(chosen, tmp_path / "a")
    prepare(chosen, tmp_path / "b")
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_the_same_inputs_are_reused_untouched(tmp_path: Path) -> None:
    chosen = config(tmp_path)
    prepare(chosen, tmp_path / "run")
    before = snapshot(tmp_path / "run")
    os.utime(tmp_path / "train.source")  # touched, not changed
    prepare(chosen, tmp_path / "run")
    assert snapshot(tmp_path / "run") == before


def test_a_moved_corpus_is_reused(tmp_path: Path) -> None:
    prepare(config(tmp_path / "here"), tmp_path / "run")
    before = snapshot(tmp_path / "run")
    prepare(config(tmp_path / "there"), tmp_path / "run")
    assert snapshot(tmp_path / "run") == before


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"max_pieces": 101}},
        {"data": {"hold_out": 5}},
        {"tokenizer": {"vocabulary_size": 380}},
        {"training": {"seed": 2}},
        {"train": PAIRS[:-1]},
        {"valid": PAIRS[:5]},
    ],
)
def test_a_change_that_matters_prepares_again(change: dict[str, Any], tmp_path: Path) -> None:
    prepare(config(tmp_path), tmp_path / "run")
    changed = config(tmp_path, **change)
    prepare(changed, tmp_path / "run")
    prepare(changed, tmp_path / "fresh")
    assert hashes(tmp_path / "run") == hashes(tmp_path / "fresh")


def test_the_data_of_older_runs_still_hold() -> None:
    """Hashes that were written before mixtures, memories and tags were settings."""
    data = {"source_language": "en", "target_language": "de"}
    own = {"train": {"tsv": "a.tsv", "source_column": 3}, "valid": {"source": "a", "target": "b"}, "max_pieces": 120}
    hashes = [settings_sha256(Config.model_validate({"data": data | text})) for text in (own, {"corpus": "demo"})]
    assert [digest[:15] for digest in hashes] == ["d697c9917592443", "68b5dfa9a406697"]


def test_training_settings_do_not_prepare_again(tmp_path: Path) -> None:
    prepare(config(tmp_path), tmp_path / "run")
    before = snapshot(tmp_path / "run")
    prepare(config(tmp_path, training={"max_updates": 7}, model={"decoder_units": 64}), tmp_path / "run")
    assert snapshot(tmp_path / "run") == before


@pytest.mark.parametrize("victim", ["tokenizer.model", "data/train.target.ids.npy", "data/manifest.json", "data/valid.source.txt"])
@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_what_is_lost_or_cut_is_made_again(victim: str, harm: str, tmp_path: Path) -> None:
    chosen = config(tmp_path)
    prepare(chosen, tmp_path / "run")
    before = hashes(tmp_path / "run")
    path = tmp_path / "run" / victim
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-5])
    prepare(chosen, tmp_path / "run")
    assert hashes(tmp_path / "run") == before


def test_progress_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    prepare(config(tmp_path), tmp_path / "run", on_progress=lambda *progress: seen.append(progress))
    assert ("encoding", len(PAIRS)) in seen
    assert {stage for stage, _ in seen} == {"training the tokenizer", "encoding"}


def failure(chosen: Config, run_dir: Path) -> str:
    with pytest.raises(NmtError) as error:
        prepare(chosen, run_dir)
    assert "\n" not in str(error.value)
    assert not run_dir.exists() or not list(run_dir.iterdir())
    return str(error.value)


def test_nothing_left_says_why_and_what_to_change(tmp_path: Path) -> None:
    message = failure(config(tmp_path, valid=PAIRS[:7], data={"max_pieces": 1}, search={"max_source_pieces": 1}), tmp_path / "run")
    assert message == "no training pairs are left of 300: 300 too_long (first at line 1); raise data.max_pieces, or split the sentences"


def test_no_validation_pairs_left(tmp_path: Path) -> None:
    message = failure(config(tmp_path, valid=[("", "a"), ("b", "")]), tmp_path / "run")
    assert message.startswith("no validation pairs are left of 2: 2 blank_line (first at line 1)")


def test_only_blank_lines(tmp_path: Path) -> None:
    assert "no text to learn from" in failure(config(tmp_path, train=[("", "")] * 30, valid=PAIRS[:7]), tmp_path / "run")


def test_too_few_pairs_to_hold_any_out(tmp_path: Path) -> None:
    assert "has 9 usable pairs: too few" in failure(config(tmp_path, train=PAIRS[:9]), tmp_path / "run")


def test_one_pair_over_and_over(tmp_path: Path) -> None:
    message = failure(config(tmp_path, train=PAIRS[:1] * 50), tmp_path / "run")
    assert "no text to learn from" in message or "repeats the same pairs" in message


def test_a_missing_file_and_unequal_files(tmp_path: Path) -> None:
    chosen = config(tmp_path, valid=PAIRS[:7])
    write(tmp_path / "valid.target", ["nur eine"])
    assert "unequal line counts" in failure(chosen, tmp_path / "run")
    (tmp_path / "valid.target").unlink()
    assert failure(chosen, tmp_path / "run") == f"cannot read {tmp_path / 'valid.target'}: No such file or directory"


def test_a_run_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = config(tmp_path, valid=PAIRS[:7])
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot make run folder .*: Not a directory"):
        prepare(chosen, tmp_path / "file" / "run")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(PairWriter, "append", full)
    with pytest.raises(RunError, match=r"cannot write prepared data below .*: No space left on device"):
        prepare(chosen, tmp_path / "run")
    assert not list((tmp_path / "run").iterdir())


def test_a_failure_leaves_what_was_prepared_before(tmp_path: Path) -> None:
    prepare(config(tmp_path), tmp_path / "run")
    before = hashes(tmp_path / "run")
    with pytest.raises(CorpusError):
        prepare(config(tmp_path, train=[*PAIRS, ("a\nb", "c")]), tmp_path / "run")
    assert hashes(tmp_path / "run") == before


KILLED = """
import sys
from pathlib import Path
from nmt.config_file import load_config
from nmt.data.prepare import prepare
prepare(load_config(Path(sys.argv[1])), Path(sys.argv[2]), lambda stage, pairs: print(stage, pairs, flush=True))
print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
@pytest.mark.parametrize("at", ["training the tokenizer 0", "encoding 4096"])
def test_a_killed_preparation_leaves_nothing_half_written(at: str, tmp_path: Path) -> None:

    chosen = config(tmp_path, train=PAIRS * 60)
    save_config(chosen, tmp_path / "config.yaml")
    run_dir = tmp_path / "run"
    command = [sys.executable, "-c", KILLED, str(tmp_path / "config.yaml"), str(run_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == at:
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait(timeout=30) == -signal.SIGKILL
    assert [path.name[:10] for path in run_dir.iterdir()] == [".tmp-data-"]

    prepare(chosen, run_dir)
    prepare(chosen, tmp_path / "fresh")
    assert hashes(run_dir) == hashes(tmp_path / "fresh")


def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    """Twenty times the text, about as much memory: the peak of a process of its own."""
    code = KILLED + "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    given = tmp_path / "first" / "tokenizer.model"
    prepare(config(tmp_path, valid=PAIRS[:7]), tmp_path / "first")
    peaks = []

    for times in (20, 400):
        folder = tmp_path / str(times)
        save_config(config(folder, train=PAIRS * times, valid=PAIRS[:7], tokenizer={"model": given}), folder / "config.yaml")
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder / "config.yaml"), str(folder / "run")], check=True, capture_output=True, text=True
        )
        peaks.append(int(done.stdout.split()[-1]) / 1024)
    assert peaks[1] < peaks[0] + 30  # MiB; the text alone is 6, its ids as Python lists would be hundreds
