"""Histograms and a density as inline SVG; colours are names that the page's style sheet gives a value."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from nmt.audit.figures import GRID_STEP, RATIO_BINS, RATIO_STEP, Figures

WIDTH, HEIGHT = 400, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 16, 12, 14, 34
_MOST_BARS = 48
_RATIO_TICKS = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)
_LENGTH_TICKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

Marks = Sequence[tuple[float, str]]


def length_histogram(counts: NDArray[np.int64], title: str, unit: str, limit: float | None) -> str:
    """Draw how many lines have which length; counts: [lengths]. The limit of the config is a line where it is in sight.

    The axis ends at one and a half times what 99 % of the lines keep within; the last bar has all that are longer.
    """
    end = int(1.5 * np.searchsorted(np.cumsum(counts), 0.99 * counts.sum())) + 1
    step = -(-end // _MOST_BARS)
    bars = -(-end // step)
    shown = np.zeros(bars * step, np.int64)
    shown[: len(counts)] = counts[: bars * step]
    shown[-1] += counts[bars * step :].sum()
    ticks = [(tick / step, str(tick)) for tick in _round_ticks(bars * step)]
    marks = [(limit / step, f"limit {limit:g}")] if limit is not None and limit < bars * step else []
    return _histogram(shown.reshape(bars, step).sum(axis=1), title, ticks, marks, unit)


def ratio_histogram(figures: Figures, limit: float) -> str:
    """Draw the target's length by the source's, on a logarithmic axis from 1/8 to 8, with the limit of the config on both sides."""
    middle, reach = RATIO_BINS // 2, round(3 / RATIO_STEP)
    counts = figures.ratios[middle - reach : middle + reach + 1].copy()
    counts[0] += figures.ratios[: middle - reach].sum()
    counts[-1] += figures.ratios[middle + reach + 1 :].sum()

    def place(ratio: float) -> float:
        return reach + float(np.log2(ratio)) / RATIO_STEP + 0.5

    ticks = [(place(ratio), f"{ratio:g}" if ratio >= 1 else f"1/{1 / ratio:g}") for ratio in _RATIO_TICKS]
    marks = [(place(ratio), f"{limit:g} ×") for ratio in (1 / limit, limit)] if limit < 8 else []
    return _histogram(counts, "target length by source length", ticks, marks, "ratio")


def density(figures: Figures, unit: str) -> str:
    """Draw how many pairs have which two lengths, on logarithmic axes: the darker, the more."""
    counts = figures.density
    there = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    cells = int(there[-1]) + 1 if len(there) else 1
    size = (HEIGHT + 130 - _TOP - _BOTTOM) / cells
    left, bottom = 44.0, _TOP + size * cells
    shades = np.sqrt(counts / max(1, int(counts.max())))
    parts = [
        f'<rect class="cell" x="{left + x * size:.1f}" y="{bottom - (y + 1) * size:.1f}" width="{size:.2f}" height="{size:.2f}" '
        f'opacity="{max(0.06, shades[x, y]):.2f}"><title>{counts[x, y]:,}</title></rect>'
        for x, y in zip(*np.nonzero(counts), strict=True)
    ]
    for tick in _LENGTH_TICKS:
        offset = np.log2(tick) / GRID_STEP * size
        if offset <= size * cells:
            parts.append(f'<text x="{left + offset:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{tick}</text>')
            parts.append(f'<text x="{left - 6:.1f}" y="{bottom - offset + 4:.1f}" text-anchor="end">{tick}</text>')
    parts.append(f'<path class="axis" d="M{left:.1f} {_TOP}V{bottom:.1f}H{left + size * cells:.1f}"/>')
    parts.append(f'<path class="even" d="M{left:.1f} {bottom:.1f}L{left + size * cells:.1f} {_TOP}"/>')
    parts.append(f'<text x="{left + size * cells / 2:.1f}" y="{bottom + 29:.1f}" text-anchor="middle">source, {escape(unit)}</text>')
    middle = _TOP + size * cells / 2
    parts.append(f'<text x="12" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 12 {middle:.1f})">target</text>')
    return _figure("source length and target length", "".join(parts), HEIGHT + 130)


def _histogram(counts: NDArray[np.int64], title: str, ticks: Marks, marks: Marks, unit: str) -> str:
    width, height = (WIDTH - _LEFT - _RIGHT) / len(counts), HEIGHT - _TOP - _BOTTOM
    scale, bottom = height / max(1, int(counts.max())), _TOP + height
    parts = [
        f'<rect class="bar" x="{_LEFT + place * width + 0.5:.1f}" y="{bottom - count * scale:.1f}" width="{max(0.5, width - 1):.2f}" '
        f'height="{count * scale:.1f}"><title>{count:,}</title></rect>'
        for place, count in enumerate(counts.tolist())
        if count
    ]
    parts.append(f'<path class="axis" d="M{_LEFT} {bottom}H{WIDTH - _RIGHT}"/>')
    parts += [f'<text x="{_LEFT + at * width:.1f}" y="{bottom + 14}" text-anchor="middle">{escape(name)}</text>' for at, name in ticks]
    for at, name in marks:
        parts.append(f'<path class="limit" d="M{_LEFT + at * width:.1f} {_TOP}V{bottom}"/>')
        parts.append(f'<text class="limit-name" x="{_LEFT + at * width - 4:.1f}" y="{_TOP + 8}" text-anchor="end">{escape(name)}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{bottom + 29}" text-anchor="middle">{escape(unit)}</text>')
    return _figure(title, "".join(parts), HEIGHT)


def _figure(title: str, inside: str, height: int) -> str:
    name = escape(title)
    return (
        f'<figure><figcaption>{name}</figcaption><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">{inside}</svg></figure>'
    )


def _round_ticks(end: int) -> list[int]:
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500) if end / size <= 8)
    return list(range(0, end, step))
