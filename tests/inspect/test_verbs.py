"""The verbs as a person types them: lines, and the paths of pictures that are there."""

from pathlib import Path

import pytest
import typer

from nmt import cli_inspect
from tests.conftest import RunNmt


def pictures(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.endswith(".png")]


def test_curves_and_tokenizer_go_into_the_run(plain_run: Path, run_nmt: RunNmt) -> None:
    for verb in ("curves", "tokenizer"):
        found = run_nmt("inspect", verb, plain_run.name, cwd=plain_run.parent)
        assert (found.returncode, found.stderr) == (0, "")
        assert pictures(found.stdout) == [f"{plain_run.name}/inspect/{verb}.png"]
        assert (plain_run / "inspect" / f"{verb}.png").is_file()


def test_gates_of_chosen_layers_and_a_forced_attention(plain_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["encoder.backward_0", "decoder.lstm_1"]
    cli_inspect.gates(plain_run, "1 2 3", "three two one", names, output=tmp_path)
    assert pictures(capsys.readouterr().out) == [str(tmp_path / f"gates.{name}.png") for name in names]
    cli_inspect.attention(str(plain_run), "1 2 3", "three two one", output=tmp_path)
    output = capsys.readouterr().out
    assert output.startswith("three two one\n")
    assert pictures(output) == [str(tmp_path / "attention.png")]
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_gradients_of_the_cells_that_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli_inspect.gradients("layernorm_lstm, rnn", steps=4, units=4, updates=2, output=tmp_path)
    output = capsys.readouterr().out
    assert [line.split()[0] for line in output.splitlines()[2:4]] == ["layernorm_lstm", "rnn"]
    assert pictures(output) == [str(tmp_path / "gradients.png")]
    with pytest.raises(typer.BadParameter, match=r"'elman'.*rnn"):
        cli_inspect.gradients("elman")


@pytest.mark.slow
def test_an_export_shows_its_own_translation(plain_run: Path, tmp_path: Path, run_nmt: RunNmt) -> None:
    exported = run_nmt("export", plain_run, "-o", tmp_path / "model")
    assert exported.returncode == 0, exported.stderr
    found = run_nmt("inspect", "attention", tmp_path / "model", "1 2 3", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert pictures(found.stdout) == ["inspect/attention.png"]
    assert (tmp_path / "inspect/attention.png").is_file()
