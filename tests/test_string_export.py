"""Text in, text out: the SavedModel for the stock TensorFlow Serving says what `nmt translate` says."""

import io
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nmt import string_export
from nmt.cli import main
from nmt.config import Config
from nmt.data.prepare import prepare
from nmt.errors import ExportError
from nmt.export import export
from nmt.hypotheses import Hypothesis
from nmt.loading import load_translator
from nmt.model_directory import ModelDirectory, file_hashes, find_model_directory
from nmt.publishing import export_run_strings
from nmt.run_directory import RunDirectory
from nmt.string_export import StringTranslation
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer
from nmt.translator import Translator
from nmt.tuned_export import publish_tuned
from tests.conftest import RunNmt

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tensorflow_text")

QUIET = Console(file=io.StringIO())
MOST = 40  # source pieces
LINES = [
    *("", " \t ", "\u3000\u200b", "1 2 3", " 4\u00a05 ", "one two", "0", "12:30, 3.5 %", "tab\there", "a\nb", "a\0b", "<s> </s> <unk>"),
    *(
        "https://example.org/1?b=c",
        "see https://example.org/1",
        "www.a.b\u00a0c",
        "me@example.org",
        "\U0001f600",
        "\U0001f468\u200d\U0001f4bb",
    ),
    *("naïve ẞ ﬁ ½", "中文", "é e\u0301", "Ωκ", "שלום", "\ufeffone", "▁one", "…", "x" * 3, "١٢٣"),
]

Serve = Callable[..., list[str]]


def publish(folder: Path, files: dict[str, dict[str, str]], *, joint: bool, copy: bool) -> Path:
    """A run of three updates with its export: a model that says something for every input, though nothing sensible."""
    config = Config.model_validate(
        {
            "data": {"source_language": "num", "target_language": "en", **files},
            "tokenizer": {"vocabulary_size": 320, "joint": joint},
            "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32},
            "search": {"max_source_pieces": MOST, "copy_untranslatable": copy, "beam_size": 3},
            "training": {"batch_tokens": 256, "max_updates": 3, "validate_bleu_lines": 0, "metric": "loss", "learning_rate": 0.05},
        }
    )
    run = RunDirectory(folder / "digits")
    prepared = prepare(config, run.path)
    Trainer(config, prepared, run, TrainingDisplay("training", QUIET), time.monotonic()).train()
    export(config, prepared, run, "best", None, QUIET)
    return run.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, dict[str, str]]) -> dict[str, Path]:
    return {
        "joint": publish(tmp_path_factory.mktemp("joint"), tiny_files, joint=True, copy=True),
        "separate": publish(tmp_path_factory.mktemp("separate"), tiny_files, joint=False, copy=False),
    }


@pytest.fixture(scope="module")
def exports(runs: dict[str, Path]) -> dict[str, Path]:
    return {kind: export_run_strings(run, None, QUIET) for kind, run in runs.items()}


