import pytest

from nmt.audit.balance import addresses_differ, numbers_differ, placeholders_differ

SAME_NUMBERS = [("1,000.5 and 05", "1.000,5 und 5"), ("٣٤ days", "34 Tage"), ("10:30", "10.30 Uhr"), ("none", "keine")]
OTHER_NUMBERS = [("5 dogs", "7 7", "5 ≠ 7 7"), ("2 dogs", "zwei Hunde", "2 ≠ none")]


@pytest.mark.parametrize(("source", "target"), SAME_NUMBERS)
def test_numbers_are_the_same_however_they_are_grouped(source: str, target: str) -> None:
    assert numbers_differ(source, target) is None


@pytest.mark.parametrize(("source", "target", "told"), OTHER_NUMBERS)
def test_numbers_that_differ_are_named(source: str, target: str, told: str) -> None:
    assert numbers_differ(source, target) == told


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("%s of %d files", "%d Dateien, %s"),
        ("%1$s", "%s"),
        ("{{ name }} and ${x}", "${x} und {{name}}"),
        ("100 % of it", "100 % davon"),
        ("50%d", "50 % der"),
        ('<a href="/en">x</a>', '<A href="/de">y</A>'),
        ("{count, plural, one {a file} other {files}}", "{count, plural, one {eine} few {x} other {viele}}"),
        ("a < b", "a ist kleiner"),
        ("100%%", "hundert"),
    ],
)
def test_placeholders_and_tags_that_match(source: str, target: str) -> None:
    assert placeholders_differ(source, target) is None


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("{0} <b>x</b>", "{1} <b>x", "</b> {0} ≠ {1}"),
        ("%(name)s", "%(nom)s", "%(name)s ≠ %(nom)s"),
        ("Hi %{user}", "Hallo", "%{user} ≠ none"),
        ("${x} ${x}", "${x}", "${x} ≠ none"),
        ("line<br/>", "Zeile", "<br> ≠ none"),
        ("{n, number}", "{m, number}", "{n,} ≠ {m,}"),
    ],
)
def test_placeholders_that_differ_are_named(source: str, target: str, told: str) -> None:
    assert placeholders_differ(source, target) == told


def test_addresses_are_compared_without_the_marks_around_them() -> None:
    assert addresses_differ("See www.example.org.", "(Siehe www.example.org/)") is None
    assert addresses_differ("mail a@b.org", "an a@b.com") == "a@b.org ≠ a@b.com"
