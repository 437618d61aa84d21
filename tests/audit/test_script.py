import pytest

from nmt.audit.script import CLASSES, CONTROL, RAW_BYTE, SCRIPTS, code_points, count_classes, foreign_letters, main_script, scripts_of


def test_classes_are_counted_line_by_line() -> None:
    counts = count_classes(*code_points(["", "a\x02б", b"\xff".decode("utf-8", "surrogateescape")]))
    assert counts.shape == (3, CLASSES)
    assert counts.sum(axis=1).tolist() == [0, 3, 1]
    assert counts[:, CONTROL].tolist() == [0, 1, 0]
    assert counts[:, RAW_BYTE].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "café"),
        ("ru", "ещё"),
        ("el", "γάτα"),
        ("ja", "漢字かなカナ"),
        ("zh", "汉字"),
        ("ko", "한국어"),
        ("hi", "किताब"),
        ("ar", "كتاب"),
    ],
)
def test_letters_are_of_the_language_they_are_written_in(language: str, line: str) -> None:
    letters, foreign = foreign_letters(count_classes(*code_points([line])), scripts_of(language))
    assert letters[0] > 0
    assert foreign[0] == 0
    _, foreign = foreign_letters(count_classes(*code_points([line])), scripts_of("he"))
    assert foreign[0] == letters[0]


def test_a_subtag_says_which_script() -> None:
    assert set(scripts_of("sr")) == {"LATIN", "CYRILLIC"}
    assert scripts_of("sr-Latn") == ("LATIN",)
    assert scripts_of("en_US") == ("LATIN",)
    assert scripts_of("tlh") == ()


def test_every_script_that_a_language_has_is_one_that_is_counted() -> None:
    codes = "en ru el hy ka he ar dv bn pa gu or ta te kn ml si th lo bo my km am mn ja zh ko hi syr"
    assert {script for code in codes.split() for script in scripts_of(code)} == set(SCRIPTS)


def test_the_main_script_is_told() -> None:
    assert main_script(count_classes(*code_points(["abв"]))[0]) == "latin"
    assert main_script(count_classes(*code_points(["ᏣᎳᎩ"]))[0]) == "another"
