"""What the demonstration tells people to type is what works where they are."""

import sys
from pathlib import Path

import pytest

from nmt.demo import command


def test_on_the_path_it_is_nmt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nmt").write_text("#!/bin/sh\n")
    (tmp_path / "nmt").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "nmt"), "demo"])
    assert command() == "nmt"


def test_off_the_path_it_is_the_environment_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/nmt"), "demo"])
    assert command() == ".venv/bin/nmt"
