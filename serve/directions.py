"""The directions that a request may choose from: those of every loaded model, or those of one."""

from collections.abc import Iterable

from serve.languages import find_language
from serve.loaded_model import DirectedModel


class Directions:
    """A list to choose from by language codes; of several models for one direction the first is taken."""

    def __init__(self, directions: Iterable[DirectedModel]) -> None:
        self._directions = list(directions)

    @property
    def sources(self) -> list[str]:
        """The source languages, in the order of the models."""
        return list(dict.fromkeys(one.source for one in self._directions))

    def targets(self, source: str | None = None) -> list[str]:
        """The target languages of a source language by its own code, or of all."""
        return list(dict.fromkeys(one.target for one in self._directions if source is None or one.source == source))

    def find(self, source: str, target: str) -> DirectedModel | None:
        """Return the first that translates between two languages, whose codes may be other names of the models'."""
        own_source = find_language(source, self.sources)
        own_target = find_language(target, self.targets(own_source)) if own_source else None
        return next((one for one in self._directions if (one.source, one.target) == (own_source, own_target)), None)

    def leading_to(self, target: str | None) -> list[str]:
        """The source languages that can be translated into the target; all, if none can or without a target."""
        return [source for source in self.sources if target is not None and self.find(source, target)] or self.sources
