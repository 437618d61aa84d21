"""The report of an audit: what was looked at, what was found in which set, and what was not looked at."""

from dataclasses import asdict, dataclass, field
from typing import Any

from nmt.audit.block import Example
from nmt.audit.figures import Figures
from nmt.audit.findings import KINDS, Finding


@dataclass
class Found:
    """One finding in one set."""

    finding: Finding
    set_name: str
    drops: bool
    """Whether `--write` leaves these pairs out."""
    count: int = 0
    lines: list[int] = field(default_factory=list)
    """The first ones."""
    examples: list[Example] = field(default_factory=list)


@dataclass
class AuditedText:
    """What was read of one set."""

    name: str
    label: str
    languages: tuple[str, str]
    training: bool
    pairs: int = 0
    faulty: int = 0
    """Pairs with a finding that `--write` leaves out, each counted once; of the training text, these are left out."""
    figures: Figures = field(default_factory=Figures)


@dataclass
class NotLookedAt:
    """A check that was left out, and what to do to have it."""

    check: str
    reason: str
    remedy: str


@dataclass
class Report:
    """Everything that is told of an audit."""

    sets: list[AuditedText]
    found: list[Found]
    unit: str
    """What lengths are counted in: pieces or characters."""
    tokenizer: str
    limits: dict[str, float]
    characters: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """The most frequent characters that the tokenizer loses or shatters."""
    not_looked_at: list[NotLookedAt] = field(default_factory=list)
    written: dict[str, Any] | None = None

    def pairs_of(self, set_name: str) -> int:
        """Return the number of pairs of a set."""
        return next(text.pairs for text in self.sets if text.name == set_name)

    @property
    def training_figures(self) -> Figures:
        """Lengths and ratios of all text that is trained on."""
        figures = Figures()
        for text in self.sets:
            if text.training:
                figures = figures.merged(text.figures)
        return figures

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "sets": [
                {
                    "name": text.name,
                    "text": text.label,
                    "source_language": text.languages[0],
                    "target_language": text.languages[1],
                    "pairs": text.pairs,
                    "pairs_with_dropped_findings": text.faulty,
                    f"lengths_in_{self.unit}": text.figures.summary(),
                }
                for text in self.sets
            ],
            "findings": [
                {
                    "finding": one.finding.key,
                    "title": KINDS[one.finding].title,
                    "set": one.set_name,
                    "pairs": one.count,
                    "share": round(one.count / max(1, self.pairs_of(one.set_name)), 6),
                    "first_lines": one.lines,
                    "dropped_by_write": one.drops,
                    "remedy": KINDS[one.finding].remedy,
                    "examples": [asdict(example) for example in one.examples],
                }
                for one in self.found
            ],
            "characters": self.characters,
            "tokenizer": self.tokenizer,
            "limits": self.limits,
            "not_looked_at": [asdict(one) for one in self.not_looked_at],
            "written": self.written,
        }
