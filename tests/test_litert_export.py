"""A model for LiteRT says what the live model says, in a process that has no TensorFlow."""

import io
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import nmt
from nmt import litert_export
from nmt.batch_plan import padded
from nmt.cli import main
from nmt.config import Config, ModelConfig
from nmt.data.prepare import prepare
from nmt.errors import ExportError, ModelError
from nmt.export import export
from nmt.litert_export import convert, share_buffers
from nmt.litert_graph import LiteRtGraph
from nmt.model_directory import find_model_directory
from nmt.publishing import export_run_litert
from nmt.run_directory import RunDirectory
from nmt.runtime.litert import LiteRtRuntime
from nmt.training.display import TrainingDisplay
from nmt.training.trainer import Trainer
from serve.loaded_model import load_checked
from tests.conftest import RunNmt

pytest.importorskip("ai_edge_litert")

QUIET = Console(file=io.StringIO())
LINES = ["1 2 3", "", "seven", "9 9 9 9 9 9 9 9", "4 0", "nowhere"]

KINDS: dict[str, dict[str, Any]] = {
    "joint": {"tokenizer": {"joint": True}},
    "deep": {
        "tokenizer": {"joint": False},
        "model": {"encoder_layers": 2, "decoder_layers": 3, "attention": "scaled_dot", "tying": "none"},
    },
}


