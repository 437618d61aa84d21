"""The pictures and the table of `nmt inspect tokenizer`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmt.inspect.drawing import COLOURS, INK, PALE, picture, power_of_ten
from nmt.inspect.sparkline import sparkline, thinned
from nmt.inspect.table import aligned
from nmt.inspect.tokenizer import Counts, Usage, Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPARKS = 24
ZIPF_BETWEEN = 10, 1000
"""Ranks between which Zipf's line is fitted: the few most frequent pieces and the rare ones never lie on it."""


def draw_tokenizer(vocabulary: Vocabulary, path: Path, *, title: str) -> Path:
    """Write the plots: length of pieces; and where training text is at hand rank and frequency, coverage, pieces per sentence."""
    usage = vocabulary.usage
    with picture(path, (9.5, 6.6) if usage else (5.5, 3.6), [title]) as made:
        panels = made.figure.subplots(2 if usage else 1, 2 if usage else 1, squeeze=False).flat
        _lengths(next(panels), vocabulary)
        if usage:
            _rank_frequency(next(panels), usage)
            _sentences(next(panels), usage)
            _coverage(next(panels), vocabulary)
        made.figure.suptitle("\n".join(made.labels(title.splitlines())), fontsize=9.5, x=0.01, ha="left")
    return path


def tokenizer_lines(vocabularies: Sequence[Vocabulary]) -> list[str]:
    """The figures as a table, a column for each vocabulary."""
    rows = [["", *(vocabulary.name for vocabulary in vocabularies)]]
    texts = [vocabulary.is_text for vocabulary in vocabularies]
    rows.append(["pieces", *(f"{len(text):,}" for text in texts)])
    rows.append(["of them text (not special, tag or byte)", *(f"{text.sum():,}" for text in texts)])
    rows.append(["characters per piece, vocabulary", *(f"{v.characters[v.is_text].mean():.2f}" for v in vocabularies)])
    if all(vocabulary.usage for vocabulary in vocabularies):
        usages = [vocabulary.usage for vocabulary in vocabularies if vocabulary.usage]
        rows.append(["characters per piece, running text", *(f"{v.characters_per_piece:.2f}" for v in vocabularies)])
        rows.append(["pieces of running text", *(f"{usage.counts.sum():,}" for usage in usages)])
        rows.append(["pieces of text never seen", *(f"{v.never_seen:,} ({v.never_seen / v.is_text.sum():.1%})" for v in vocabularies)])
        rows.append(["Zipf's exponent", *(f"{zipf_exponent(usage):.2f}" for usage in usages)])
        for side in (side for usage in usages for side in usage.sentence_pieces):
            of = [usage.sentence_pieces.get(side) for usage in usages]
            rows.append([f"pieces per sentence, {side}", *("" if counts is None else f"{_mean(counts):.1f}" for counts in of)])
    lines = aligned(rows, left=(0,))
    for vocabulary in vocabularies:
        shares = np.bincount(vocabulary.characters[vocabulary.is_text])[1:]
        lines.append(f"{vocabulary.name}, pieces of 1 to {len(shares)} characters: {sparkline([float(share) for share in shares], 0.0)}")
        if vocabulary.usage:
            for side, counts in vocabulary.usage.sentence_pieces.items():
                spark = sparkline(thinned([float(count) for count in counts], SPARKS), 0.0)
                lines.append(f"{side} sentences of 0 to {len(counts) - 1} pieces: {spark}")
    return lines


def zipf_exponent(usage: Usage) -> float:
    """The s of frequency ∝ rank^-s (Zipf 1949), fitted by least squares in logarithms between the ranks of `ZIPF_BETWEEN`."""
    counts = np.sort(usage.counts[usage.counts > 0])[::-1]
    first, last = (min(rank, len(counts)) for rank in ZIPF_BETWEEN)
    if last - first < 2:
        return float("nan")
    ranks = np.arange(first, last + 1)
    slope, _ = np.polyfit(np.log(ranks), np.log(counts[ranks - 1]), 1)
    return float(-slope)


def _lengths(axes: "Axes", vocabulary: Vocabulary) -> None:
    characters = vocabulary.characters[vocabulary.is_text]
    places = np.arange(1, characters.max() + 1)
    axes.bar(places - 0.2, _shares(np.bincount(characters)[1:]), width=0.4, color=COLOURS[0], label="of the vocabulary")
    if vocabulary.usage:
        used = np.bincount(characters, weights=vocabulary.usage.counts[vocabulary.is_text])[1:]
        axes.bar(places + 0.2, _shares(used), width=0.4, color=COLOURS[4], label="of the running text")
    axes.set_title("how long pieces are")
    axes.set_xlabel("characters, ▁ counted as one")
    axes.set_ylabel("share of pieces")
    axes.legend()


def _rank_frequency(axes: "Axes", usage: Usage) -> None:
    counts = np.sort(usage.counts[usage.counts > 0])[::-1]
    ranks = np.arange(1, len(counts) + 1)
    axes.plot(ranks, counts, color=COLOURS[0], marker=".", markersize=3, linewidth=0)
    exponent = zipf_exponent(usage)
    if np.isfinite(exponent):
        first, last = (min(rank, len(counts)) for rank in ZIPF_BETWEEN)
        middle = np.exp(np.log(counts[first - 1 : last]).mean() + exponent * np.log(ranks[first - 1 : last]).mean())
        axes.plot(ranks, middle * ranks**-exponent, color=COLOURS[1], linestyle="--", label=f"Zipf's law: 1 / rank^{exponent:.2f}")
        axes.legend()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: power_of_ten(value))
    axes.grid(visible=True)
    axes.set_title("how often pieces occur")
    axes.set_xlabel("rank")
    axes.set_ylabel("occurrences in the training text")


def _sentences(axes: "Axes", usage: Usage) -> None:
    for number, (side, counts) in enumerate(usage.sentence_pieces.items()):
        edges = np.arange(len(counts) + 1) - 0.5
        axes.stairs(_shares(counts), edges, color=COLOURS[number], linewidth=1.6, label=f"{side}: mean {_mean(counts):.1f}")
    axes.set_title("how many pieces a sentence has")
    axes.set_xlabel("pieces")
    axes.set_ylabel("share of sentences")
    axes.set_xlim(left=0)
    axes.legend()


def _coverage(axes: "Axes", vocabulary: Vocabulary) -> None:
    assert vocabulary.usage
    covered, unseen = vocabulary.coverage(), vocabulary.usage.counts == 0
    axes.plot(np.arange(1, len(covered) + 1) / len(covered), covered, color=COLOURS[2])
    seen = 1 - float(unseen.mean())
    axes.axvspan(seen, 1, color=PALE, zorder=0)
    others = int(unseen.sum()) - vocabulary.never_seen
    never = f"never seen:\n{vocabulary.never_seen:,} pieces of text,\n{others:,} bytes and special tokens"
    axes.text(seen - 0.01, 0.03, never, ha="right", color=INK, fontsize=8)
    axes.set_title("how much of the text the most frequent pieces make up")
    axes.set_xlabel("share of the vocabulary, most frequent first")
    axes.set_ylabel("share of the running text")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(visible=True)


def _shares(counts: NDArray[Any]) -> NDArray[np.float64]:
    return counts / max(1.0, float(counts.sum()))


def _mean(counts: Counts) -> float:
    return float((np.arange(len(counts)) * counts).sum() / max(1, int(counts.sum())))
