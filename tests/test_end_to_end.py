"""The whole line as a user walks it: real `nmt train`, the export, `nmt translate`, `nmt evaluate`, and a process that is really killed."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import nmt
from nmt.checkpoint import Checkpoints
from nmt.model_directory import find_model_directory
from nmt.runtime.savedmodel import SEARCH_BLOCK, SavedModelRuntime
from nmt.search.best import BLOCK
from nmt.shortlist import SHORTLIST_FILE, Shortlist
from nmt.tokenizer import TokenizerPair
from nmt.translator import Translator
from tests.digits import translation, write_corpus

NMT = [sys.executable, "-m", "nmt"]


def write_config(folder: Path, **training: object) -> Path:
    config = {
        "data": {"source_language": "num", "target_language": "en"}
        | {
            "train": {"source": "train.source", "target": "train.target"},
            "tests": {"short": {"source": "test.source", "target": "test.target"}},
        },
        "tokenizer": {"vocabulary_size": 320},
        "search": {"max_source_pieces": 5, "copy_untranslatable": False},
        "model": {"embedding_units": 32, "encoder_units": 32, "decoder_units": 64, "dropout": 0.1, "word_dropout": 0.05},
        "training": {"batch_tokens": 512, "learning_rate": 0.01, "warmup_updates": 20, "validate_bleu_lines": 50, "ema_decay": 0.9}
        | training,
    }
    path = folder / "digits.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def run(*arguments: str, cwd: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NMT, *arguments], cwd=cwd, input=text, capture_output=True, text=True, check=False)


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file's time and hash, but the lock's: what `writes nothing` means."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"]
    return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `nmt train digits.yaml` has run to its end."""
    folder = tmp_path_factory.mktemp("line")
    write_corpus(folder, "train", 3000, 1)
    write_corpus(folder, "test", 100, 2)
    write_config(folder, max_updates=400, validate_every=200)
    done = run("train", "digits.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "runs/digits/export/1"
    assert "verified: 200 lines decoded alike" in done.stderr
    return folder


@pytest.fixture(scope="module")
def model(trained: Path) -> Translator:
    return nmt.load(trained / "runs/digits")


def test_the_run_directory_is_whole(trained: Path) -> None:
    names = {path.name for path in (trained / "runs/digits").iterdir()}
    assert names == {
        "config.yaml",
        "lock",
        "tokenizer.model",
        "data",
        "checkpoints",
        "metrics.jsonl",
        "tensorboard",
        "export",
        "curves.png",
    }
    lines = [json.loads(line) for line in (trained / "runs/digits/metrics.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"event", "train", "valid"}
    assert [line["update"] for line in lines if line["kind"] == "valid"] == [200, 400]


def test_the_same_command_again_says_so_and_writes_nothing(trained: Path) -> None:
    before = snapshot(trained)
    done = run("train", "digits.yaml", cwd=trained)
    assert done.returncode == 0
    assert done.stdout.strip() == "runs/digits/export/1"
    assert "finished" in done.stderr
    assert snapshot(trained) == before


def test_the_export_says_what_it_is(trained: Path) -> None:
    done = run("info", "runs/digits", "--json", cwd=trained)
    manifest = json.loads(done.stdout)
    assert (manifest["source"], manifest["target"], manifest["name"]) == ("num", "en", "digits")
    assert manifest["training"]["updates"] in {200, 400}
    assert manifest["scores"][0]["signature"].startswith("nrefs:1|case:mixed")
    assert {"saved_model.pb", "tokenizer.model", "config.yaml", "fingerprint.pb"} <= manifest["files"].keys()


def test_it_has_learnt_the_language(model: Translator) -> None:
    lines = ["1 2 3", "9", "4 4 0 7"]
    assert model.translate(lines) == [translation(line) for line in lines]


def test_evaluate_measures_the_export(trained: Path) -> None:
    done = run("evaluate", "runs/digits", "--source", "test.source", "--reference", "test.target", "--json", cwd=trained)
    found = json.loads(done.stdout)
    assert [score["metric"] for score in found["scores"]] == ["BLEU", "chrF2", "TER"]
    assert found["scores"][0]["score"] > 80
    assert found["sentences_per_second"] > 0
    assert (found["beam"], found["lines"]) == (5, 100)
    written = run("translate", "runs/digits", cwd=trained, text=(trained / "test.source").read_text())
    assert found["hypotheses_sha256"] == hashlib.sha256(written.stdout.encode()).hexdigest()


def test_evaluate_takes_a_set_by_its_name(trained: Path) -> None:
    files = run("evaluate", "runs/digits", "--source", "test.source", "--reference", "test.target", "--json", cwd=trained)
    named = run("evaluate", "runs/digits", "--test", "short", "--json", cwd=trained)
    found = json.loads(named.stdout)
    assert found["set"] == "test.source"
    assert found["scores"] == json.loads(files.stdout)["scores"]
    unknown = run("evaluate", "runs/digits", "--test", "test", cwd=trained)
    assert unknown.returncode == 2
    assert unknown.stderr == "nmt: the config has no set 'test'; it has short\n"


def test_one_line_in_one_line_out_in_order(trained: Path, model: Translator) -> None:
    lines = ["7 1", "", "   ", "2", "7 1", "5 5 5"]
    done = run("translate", "runs/digits", cwd=trained, text="\n".join(lines) + "\n")
    assert done.stdout.splitlines() == model.translate(lines)
    assert done.stdout.splitlines()[1:3] == ["", ""]


@pytest.mark.parametrize("beam", [1, 5])
def test_a_line_does_not_depend_on_its_neighbours(model: Translator, beam: int) -> None:
    lines = ["1 2", "9 8 7 6 5", "3", "0 0 0 1", "4 5 6"]
    assert model.translate(lines, beam_size=beam) == [model.translate([line], beam_size=beam)[0] for line in lines]


def test_a_line_beyond_the_limit_is_split_and_nothing_is_lost(model: Translator) -> None:
    """The limit is five pieces and the text has no sentence or clause ends: twelve digits are translated as five, five and two."""
    expected = " ".join(translation(part) for part in ("1 2 3 4 5", "6 7 8 9 0", "1 2"))
    assert model.translate(["1 2 3 4 5 6 7 8 9 0 1 2"]) == [expected]


def test_forms_of_output(trained: Path) -> None:
    n_best = run("translate", "runs/digits", "1 2", "3", "--n-best", "2", cwd=trained).stdout.splitlines()
    assert [row.split("\t")[0] for row in n_best] == ["1", "1", "2", "2"]
    entry = json.loads(run("translate", "runs/digits", "1 2", "--json", cwd=trained).stdout)
    assert entry["translation"] == "two one"
    score, text = run("translate", "runs/digits", "1 2", "--scores", cwd=trained).stdout.rstrip("\n").split("\t")
    assert float(score) == pytest.approx(entry["score"], abs=1e-3)
    assert text == "two one"
    paragraphs = run("translate", "runs/digits", "--paragraphs", cwd=trained, text="1 2\n\n  3\n").stdout
    assert paragraphs == "two one\n\n  three\n"


def test_a_file_in_and_a_file_out(trained: Path) -> None:
    done = run("translate", "runs/digits", "-i", "test.source", "-o", "out.txt", cwd=trained)
    assert (done.returncode, done.stdout) == (0, "")
    assert len((trained / "out.txt").read_text().splitlines()) == 100


def test_first_results_come_before_the_input_ends(trained: Path) -> None:
    with subprocess.Popen(
        [*NMT, "translate", "runs/digits"], cwd=trained, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in ("1 2", "3 4 5"):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == translation(line)
        process.stdin.close()
        assert process.wait() == 0


def test_the_saved_model_needs_no_line_of_ours(trained: Path, model: Translator) -> None:
    ids = [*model._tokenizers.source.encode(["1 2"])[0], 3]
    code = f"""
import sys, json
import tensorflow as tf
loaded = tf.saved_model.load("runs/digits/export/1")
found = loaded.signatures["serving_default"](
    ids=tf.constant([{ids}]), lengths=tf.constant([{len(ids)}]), beam_size=tf.constant(3),
    length_penalty=tf.constant(1.0), max_steps=tf.constant(50))
assert not [name for name in sys.modules if name.split(".")[0] == "nmt"]
print(json.dumps([found["ids"].numpy().tolist(), found["lengths"].numpy().tolist(), list(found["attention"].shape)]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=trained, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, lengths, attention = json.loads(done.stdout.splitlines()[-1])
    assert model._tokenizers.target.decode([found[0][0][: lengths[0][0]]]) == ["two one"]
    assert attention[:2] == [1, 3]
    assert attention[3] == len(ids)


def test_a_damaged_model_is_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "1"
    subprocess.run(["cp", "-r", str(trained / "runs/digits/export/1"), str(copy)], check=True)
    with (copy / "tokenizer.model").open("ab") as file:
        file.write(b"x")
    done = run("info", str(copy), cwd=tmp_path)
    assert done.returncode == 2
    assert "damaged: tokenizer.model" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_export_publishes_a_further_version(trained: Path) -> None:
    done = run("export", "runs/digits", "--checkpoint", "average", "-o", "elsewhere", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "elsewhere/1"
    assert run("translate", "elsewhere", "1 2", cwd=trained).returncode == 0


def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    """kill -9 after the first checkpoint, then the same command: bit for bit what an uninterrupted run gives."""
    write_corpus(tmp_path, "train", 600, 1)
    write_config(tmp_path, max_updates=60, validate_every=20, log_every=10)
    whole = run("train", "digits.yaml", "--run-dir", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    command = [*NMT, "train", "digits.yaml", "--run-dir", "killed"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        index = tmp_path / "killed/checkpoints/index.json"
        while not index.exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    resumed = run("train", "digits.yaml", "--run-dir", "killed", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming after update" in resumed.stderr
    expected, found = (Checkpoints(tmp_path / name / "checkpoints").load("last") for name in ("whole", "killed"))
    assert expected is not None
    assert found is not None
    for name, array in expected[0].items():
        np.testing.assert_array_equal(array, found[0][name], err_msg=name)
    updates = [json.loads(line)["update"] for line in (tmp_path / "killed/metrics.jsonl").read_text().splitlines() if '"train"' in line]
    assert updates == [10, 20, 30, 40, 50, 60]


def test_a_shortlist_that_lacks_no_piece_of_the_output_changes_no_translation(trained: Path) -> None:
    model = find_model_directory(trained / "runs/digits").path
    lines = (trained / "test.source").read_text(encoding="utf-8").splitlines()
    plain = nmt.load(model)
    tokenizer = TokenizerPair.load(model).target
    bytes_last = sorted(range(tokenizer.vocabulary_size), key=lambda piece: tokenizer.pieces([piece])[0].startswith("<0x"))
    words = sum(not tokenizer.pieces([piece])[0].startswith("<0x") for piece in bytes_last)
    shortlist = Shortlist(np.zeros((tokenizer.vocabulary_size, 1), np.int32), np.array(bytes_last, np.int32), words)
    assert len(shortlist.select([], multiple=64)) < tokenizer.vocabulary_size
    short = Translator(SavedModelRuntime(model, shortlist=shortlist), TokenizerPair.load(model), plain.limits, plain.search)
    for beam in (1, 5):
        assert short.translate(lines, beam_size=beam) == plain.translate(lines, beam_size=beam)


def test_translate_with_the_shortlist_of_the_export(trained: Path) -> None:
    done = run("translate", "runs/digits", "--shortlist", "3 1", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1


def test_a_model_without_a_shortlist_is_told_in_one_line(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(find_model_directory(trained / "runs/digits").path, tmp_path / "old")
    (tmp_path / "old" / SHORTLIST_FILE).unlink()
    manifest = json.loads((tmp_path / "old/MODEL.json").read_text(encoding="utf-8"))
    del manifest["files"][SHORTLIST_FILE]
    (tmp_path / "old/MODEL.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = run("translate", "old", "--shortlist", "3 1", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no lexical shortlist" in done.stderr
    assert run("translate", "old", "3 1", cwd=tmp_path).returncode == 0


def test_the_runtime_and_the_search_have_blocks_of_one_size() -> None:
    assert SEARCH_BLOCK == BLOCK
