"""The directions that a model translates, and the tags in front of a source that say which one is meant.

One model learns several target languages when each source begins with a piece that names the wanted one (Johnson et al. 2017, section 3).
The source language needs no tag: the encoder sees what it reads. It still matters here, as text is cut into sentences by its rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmt.errors import ModelError
from nmt.special_tokens import language_tag

if TYPE_CHECKING:
    from nmt.data_config import DataConfig

Direction = tuple[str, str]
"""Source and target language."""


@dataclass(frozen=True)
class Directions:
    """What a model has learnt."""

    pairs: tuple[Direction, ...] = (("", ""),)
    """The main direction first."""
    target_tags: bool = False
    """Whether each source begins with the tag of its target language."""
    corpus_tags: tuple[str, ...] = ()
    """What else a source may begin with, such as `bt`."""

    @classmethod
    def of_config(cls, data: DataConfig) -> Directions:
        """What a config trains."""
        return cls(data.directions, data.target_tags, tuple(dict.fromkeys(entry.tag for entry in data.mix or () if entry.tag)))

    @property
    def main(self) -> Direction:
        """What a call gets that names no language."""
        return self.pairs[0]

    def find(self, source: str | None = None, target: str | None = None) -> Direction:
        """Return the direction that is asked for: the main one if it fits; else, of those that fit, one from the main source language.

        Args:
            source: language code, in any case; default: any.
            target: the same; default: the main one, or the only one that `source` leads to.

        Raises:
            ModelError: nothing learnt fits, or several target languages do.
        """
        fitting = [
            pair for pair in self.pairs if all(one is None or _same(one, own) for one, own in zip((source, target), pair, strict=True))
        ]
        if not fitting:
            wanted = f"{source} → {target}" if source and target else f"from {source}" if source else f"into {target}"
            raise ModelError(f"this model has not learnt to translate {wanted}; it translates {arrows(self.pairs)}")
        if self.main in fitting:
            return self.main
        targets = list(dict.fromkeys(own for _, own in fitting))
        if len(targets) > 1:
            raise ModelError(f"from {source} this model translates into {', '.join(targets)}: say which language is the target")
        return next((pair for pair in fitting if pair[0] == self.main[0]), fitting[0])

    def tags(self, direction: Direction, corpus_tag: str | None = None) -> tuple[str, ...]:
        """Return the tags that a source of a direction begins with, as training data have them.

        Raises:
            ModelError: the model was not trained with `corpus_tag`.
        """
        if corpus_tag is not None and corpus_tag not in self.corpus_tags:
            known = f"it has {', '.join(self.corpus_tags)}" if self.corpus_tags else "it was trained without any"
            raise ModelError(f"this model has no tag {corpus_tag!r}: {known}")
        return (*((language_tag(direction[1]),) if self.target_tags else ()), *((corpus_tag,) if corpus_tag is not None else ()))

    @property
    def all_tags(self) -> tuple[str, ...]:
        """Every tag of the model."""
        return tuple(dict.fromkeys([*(tag for pair in self.pairs for tag in self.tags(pair)), *self.corpus_tags]))


def arrows(pairs: Iterable[Direction]) -> str:
    """Return directions as a person reads them."""
    return ", ".join(f"{source} → {target}" for source, target in pairs)


def _same(one: str, other: str) -> bool:
    return one.strip().lower().replace("_", "-") == other.lower().replace("_", "-")