def train_run(folder: Path, files: dict[str, dict[str, str]], kind: str) -> Path:
    """A run of a few updates with its SavedModel."""
    chosen = KINDS[kind]
    config = Config.model_validate(
        {
            "data": {"source_language": "num", "target_language": "en", **files},
            "tokenizer": {"vocabulary_size": 320, **chosen["tokenizer"]},
            "model": {"embedding_units": 16, "encoder_units": 16, "decoder_units": 32, **chosen.get("model", {})},
            "search": {"beam_size": 3, "copy_untranslatable": False},
            "training": {"batch_tokens": 256, "max_updates": 5, "validate_bleu_lines": 0, "metric": "loss", "learning_rate": 0.05},
        }
    )
    run = RunDirectory(folder / "digits")
    with run.locked():
        run.adopt(config)
    prepared = prepare(config, run.path)
    Trainer(config, prepared, run, TrainingDisplay("training", QUIET), time.monotonic()).train()
    export(config, prepared, run, "best", None, QUIET)
    return run.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, dict[str, str]]) -> dict[str, Path]:
    return {kind: train_run(tmp_path_factory.mktemp(kind), tiny_files, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def exact(runs: dict[str, Path]) -> dict[str, Path]:
    return {kind: export_run_litert(run, "best", "float32", None, QUIET) for kind, run in runs.items()}


@pytest.fixture(scope="module")
def small(runs: dict[str, Path]) -> Path:
    return export_run_litert(runs["joint"], "best", "int8", None, QUIET)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beam", [1, 4])
def test_float32_finds_what_the_savedmodel_finds(kind: str, beam: int, runs: dict[str, Path], exact: dict[str, Path]) -> None:
    expected, found = (
        nmt.load(path).hypotheses(LINES, beam_size=beam, n_best=beam, alignment=True) for path in (runs[kind] / "export" / "1", exact[kind])
    )
    for wanted, got in zip(expected, found, strict=True):
        assert [one.text for one in got] == [one.text for one in wanted]
        for one, other in zip(got, wanted, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            if one.alignment and other.alignment:
                np.testing.assert_allclose(one.alignment.attention, other.alignment.attention, atol=1e-4)


def test_the_folder_says_what_it_holds(runs: dict[str, Path], small: Path) -> None:
    assert small.parent == runs["joint"] / "litert"
    directory = find_model_directory(small)
    directory.verify_files()
    made = directory.manifest.conversion
    assert made
    assert (made.format, made.weights) == ("litert", "int8")
    assert made.float32_bleu is not None
    assert set(directory.manifest.files) == {"config.yaml", "golden.json", "model.tflite", "tokenizer.model"}
    assert directory.manifest.scores[0].set == "valid"
    assert directory.golden_lines() == {line: nmt.load(small).translate([line])[0] for line in directory.golden_lines()}
    assert find_model_directory(runs["joint"]).path == runs["joint"] / "export" / "1"  # the run's own export stays what is meant by it


@pytest.mark.parametrize("weights", ["int8", "float16", "float32"])
def test_the_tied_table_lies_in_the_file_once(weights: Any) -> None:
    from tensorflow.lite.tools import flatbuffer_utils

    rows, units = 700, 24
    config = ModelConfig(embedding_units=units, encoder_units=8, decoder_units=8)
    graph = LiteRtGraph(weights_of(rows, units, 8), config, weights)
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(convert(graph, weights)))
    size = {"int8": 1, "float16": 2, "float32": 4}[weights]
    buffers = [buffer.data for buffer in parsed.buffers if buffer.data is not None]
    assert [len(data) for data in buffers if len(data) >= rows * units] == [rows * units * size]
    (table,) = [place for place, buffer in enumerate(parsed.buffers) if buffer.data is not None and len(buffer.data) == rows * units * size]
    users = [tensor for one in parsed.subgraphs for tensor in one.tensors if tensor.buffer == table]
    # Looked up by encode and by step, and multiplied with by step, in float32 as the very constant that step looks up in.
    assert len(users) == (2 if weights == "float32" else 3)
    assert share_buffers(bytes(flatbuffer_utils.convert_object_to_bytearray(parsed)))


def weights_of(rows: int, units: int, hidden: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(1)

    def make(*shape: int) -> np.ndarray:
        return draw.normal(size=shape).astype(np.float32)

    shapes = {"target_embedding": (rows, units), "output_bias": (rows,), "keys/kernel": (2 * hidden, hidden)}
    cells = {"encoder/forward_0": units, "encoder/backward_0": units, "decoder/lstm_0": units}
    for name, width in cells.items():
        parts = {"kernel": (width, 4 * hidden), "recurrent_kernel": (hidden, 4 * hidden), "bias": (4 * hidden,)}
        shapes |= {f"{name}/lstm/lstm_cell/{part}": shape for part, shape in parts.items()}
    for name, width, out in (
        ("bridge_h_0", 2 * hidden, hidden),
        ("bridge_c_0", 2 * hidden, hidden),
        ("decoder/readout", 3 * hidden, units),
    ):
        shapes |= {f"{name}/kernel": (width, out), f"{name}/bias": (out,)}
    return {f"seq2seq/{name}": make(*shape) for name, shape in shapes.items()}


def test_a_model_with_other_weights_is_refused() -> None:
    config = ModelConfig(embedding_units=8, encoder_units=8, decoder_units=8)
    weights = weights_of(20, 8, 8)
    with pytest.raises(ExportError, match="does not know the weights gate"):
        LiteRtGraph(weights | {"seq2seq/gate": np.zeros(1, np.float32)}, config, "float32")
    del weights["seq2seq/keys/kernel"]
    with pytest.raises(ExportError, match="needs the weight keys/kernel"):
        LiteRtGraph(weights, config, "float32")


def test_translate_evaluate_and_info_load_no_tensorflow(small: Path, tiny_files: dict[str, dict[str, str]]) -> None:
    valid = tiny_files["valid"]
    for arguments in (
        ["translate", str(small), "1 2 3"],
        ["evaluate", str(small), "--source", valid["source"], "--reference", valid["target"], "--json"],
        ["info", str(small)],
    ):
        program = (
            f"import sys\nsys.argv = ['nmt', *{arguments!r}]\nfrom nmt.cli import main\n"
            "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
            "print([name for name in ('tensorflow', 'keras') if name in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=100, check=True)
        assert done.stderr == "[]\n"
        assert done.stdout


def test_the_command_line_exports_and_translates(runs: dict[str, Path], run_nmt: RunNmt, tmp_path: Path) -> None:
    made = run_nmt("export", runs["joint"], "--format", "litert", "--weights", "float16", "-o", tmp_path / "to")
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"{tmp_path / 'to' / '1'}\n"
    assert "float16 weights: BLEU" in made.stderr
    assert "INFO" not in made.stderr
    found = run_nmt("translate", tmp_path / "to", "1 2", "--threads", 1)
    assert (found.returncode, found.stderr, found.stdout.count("\n")) == (0, "", 1)
    assert "float16 for litert" in run_nmt("info", tmp_path / "to").stdout


def test_many_threads_get_what_one_gets(small: Path) -> None:
    rows = [tuple(5 + (start + i) % 40 for i in range(1 + start % 7)) for start in range(24)]
    limits = find_model_directory(small).manifest.limits

    def translate(runtime: LiteRtRuntime, some: list[tuple[int, ...]]) -> list[list[int]]:
        found = runtime.translate_ids(*padded(some), beam_size=3, length_penalty=1.0, max_steps=20)
        return [found.ids[row, 0, : found.lengths[row, 0]].tolist() for row in range(len(some))]

    alone, shared = LiteRtRuntime(small, limits, 1), LiteRtRuntime(small, limits, 3)
    expected = [translate(alone, [row])[0] for row in rows]
    with ThreadPoolExecutor(6) as callers:
        assert list(callers.map(lambda row: translate(shared, [row])[0], rows)) == expected
        assert list(callers.map(lambda _: translate(shared, rows), range(4))) == [expected] * 4


def test_it_can_be_served(small: Path) -> None:
    directory, translator, speed = load_checked(small, 1, 4)
    assert directory.is_litert
    assert translator.translate(["1 2"]) == nmt.load(small).translate(["1 2"])
    assert speed


def test_weights_that_cost_too_much_are_not_published(runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert_export, "MOST_LOST", -200.0)
    with pytest.raises(ExportError, match=r"int8 weights cost .* nothing was published; try --weights float16") as error:
        export_run_litert(runs["joint"], "best", "int8", tmp_path / "to", QUIET)
    assert "\n" not in str(error.value)
    assert list((tmp_path / "to").iterdir()) == []


def test_a_graph_that_differs_is_not_published(runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = LiteRtRuntime.translate_ids

    def spoil(self: LiteRtRuntime, *arguments: Any, **options: Any) -> Any:
        found = spoilt(self, *arguments, **options)
        return found._replace(ids=found.ids + 1)

    monkeypatch.setattr(LiteRtRuntime, "translate_ids", spoil)
    with pytest.raises(ExportError, match="the LiteRT model of float32 decodes verification line 1"):
        export_run_litert(runs["joint"], "best", "int8", tmp_path / "to", QUIET)
    assert list((tmp_path / "to").iterdir()) == []


def test_what_is_damaged_or_foreign_is_told_in_one_line(small: Path, tmp_path: Path) -> None:
    limits = find_model_directory(small).manifest.limits
    (tmp_path / "model.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot load the LiteRT model"):
        LiteRtRuntime(tmp_path, limits)
    with pytest.raises(ModelError, match="1 or more"):
        LiteRtRuntime(small, limits, 0)
    with pytest.raises(ModelError, match=r"without limits\.length_factor"):
        LiteRtRuntime(small, limits.model_copy(update={"length_factor": None}))


@pytest.mark.parametrize("verb", ["export", "translate"])
def test_missing_litert_is_told_in_one_line(
    verb: str, runs: dict[str, Path], small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "ai_edge_litert", raising=False)
    monkeypatch.setattr("nmt.runtime.litert.find_spec", lambda _name: None)
    arguments = {"export": [str(runs["joint"]), "--format", "litert"], "translate": [str(small), "1 2"]}[verb]
    monkeypatch.setattr(sys, "argv", ["nmt", verb, *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert re.fullmatch(r"nmt: .*pip install 'carousel-nmt\[litert\]'\n", capsys.readouterr().err)
