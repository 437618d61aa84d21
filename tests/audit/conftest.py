"""A small tokenizer that knows English and German letters, and an audit of a few lines."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nmt.audit.findings import KINDS, Finding, dropped_kinds
from nmt.audit.report import Report
from nmt.audit.request import Request
from nmt.audit.run import Plan, audit
from nmt.config import TokenizerConfig
from nmt.tokenizer import train_tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ0123456789.,:;!?%{}$<>/@()-'\"&=_"


@pytest.fixture(scope="session")
def letters_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("letters") / "tokenizer.model"
    train_tokenizer([LETTERS, " ".join(LETTERS)], path, TokenizerConfig(vocabulary_size=500), seed=1)
    return path


AuditLines = Callable[..., Report]


@pytest.fixture
def audit_lines(tmp_path: Path, letters_model: Path) -> AuditLines:
    """`audit_lines(["a"], ["b"], test=(["a"], ["b"]))`: the report on lines in files."""

    def run(sources: Sequence[str | bytes], targets: Sequence[str | bytes], *settings: str, **held: tuple[list[str], list[str]]) -> Report:
        sets = {"": (sources, targets), **{f"{name}_": lines for name, lines in held.items()}}
        files = {}
        for name, sides in sets.items():
            for side, lines in zip(("source", "target"), sides, strict=True):
                path = files[f"{name}{side}"] = tmp_path / f"{name}{side}"
                path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
        request = Request((), "en", "de", files, settings)
        return audit(request.config(), Plan(dropped_kinds(), letters_model, processes=1))

    return run


def lines_of(report: Report, finding: Finding, set_name: str = "train") -> list[int]:
    """The lines that a finding was made in."""
    return next((one.lines for one in report.found if (one.finding, one.set_name) == (finding, set_name)), [])


def kinds_of(report: Report, set_name: str = "train") -> set[str]:
    assert all(one.finding in KINDS for one in report.found)
    return {one.finding.key for one in report.found if one.set_name == set_name}
