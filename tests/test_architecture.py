"""The map is the territory: ARCHITECTURE.md names every file, no file is a drawer for odds and ends, none has grown too long."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("nmt", "serve")
FILES = sorted(path.relative_to(CHECKOUT).as_posix() for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py"))
DRAWERS = {"utils", "util", "misc", "helpers", "helper", "common", "tools", "lib"}

MOST_LINES = 300


def tree_of(page: str, package: str) -> list[str]:
    """The files in the block that begins with the package: a name a line, its folder told by the indentation, then what it is for."""
    block = re.search(rf"^```\n({package}/\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert block, f"ARCHITECTURE.md has no tree that begins with {package}/"
    files, folders = [], [""]
    for line in block[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        folders[depth + 1 :] = [folders[depth] + name]
        if not name.endswith("/"):
            files.append(folders[depth] + name)
    return files


def test_the_architecture_page_names_every_file_and_no_other() -> None:
    page = (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tree = [file for package in PACKAGES for file in tree_of(page, package)]
    assert len(tree) == len(set(tree))
    assert sorted(tree) == FILES


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_mentions_is_there(page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:nmt|serve|tests|docs|deploy|configs|corpora)/[\w./]*)`", text)
    assert paths
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


def test_the_architecture_page_has_the_import_order_of_the_contract() -> None:
    contract = re.search(r"layers = \[\n(.*?)\n\]", (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"), re.DOTALL)
    assert contract
    layers = [sorted(re.findall(r"\w+", line)) for line in contract[1].splitlines() if "__main__" not in line]
    order = re.search(r"^```\n(cli\n.*?)^```", (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert order
    assert [sorted(re.findall(r"\w+", line)) for line in order[1].splitlines()] == layers


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    assert [file for file in FILES if DRAWERS & set(Path(file).with_suffix("").parts)] == []


def test_no_file_has_grown_too_long() -> None:
    lines = {file: len((CHECKOUT / file).read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: count for file, count in lines.items() if count > MOST_LINES} == {}
