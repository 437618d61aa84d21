"""The cleaned text: nothing is lost, nothing is half-written, and there is nothing more to clean."""

import gzip
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.audit.findings import Finding, dropped_kinds
from nmt.audit.request import Request
from nmt.audit.run import Plan, audit
from nmt.errors import CorpusError

TEXTS = st.sampled_from(
    [
        *("A man reads a book.", "Ein Mann liest ein Buch.", "Two dogs run.", "Zwei Hunde rennen.", "", " ", "x\x02", "TÃ¼r", "caf\ufffd"),
        *("{0} files", "{1} Dateien", "12", "13", "Кошка спит на стуле", "one two three four", "ein " * 60, "tab\\t", "back\\slash", "\tx"),
    ]
)


@pytest.fixture(autouse=True)
def _without_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has tests of its own, and takes a second to load."""
    monkeypatch.setattr("nmt.audit.language.installed", lambda: False)


def files(folder: Path, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    for name, side in (("train.en", 0), ("train.de", 1)):
        (folder / name).write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8", newline="\n")
    return str(folder / "train.en"), str(folder / "train.de")


def unescaped(text: str) -> str:
    return text.replace("\\\\", "\0").replace("\\t", "\t").replace("\0", "\\")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=15))
@settings(max_examples=40, deadline=None)
def test_cleaned_and_rejected_lines_are_the_text_and_cleaned_text_is_clean(letters_model: Path, pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dropped = dropped_kinds()
        plan = Plan(dropped, letters_model, folder / "out", processes=1)
        report = audit(Request(files(folder, pairs)).config(), plan)
        out = folder / "out"
        clean = zip(*((out / side).read_text(encoding="utf-8").split("\n")[:-1] for side in ("clean.en", "clean.de")), strict=True)
        rejected = [row.split("\t") for row in (out / "rejected.tsv").read_text(encoding="utf-8").split("\n")[1:-1]]
        by_line = {int(row[1]): (unescaped(row[3]), unescaped(row[4])) for row in rejected}
        rest = iter(list(clean))
        assert [by_line[line] if line in by_line else next(rest) for line in range(1, len(pairs) + 1)] == pairs
        assert next(rest, None) is None
        assert report.written
        assert report.written["rejected"] == len(rejected) == report.sets[0].faulty
        assert all(row[0] == "train" and row[2] for row in rejected)
        if len(rejected) < len(pairs):
            again = audit(Request((str(out / "clean.en"), str(out / "clean.de"))).config(), Plan(dropped, letters_model, processes=1))
            assert [one.finding for one in again.found if one.drops] == []


@pytest.fixture
def audited(tmp_path: Path, letters_model: Path) -> Iterator[tuple[Path, Request, Path]]:
    pairs = [("A man reads.", "Ein Mann liest."), ("A man reads.", "Ein Mann liest."), ("See {0}", "Sieh {1}"), ("5", "6")]
    yield tmp_path / "out", Request(files(tmp_path, pairs)), letters_model


def rejected_of(out: Path) -> list[str]:
    return [row.split("\t")[2] for row in (out / "rejected.tsv").read_text().splitlines()[1:]]


def test_what_is_dropped_can_be_chosen(audited: tuple[Path, Request, Path]) -> None:
    out, request, model = audited
    audit(request.config(), Plan(dropped_kinds(), model, out, processes=1))
    assert rejected_of(out) == ["duplicate_pair", "placeholders"]
    audit(request.config(), Plan(dropped_kinds(["placeholders"], ["numbers"]), model, out, force=True, processes=1))
    assert rejected_of(out) == ["duplicate_pair", "numbers", "numbers"]


@pytest.mark.parametrize(
    ("keep", "drop", "told"),
    [
        (["nombers"], [], "did you mean numbers"),
        ([], ["x"], "known: not_utf8"),
        (["empty"], ["empty"], "both"),
        (["columns"], [], "no pair"),
    ],
)
def test_kinds_that_cannot_be_chosen(keep: list[str], drop: list[str], told: str) -> None:
    with pytest.raises(CorpusError, match=told):
        dropped_kinds(keep, drop)


def test_a_folder_with_other_things_is_refused_and_an_earlier_audit_only_without_force(audited: tuple[Path, Request, Path]) -> None:
    out, request, model = audited
    out.mkdir()
    audit(request.config(), Plan(dropped_kinds(), model, out, processes=1))  # empty: it is taken
    with pytest.raises(CorpusError, match="--force"):
        audit(request.config(), Plan(dropped_kinds(), model, out, processes=1))
    (out / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"notes\.txt"):
        audit(request.config(), Plan(dropped_kinds(), model, out, force=True, processes=1))
    with pytest.raises(CorpusError, match="no folder"):
        audit(request.config(), Plan(dropped_kinds(), model, out / "a" / "b", processes=1))


def test_what_is_interrupted_leaves_the_earlier_text_whole(audited: tuple[Path, Request, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    out, request, model = audited
    audit(request.config(), Plan(dropped_kinds(), model, out, processes=1))
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nmt.audit.write.CleanedText.add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        audit(request.config(), Plan(frozenset(), model, out, force=True, processes=1))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".tmp")] == []


def test_compressed_text_stays_compressed_and_bytes_stay_bytes(tmp_path: Path, letters_model: Path) -> None:
    for name, text in (("train.en.gz", b"caf\xe9\nA man reads.\n"), ("train.de.gz", b"Kaffee\nEin Mann liest.\n")):
        (tmp_path / name).write_bytes(gzip.compress(text))
    request = Request((str(tmp_path / "train.en.gz"), str(tmp_path / "train.de.gz")))
    audit(request.config(), Plan(dropped_kinds(), letters_model, tmp_path / "out", processes=1))
    assert gzip.decompress((tmp_path / "out" / "clean.en.gz").read_bytes()) == b"A man reads.\n"
    assert "caf\\udce9" in (tmp_path / "out" / "rejected.tsv").read_text(encoding="utf-8")
    audit(request.config(), Plan(dropped_kinds(["not_utf8"]), letters_model, tmp_path / "all", processes=1))
    assert gzip.decompress((tmp_path / "all" / "clean.en.gz").read_bytes()) == b"caf\xe9\nA man reads.\n"


def test_held_out_text_is_never_changed(tmp_path: Path, letters_model: Path) -> None:
    names = files(tmp_path, [("A man reads.", "Ein Mann liest."), ("Two dogs run.", "Zwei Hunde rennen.")])
    config = Request(names, files={"test_source": Path(names[0]), "test_target": Path(names[1])}).config()
    report = audit(config, Plan(dropped_kinds(), letters_model, tmp_path / "out", processes=1))
    assert {one.set_name for one in report.found if one.finding is Finding.LEAKED_PAIR} == {"train", "test"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clean.de", "clean.en", "rejected.tsv"]
    assert rejected_of(tmp_path / "out") == ["leaked_pair", "leaked_pair"]
