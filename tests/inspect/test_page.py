"""docs/lstm.md: every picture has the command that made it, every equation the function that computes it."""

import re
import shlex
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = (CHECKOUT / "docs/lstm.md").read_text(encoding="utf-8")
PICTURES = CHECKOUT / "docs/pictures"
MOST_BYTES = 600_000


def test_every_picture_stands_below_the_command_that_makes_it() -> None:
    shown = re.findall(r"^```\n([^`]*?)^```\n\n!\[[^\]]+\]\(pictures/([^)]+)\)", PAGE, re.MULTILINE)
    assert (
        sorted(name for _, name in shown)
        == sorted(re.findall(r"!\[.*\]\(pictures/(.*)\)", PAGE))
        == sorted(p.name for p in PICTURES.iterdir())
    )
    for command, name in shown:
        words = shlex.split(command)
        assert words[:3] == ["nmt", "inspect", name.split(".")[0]]
        assert words[-2:] == ["-o", "docs/pictures"]
        if "--layer" in words:
            assert name == f"gates.{words[words.index('--layer') + 1]}.png"


def test_pictures_are_whole_and_small() -> None:
    contents = [path.read_bytes() for path in PICTURES.iterdir()]
    assert all(content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82") for content in contents)
    assert sum(map(len, contents)) < MOST_BYTES


def test_every_function_that_is_named_beside_an_equation_is_there() -> None:
    named = re.findall(r"\[`(\w+)` in ([\w/.]+)\]\(\.\./([\w/.]+)\)", PAGE)
    assert len(named) > 10
    for function, path, link in named:
        assert path == link
        assert re.search(rf"^ *def {function}\(", (CHECKOUT / path).read_text(encoding="utf-8"), re.MULTILINE), f"{function} in {path}"


def test_the_page_is_narrow() -> None:
    prose = [line for line in PAGE.splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > 140] == []
