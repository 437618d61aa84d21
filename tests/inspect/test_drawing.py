"""Pictures: the same bytes each time, whole or not there, and text that the fonts have."""

import sys
from pathlib import Path

import pytest

from nmt.errors import PictureError
from nmt.inspect.drawing import COLOURS, check_drawing, picture, power_of_ten
from nmt.inspect.glyphs import DEFAULT_FAMILY, MISSING, drawable, families_for

PNG = b"\x89PNG\r\n\x1a\n"
UNASSIGNED = "\U000e0fff"
"""No font has it, and no character will be there."""


def draw(path: Path, text: str = "▁a") -> bytes:
    with picture(path, (2.0, 1.5), [text]) as made:
        axes = made.figure.subplots()
        axes.plot([1, 2], [2, 1], color=COLOURS[0])
        axes.set_title(made.labels([text])[0])
    return path.read_bytes()


def test_the_same_figure_gives_the_same_bytes_without_date_or_version(tmp_path: Path) -> None:
    one, other = draw(tmp_path / "new/a.png"), draw(tmp_path / "b.png")
    assert one.startswith(PNG)
    assert one == other
    assert b"tIME" not in one
    assert b"Software" not in one


def test_a_figure_that_fails_leaves_the_old_picture(tmp_path: Path) -> None:
    before = draw(tmp_path / "a.png")
    with pytest.raises(ZeroDivisionError), picture(tmp_path / "a.png", (2.0, 1.5)):
        raise ZeroDivisionError
    assert (tmp_path / "a.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_pieces_are_no_mathematics_and_unknown_characters_are_squares(tmp_path: Path) -> None:
    assert draw(tmp_path / "a.png", f"$x_{{$ \\ {UNASSIGNED}\n").startswith(PNG)  # a warning for a missing glyph would be an error here
    families = families_for(["▁ß", UNASSIGNED])
    assert families == [DEFAULT_FAMILY]
    assert drawable(f"▁ß{UNASSIGNED}\n", families) == f"▁ß{MISSING}{MISSING}"


def test_another_font_helps_out_where_the_default_has_no_such_letter(tmp_path: Path) -> None:
    only_serif = "\u1d24"  # of the fonts that come with matplotlib
    families = families_for([only_serif])
    assert len(families) == 2
    assert drawable(only_serif, families) == only_serif
    assert draw(tmp_path / "a.png", only_serif).startswith(PNG)


def test_powers_of_ten_are_written_without_mathematics() -> None:
    assert [power_of_ten(value) for value in (1e-10, 1.0, 1e3)] == ["10⁻¹⁰", "10⁰", "10³"]


def test_a_missing_matplotlib_is_told_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PictureError, match=r"matplotlib.*pip install 'carousel-nmt\[plots\]'"):
        check_drawing(tmp_path)


def test_a_file_in_the_way_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PictureError, match="file is not a folder"):
        check_drawing(tmp_path / "file" / "pictures")
