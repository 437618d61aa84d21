"""The report as one HTML page: no network, no script, every text escaped."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from nmt.audit.findings import KINDS
from nmt.audit.plots import density, length_histogram, ratio_histogram
from nmt.audit.report import AuditedText, Found, Report
from nmt.audit.terminal import figures_lines, percent, written_line
from nmt.audit.visible import visible

_STYLE = Path(__file__).with_name("page.css")
_MOST_CHARACTERS = 600


def page(report: Report, title: str) -> str:
    """Return the whole page."""
    body = "\n".join(_body(report, title))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_text(title)} – audit</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _body(report: Report, title: str) -> Iterator[str]:
    yield f'<h1>{_text(title)}</h1><p class="muted">What nmt audit found in {sum(text.pairs for text in report.sets):,} pairs.</p>'
    for one in report.not_looked_at:
        yield f'<div class="card notice">Not looked at: {_text(one.check)} ({_text(one.reason)}). {_text(one.remedy)}</div>'
    for text in report.sets:
        yield from _set(text, [one for one in report.found if one.set_name == text.name], report.unit)
    figures = report.training_figures
    if figures.ratios.sum():
        yield f'<h2>Lengths of the training text</h2><p class="muted">Tokenizer: {_text(report.tokenizer)}</p><div class="plots">'
        limit = report.limits["max_pieces"] if report.unit == "pieces" else None
        yield length_histogram(figures.lengths[0], "source length", report.unit, limit)
        yield length_histogram(figures.lengths[1], "target length", report.unit, limit)
        yield ratio_histogram(figures, report.limits["max_length_ratio"])
        yield density(figures, report.unit)
        yield "</div>"
    for key, characters in report.characters.items():
        yield f"<h2>{_text(key.replace('_', ' ').capitalize())}</h2><div class='card scroll'><table>"
        yield "<tr><th>character</th><th>code</th><th>name</th><th>times</th></tr>"
        for fact in characters:
            shown = (_text(str(fact[column])) for column in ("character", "code", "name"))
            yield f"<tr><td>{'</td><td>'.join(shown)}</td><td class='count'>{fact['count']:,}</td></tr>"
        yield "</table></div>"
    if report.written:
        yield f"<h2>Written</h2><p>{_text(written_line(report.written))}</p>"


def _set(text: AuditedText, found: list[Found], unit: str) -> Iterator[str]:
    yield f"<h2>{_text(text.name)}</h2>"
    languages = f"{_text(text.languages[0])} → {_text(text.languages[1])}"
    yield f'<p class="muted">{_text(text.label)} · {languages} · {text.pairs:,} pairs</p>'
    for line in figures_lines(text, unit):
        yield f'<p class="muted">{_text(line)}</p>'
    if not found:
        yield '<div class="card notice">Nothing was found.</div>'
        return
    yield '<div class="card">'
    for one in found:
        yield from _finding(one, text)
    yield "</div>"
    if text.training:
        yield f'<p class="muted">{text.faulty:,} pairs ({percent(text.faulty, text.pairs)}) are left out by --write.</p>'


def _finding(one: Found, text: AuditedText) -> Iterator[str]:
    kind = KINDS[one.finding]
    badge = '<span class="badge out">leaves out</span>' if one.drops else '<span class="badge">keeps</span>'
    lines = ", ".join(f"{line:,}" for line in one.lines) + (", …" if one.count > len(one.lines) else "")
    count = f"{one.count:,} · {percent(one.count, text.pairs)}"
    yield f'<details><summary><span>{_text(kind.title)}</span><span class="count">{count}</span>{badge}'
    yield f'<small>{one.finding.key} · lines {lines}</small></summary><div class="inside"><p>{_text(kind.remedy)}</p>'
    for example in one.examples:
        note = f"<br><small>{_text(example.note)}</small>" if example.note else ""
        yield f'<div class="example"><small>line {example.line:,}</small><br>'
        yield f"<bdi>{_text(example.source)}</bdi><br><bdi>{_text(example.target)}</bdi>{note}</div>"
    yield "</div></details>"


def _text(text: str) -> str:
    return escape(visible(text, _MOST_CHARACTERS))
