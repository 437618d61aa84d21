"""The pages say what the code does: settings, metrics, commands, flags and links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nmt.cli import UsageError, app
from serve.metrics import Metrics
from serve.settings import Settings, parse_settings, settings_help, settings_table

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = [*(CHECKOUT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")), *sorted((CHECKOUT / "docs").glob("*.md"))]
SERVING = (CHECKOUT / "docs" / "serving.md").read_text(encoding="utf-8")

MOST_LINES = 350

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\S+/)?nmt\s+(\S.*)$")
FLAG = re.compile(r"(?<!\S)--[a-z][a-z-]*(?![a-z_-])")  # with an underscore it is another program's


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(CHECKOUT).as_posix() for path in paths]


def marked(name: str) -> str:
    """What stands between the two comments of this name in docs/serving.md."""
    found = re.search(rf"^<!-- {name}: .*? -->\n(.*?)^<!-- {name} end -->$", SERVING, re.MULTILINE | re.DOTALL)
    assert found, f"docs/serving.md has no {name} between its two comments"
    return found[1]


def anchors(page: str) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def fenced_commands(page: str) -> Iterator[list[str]]:
    """The words after `nmt` of every command in a code block, up to a pipe or a redirection."""
    for block in FENCED.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if found := COMMAND.match(line):
                words = shlex.split(found[1], comments=True)
                end = next((place for place, word in enumerate(words) if word in ("<", ">", "|", "&&")), len(words))
                yield words[:end]


def find_command(words: list[str]) -> tuple[Any, list[str], list[str]]:
    """The command that words call, its names, and the words behind them."""
    command: Any = typer.main.get_command(app)
    verbs: list[str] = []
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        verbs.append(words[0])
        words = words[1:]
    return command, verbs, words


def flags_of(verbs: list[str], command: Any) -> set[str]:
    if verbs == ["serve"]:
        return set(re.findall(r"--[a-z-]+", settings_help()))
    return {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]} | {"--help"}


def every_command(command: Any, verbs: list[str]) -> Iterator[tuple[list[str], Any]]:
    yield verbs, command
    for name, child in getattr(command, "commands", {}).items():
        yield from every_command(child, [*verbs, name])


def test_the_table_of_settings_is_what_the_code_writes() -> None:
    assert marked("settings") == settings_table()


def test_the_list_of_metrics_is_the_registry() -> None:
    rows = [line.strip("| ").split(" |") for line in marked("metrics").splitlines()[2:]]
    listed = [(name.strip("`"), *(cell.strip() for cell in rest)) for name, *rest in rows]
    families = {family.name: family for family in Metrics().registry.collect() if family.name.startswith("nmt_")}
    totals = {family.name + ("_total" if family.type == "counter" else ""): family.documentation for family in families.values()}
    assert {name: text for name, _, text in listed} == totals
    collectors = [one for one in vars(Metrics()).values() if hasattr(one, "_labelnames")]
    labels = {one._name: ", ".join(one._labelnames) for one in collectors}
    assert {name.removesuffix("_total"): text for name, text, _ in listed} == labels


def test_the_serving_page_is_short_and_narrow() -> None:
    assert len(SERVING.splitlines()) <= MOST_LINES
    prose = [line for line in FENCED.sub("", SERVING).splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > 140] == []


def test_the_time_to_end_is_that_of_the_settings() -> None:
    settings = Settings.model_fields
    said = re.search(r"drain \+ deadline \+ 10 s, (\d+) s as it comes", " ".join(SERVING.split()))
    assert said
    assert int(said[1]) == settings["drain_seconds"].default + settings["deadline_seconds"].default + 10


@pytest.mark.parametrize("page", names(PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    path = CHECKOUT / page
    broken = []
    for target in LINK.findall(INLINE.sub("", FENCED.sub("", path.read_text(encoding="utf-8")))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (path.parent / name).resolve() if name else path
        if not other.exists() or (anchor and anchor not in anchors(other.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", names(PAGES))
def test_every_command_in_a_block_can_be_typed(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"NMT_{name.upper()}", raising=False)
    for words in fenced_commands((CHECKOUT / page).read_text(encoding="utf-8")):
        command, verbs, rest = find_command(words)
        assert verbs, f"nmt {' '.join(words)}: no such verb"
        if verbs == ["serve"]:
            parse_settings(rest)
            continue
        try:
            command.make_context(" ".join(verbs), rest).close()
        except UsageError as error:
            pytest.fail(f"nmt {' '.join(words)}: {error}")


@pytest.mark.parametrize("page", names(PAGES))
def test_every_flag_in_running_text_exists(page: str) -> None:
    text = FENCED.sub("", (CHECKOUT / page).read_text(encoding="utf-8"))
    of_any = {flag for verbs, command in every_command(typer.main.get_command(app), []) for flag in flags_of(verbs, command)}
    unknown = []
    for span in INLINE.findall(text):
        if span.startswith("nmt "):
            command, verbs, rest = find_command(span.split()[1:])
            known = flags_of(verbs, command)
            unknown += [span for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
        elif span.startswith("--"):
            unknown += [span for flag in FLAG.findall(span) if flag not in of_any]
    assert unknown == []


def test_the_parser_of_pages_sees_commands_flags_and_anchors() -> None:
    page = "# A page\n## One `b`, two\n```\n$ nmt translate m 'a # b' < in.txt   # why\n.venv/bin/nmt info \\\n  m\nnmt/\n```\n"
    assert list(fenced_commands(page)) == [["translate", "m", "a # b"], ["info", "m"]]
    assert anchors(page) == {"a-page", "one-b-two"}
    assert find_command(["export", "--strings"])[1:] == (["export"], ["--strings"])
