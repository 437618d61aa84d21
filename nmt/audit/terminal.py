"""The report as tables for a terminal."""

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt.audit.findings import KINDS
from nmt.audit.report import AuditedText, Found, Report
from nmt.audit.visible import visible

_SHOWN_LINES = 4
_NARROW = 70


def print_report(report: Report, console: Console) -> None:
    """Print the sets, each with a table of its findings; then each finding's examples and what mends it."""
    found = {name: list(group) for name, group in groupby(report.found, key=lambda one: one.set_name)}
    for text in report.sets:
        _say(console, _headline(text), style="bold")
        for line in figures_lines(text, report.unit):
            _say(console, line)
        console.print()
        if text.name in found:
            console.print(_table(found[text.name], text, console.width >= _NARROW))
        else:
            _say(console, "nothing was found")
        console.print()
    for one in report.found:
        _examples(console, one)
    for key, characters in report.characters.items():
        shown = ", ".join(f"{visible(str(fact['character']))} {fact['code']} {fact['name']} ({fact['count']:,})" for fact in characters)
        _say(console, f"{key}: {shown}")
        console.print()
    for left_out in report.not_looked_at:
        _say(console, f"not looked at: {left_out.check} ({left_out.reason}); {left_out.remedy}", style="bold")
    _say(console, f"tokenizer: {report.tokenizer}")
    if report.written:
        _say(console, written_line(report.written))


def written_line(written: dict[str, Any]) -> str:
    """Say what has been written."""
    return f"kept {written['kept']:,} pairs, left out {written['rejected']:,}: {', '.join(written['files'])}"


def figures_lines(text: AuditedText, unit: str) -> list[str]:
    """Say how long the lines of a set are."""
    figures = text.figures.summary()
    if not figures:
        return []
    sides = [
        f"{language}: median {figures[side]['p50']}, 99 % up to {figures[side]['p99']}, longest {figures[side]['longest']:,} {unit}"
        for side, language in zip(("source", "target"), text.languages, strict=True)
    ]
    ratio = figures["target_by_source"]
    return [*sides, f"target by source: median {ratio['p50']}, 98 % between {ratio['p1']} and {ratio['p99']}"]


def percent(count: int, of: int) -> str:
    """Return a share with as many digits as it takes to see it."""
    share = 100 * count / max(1, of)
    return f"{share:.1f} %" if share >= 1 else f"{share:.2g} %"


def _headline(text: AuditedText) -> str:
    return f"{text.name}  {text.label}  {text.languages[0]} → {text.languages[1]}  {text.pairs:,} pairs"


def _table(found: list[Found], text: AuditedText, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("finding", no_wrap=True)
    table.add_column("pairs", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("--write", no_wrap=True)
    if wide:
        table.add_column("first lines", overflow="ellipsis", no_wrap=True)
    for one in found:
        lines = ", ".join(str(line) for line in one.lines[:_SHOWN_LINES]) + (", …" if one.count > _SHOWN_LINES else "")
        row = [one.finding.key, f"{one.count:,}", percent(one.count, text.pairs), "leaves out" if one.drops else "keeps"]
        table.add_row(*row, *([lines] if wide else []))
    if text.training:
        table.add_row("left out by --write", f"{text.faulty:,}", percent(text.faulty, text.pairs), "", *([""] if wide else []))
    return table


def _examples(console: Console, one: Found) -> None:
    _say(console, f"{one.finding.key} in {one.set_name}: {KINDS[one.finding].title}", style="bold")
    _say(console, f"  {KINDS[one.finding].remedy}")
    width = max(20, console.width - 14)
    for example in one.examples:
        console.print(Text(f"  {example.line:>9,}  {visible(example.source, width)}"), soft_wrap=True)
        console.print(Text(f"             {visible(example.target, width)}"), soft_wrap=True)
        if example.note:
            console.print(Text(f"             {visible(example.note, width)}", style="dim"), soft_wrap=True)
    console.print()


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(visible(line), style=style), soft_wrap=True)
