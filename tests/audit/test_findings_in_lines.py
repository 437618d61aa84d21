"""The smallest proof of every check: two or three lines in, the finding out."""

import pytest

from nmt.audit.findings import KINDS, Finding
from nmt.audit.run import Plan
from tests.audit.conftest import AuditLines, kinds_of, lines_of

GOOD = ("A man reads a book.", "Ein Mann liest ein Buch.")
MORE = ("Two dogs run over the green meadow.", "Zwei Hunde rennen über die grüne Wiese.")
FRENCH = "Nous avons acheté une nouvelle maison près de la rivière."

# A faulty pair, what is found in it, and a word of the remark that an example has.
FAULTY: dict[str, tuple[str | bytes, str | bytes, str]] = {
    "not_utf8": ("A beautiful day.", "Ein schöner Tag.".encode("latin-1"), ""),
    "empty": ("A cat sleeps.", "  ", ""),
    "control": ("A cat\x02 sleeps.", "Eine Katze schläft.", ""),
    "replacement": ("A cat sleeps.", "Eine Katze schl\ufffdft.", ""),
    "mojibake": ("The door is open.", "Die TÃ¼r ist offen.", "Die Tür ist offen."),
    "wrong_script": ("A cat sleeps on the chair.", "Кошка спит на стуле.", "cyrillic"),
    "wrong_language": ("We have bought a house.", FRENCH, "fr"),
    "copied": ("This is not translated.", "this is not translated.", ""),
    "length_ratio": ("Yes.", "Ja, das ist ganz gewiss richtig.", "5 and 33"),
    "too_long": ("word " * 120, "Wort " * 120, "pieces"),
    "placeholders": ("Hello %s, <b>look</b>!", "Hallo {0}, <b>sieh</b>!", "%s ≠ {0}"),
    "numbers": ("He is 35 years old.", "Er ist 53 Jahre alt.", "35 ≠ 53"),
    "addresses": ("See www.example.org today.", "Siehe www.example.net heute.", "www.example.org"),
    "shattered_characters": ("The price is ten euros.", "Der Preis ist zehn €.", "U+20AC"),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_a_faulty_line_is_found_and_the_good_ones_are_not(kind: str, audit_lines: AuditLines) -> None:
    source, target, remark = FAULTY[kind]
    report = audit_lines([GOOD[0], source, MORE[0]], [GOOD[1], target, MORE[1]])
    found = next(one for one in report.found if one.finding.key == kind)
    assert found.lines == [2]
    assert found.count == 1
    assert found.examples[0].line == 2
    assert remark in found.examples[0].note
    assert {line for one in report.found for line in one.lines} == {2}


def test_every_kind_has_a_proof_here() -> None:
    compared = {"duplicate_pair", "duplicate_source", "duplicate_target", "leaked_pair", "leaked_source"}
    elsewhere = {"columns", "marked", "lost_characters"}
    assert {finding.key for finding in KINDS} == FAULTY.keys() | compared | elsewhere


def test_duplicates_are_counted_apart(audit_lines: AuditLines) -> None:
    a, b, c, d = "A man reads.", "Two dogs run.", "Ein Mann liest.", "Zwei Hunde rennen."
    report = audit_lines([a, b, a, a, b, a], [c, d, c, d, d, c + " "])
    assert lines_of(report, Finding.DUPLICATE_PAIR) == [3, 5, 6]
    assert lines_of(report, Finding.DUPLICATE_SOURCE) == [4]
    assert lines_of(report, Finding.DUPLICATE_TARGET) == [4]
    first = next(one for one in report.found if one.finding is Finding.DUPLICATE_PAIR).examples[0]
    assert (first.line, first.source, first.target, first.note) == (3, a, c, "as line 1")


def test_leakage_is_found_on_both_sides(audit_lines: AuditLines) -> None:
    sources, targets = ["A man reads.", "Two dogs run.", "A cat sleeps."], ["Ein Mann liest.", "Zwei Hunde rennen.", "Eine Katze schläft."]
    report = audit_lines(sources, targets, test=([sources[2], sources[0], "Snow falls."], [targets[2], "Er liest.", "Schnee fällt."]))
    assert lines_of(report, Finding.LEAKED_PAIR) == [3]
    assert lines_of(report, Finding.LEAKED_PAIR, "test") == [1]
    assert lines_of(report, Finding.LEAKED_SOURCE) == [1]
    assert lines_of(report, Finding.LEAKED_SOURCE, "test") == [2]
    assert {one.drops for one in report.found if one.set_name == "train"} == {True}
    assert {one.drops for one in report.found if one.set_name == "test"} == {False}


def test_what_may_be_alike_is_no_copy(audit_lines: AuditLines) -> None:
    alike = ["Berlin", "12,5 %", "https://example.org/a/very/long/path/to/something", "Anna Schmidt"]
    assert kinds_of(audit_lines(alike, alike)) == set()


def test_a_short_name_in_another_script_is_no_fault(audit_lines: AuditLines) -> None:
    assert "wrong_script" not in kinds_of(audit_lines(["He says да."], ["Er sagt да."]))


def test_the_limits_are_those_of_the_config(audit_lines: AuditLines) -> None:
    pair = ["A man reads a book."], ["Ein Mann liest ein Buch, das er gestern in der Stadt gekauft hat."]
    assert kinds_of(audit_lines(*pair)) == set()
    assert kinds_of(audit_lines(*pair, "data.max_length_ratio=2")) == {"length_ratio"}
    assert kinds_of(audit_lines(*pair, "data.max_pieces=40", "search.max_source_pieces=40")) == {"too_long"}


def test_nothing_else_is_looked_for_in_what_is_no_text(audit_lines: AuditLines) -> None:
    report = audit_lines([b"5 caf\xe9s %s", b"5 caf\xe9s %s"], [b"\x02\xff", b"\x02\xff"])
    assert kinds_of(report) == {"not_utf8"}


def test_without_the_libraries_the_report_says_what_was_not_looked_at(audit_lines: AuditLines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nmt.audit.language.installed", lambda: False)
    monkeypatch.setattr("nmt.audit.mojibake.installed", lambda: False)
    report = audit_lines([FAULTY["mojibake"][0], FAULTY["wrong_language"][0]], [FAULTY["mojibake"][1], FRENCH])
    assert kinds_of(report) - {"shattered_characters"} == {"mojibake"}  # the usual code pages are known without ftfy
    assert [one.reason for one in report.not_looked_at] == ["ftfy is not installed", "py3langid is not installed"]
    assert {one.remedy for one in report.not_looked_at} == {"pip install 'carousel-nmt[audit]'"}


def test_a_plan_has_a_process_for_each_core() -> None:
    assert Plan(frozenset()).processes >= 1