@pytest.fixture(scope="module", params=["joint", "separate"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def serve(kind: str, exports: dict[str, Path]) -> Serve:
    return loaded(exports[kind])


@pytest.fixture
def translator(kind: str, runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Translator:
    """The model behind the path that users run, but for the repetition guard, which is not in the graph."""
    monkeypatch.setattr("nmt.translator.kept_pieces", lambda _target, _source: None)
    return load_translator(runs[kind])


@pytest.fixture(scope="module")
def run(runs: dict[str, Path]) -> Path:
    return runs["joint"]


@pytest.fixture(scope="module")
def published(exports: dict[str, Path]) -> Path:
    return exports["joint"]


def loaded(folder: Path) -> Serve:
    model = tf.saved_model.load(str(folder))

    def serve(lines: list[str] | list[bytes]) -> list[str]:
        found = model.signatures["serving_default"](text=tf.constant(lines, tf.string))
        assert list(found) == ["translation"]
        return [text.decode() for text in found["translation"].numpy()]

    return serve


def test_the_text_is_the_translators(serve: Serve, translator: Translator, tiny_files: dict[str, dict[str, str]]) -> None:
    lines = [*LINES, *Path(tiny_files["valid"]["source"]).read_text(encoding="utf-8").splitlines()]
    assert all(len(segments) == 1 for segments in translator.encode(lines).segments)
    assert list(zip(lines, serve(lines), strict=True)) == list(zip(lines, translator.translate(lines), strict=True))


def test_a_batch_is_each_line_alone(serve: Serve) -> None:
    lines = [*LINES, "1 2 3 " * 20, *(str(number) for number in range(150))]  # more than one batch of the graph's own
    assert serve(lines) == [serve([line])[0] for line in lines]


def test_no_lines_give_no_lines(serve: Serve) -> None:
    assert serve([]) == []


def test_bytes_that_are_no_utf8_are_read_as_the_replacement_character(serve: Serve) -> None:
    assert serve([b"1 \xff2", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"3"]) == serve(["1 \ufffd2", "\ufffd\ufffd\ufffd", "\ufffd", "3"])


def test_long_lines_do_not_crash(serve: Serve) -> None:
    long = ["one two three " * 50, "x" * 3000, "中" * 500]
    found = serve(["1 2", *long])
    assert found[0] == serve(["1 2"])[0]
    assert all(found[1:])


def test_windows_lose_nothing_and_are_cut_before_words(run: Path) -> None:
    strings = StringTranslation(find_model_directory(run))
    draw = random.Random(1)
    lines = ["".join(draw.choice(["one ", "2 ", "three ", "seven", "中"]) for _ in range(draw.randrange(1, 120))) for _ in range(100)]
    pieces = strings.source.tokenize(lines)
    windows, line_of_window = strings._windows(pieces)
    again: list[list[int]] = [[] for _ in lines]
    for line, window in zip(line_of_window.numpy(), windows.to_list(), strict=True):
        assert 0 < len(window) <= MOST
        again[line] += window
    assert again == pieces.to_list()
    words = strings._windows(strings.source.tokenize(["1 2 3 4 5 6 7 8 9 " * 9]))[0].to_list()
    assert len(words) > 2
    assert all(strings.begins_word[window[0]] for window in words)


@pytest.mark.parametrize(("language", "between"), [("en", " "), ("zh-Hans", "")])
def test_windows_are_joined_as_the_target_language_joins_sentences(language: str, between: str, run: Path) -> None:
    directory = find_model_directory(run)
    strings = StringTranslation(ModelDirectory(directory.path, directory.manifest.model_copy(update={"target": language})))
    strings._in_batches = lambda windows: tf.fill([windows.nrows()], "w")
    alone, long = strings.translate(tf.constant(["1 a", "one " * 3 * MOST]))["translation"].numpy()
    count = long.count(b"w")
    assert (alone, long.decode()) == (b"w", between.join("w" * count))
    assert count > 2


def test_a_copied_line_stays_as_it_is(published: Path) -> None:
    serve = loaded(published)
    copied = ["12:30 – 3.5 %", "https://example.org/1?b=c", "me@example.org", "\U0001f600", "1 " * 200 + "1"]
    assert serve([f" {line}\t" for line in copied]) == copied
    assert serve(["a 1", "see www.a.b"]) != ["a 1", "see www.a.b"]


PROGRAMS = {
    "eagerly": """
model = tf.saved_model.load(folder)
assert list(model.signatures) == ["serving_default"]
found = model.signatures["serving_default"](text=tf.constant(lines))["translation"].numpy()
""",
    "in a session, as the server does": """
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    signature = tf.compat.v1.saved_model.load(session, ["serve"], folder).signature_def["serving_default"]
    (text,), (translation,) = signature.inputs.values(), signature.outputs.values()
    found = session.run(translation.name, {text.name: lines})
""",
}


@pytest.mark.parametrize("how", PROGRAMS)
def test_it_runs_in_a_process_that_has_only_tensorflow_text(
    how: str, kind: str, exports: dict[str, Path], serve: Serve, tmp_path: Path
) -> None:
    begin = 'import json, sys\nsys.modules["nmt"] = None  # cannot be imported\nimport tensorflow as tf\nimport tensorflow_text\n'
    end = "print(json.dumps([text.decode() for text in found]))"
    program = f"{begin}folder, lines = {str(exports[kind])!r}, json.load(sys.stdin)\n{PROGRAMS[how]}{end}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, input=json.dumps(LINES), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == serve(LINES)


def test_two_models_in_one_process_keep_their_own_tokenizers(exports: dict[str, Path]) -> None:
    first, second = (loaded(exports[kind]) for kind in ("joint", "separate"))
    before = first(LINES)
    assert loaded(exports["separate"])(LINES) == second(LINES)
    assert first(LINES) == loaded(exports["joint"])(LINES) == before


def test_versions_count_up_and_the_folder_says_what_it_holds(run: Path, published: Path, tmp_path: Path) -> None:
    assert published == run / "strings" / "digits" / "1"
    model = find_model_directory(run)
    assert export_run_strings(model.path, tmp_path, QUIET) == tmp_path / "digits" / "1"
    assert export_run_strings(run / "export", tmp_path, QUIET) == tmp_path / "digits" / "2"
    described = json.loads((published / "assets.extra" / "MODEL.json").read_text(encoding="utf-8"))
    hashes = file_hashes(published)
    del hashes["assets.extra/MODEL.json"]
    assert (described["name"], described["files"]) == ("digits", hashes)


def test_a_coverage_penalty_that_was_tuned_after_the_export_goes_into_the_graph(run: Path, tmp_path: Path) -> None:
    """The export's own verification holds its text to that of the translator."""
    model = find_model_directory(run)
    tuned = publish_tuned(model, load_translator(model.path).with_search(coverage_penalty=3.0), {}, tmp_path / "digits")
    covered = export_run_strings(tuned, tmp_path / "strings", QUIET)
    described = json.loads((covered / "assets.extra" / "MODEL.json").read_text(encoding="utf-8"))
    assert described["search"]["coverage_penalty"] == 3.0
    assert StringTranslation(find_model_directory(tuned)).covered


def test_what_fails_its_verification_is_not_published(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(_self: Any, _lines: list[str]) -> list[list[Hypothesis]]:
        return [[Hypothesis("something else", 0.0)]]

    monkeypatch.setattr(string_export.Translator, "hypotheses", spoilt)
    with pytest.raises(ExportError, match=r"verification line 1, .* nothing was published") as error:
        export_run_strings(run, tmp_path, QUIET)
    assert "\n" not in str(error.value)
    assert list((tmp_path / "digits").iterdir()) == []


def test_a_name_that_is_no_folder_name_is_told(run: Path, tmp_path: Path) -> None:
    directory = find_model_directory(run)
    for name in ("../x", "", ".x"):
        named = ModelDirectory(directory.path, directory.manifest.model_copy(update={"name": name}))
        with pytest.raises(ExportError, match="cannot name the folder"):
            string_export.export_strings(named, tmp_path / "to", [], QUIET)
    assert not (tmp_path / "to").exists()


def test_missing_tensorflow_text_is_told_in_one_line(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    monkeypatch.setattr(sys, "argv", ["nmt", "export", str(run), "--strings", "-o", str(tmp_path / "to")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert re.fullmatch(r"nmt: .*pip install 'carousel-nmt\[strings\]'\n", capsys.readouterr().err)
    assert not (tmp_path / "to").exists()


def test_nmt_translate_refuses_it_in_one_line(published: Path, run_nmt: RunNmt) -> None:
    for folder in (published, published.parent):
        found = run_nmt("translate", folder, "1 2")
        assert (found.returncode, found.stdout) == (2, "")
        assert re.fullmatch(r"nmt: .* is a strings export, .*\n", found.stderr)
