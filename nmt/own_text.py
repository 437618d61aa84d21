"""`nmt train --source F --target F`: a config from nothing but text, its sizes chosen from how much there is of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt.config import Config
from nmt.config_file import complete_config
from nmt.data.corpus import open_split
from nmt.data.filtering import text_fault
from nmt.data.language_codes import language_of_file
from nmt.errors import ConfigError
from nmt.segmentation import writes_spaces
from nmt.sizes import Row, row_for, settings_for

_REPORT_EVERY = 4096


@dataclass(frozen=True)
class OwnText:
    """What was typed instead of a config."""

    source: Path | None = None
    target: Path | None = None
    tsv: Path | None = None
    memory: tuple[Path, ...] = ()
    valid_source: Path | None = None
    valid_target: Path | None = None
    source_language: str | None = None
    target_language: str | None = None

    def data(self) -> dict[str, Any]:
        """The section `data`.

        Raises:
            ConfigError: two forms of text at once, one side alone, or a language that nothing tells.
        """
        forms = [bool(self.source or self.target), self.tsv is not None, bool(self.memory)]
        if sum(forms) != 1:
            raise ConfigError("training text is either --source and --target, or --tsv, or --memory: give one of the three")
        if (self.source is None) != (self.target is None):
            raise ConfigError(f"--{'target' if self.target is None else 'source'} is missing: text in two files needs both")
        if (self.valid_source is None) != (self.valid_target is None):
            raise ConfigError(f"--valid-{'target' if self.valid_target is None else 'source'} is missing: validation text needs both sides")
        train = {"source": self.source, "target": self.target, "tsv": self.tsv, "memory": list(self.memory) or None}
        valid = {"source": self.valid_source, "target": self.valid_target}
        data: dict[str, Any] = {"train": _absolute(train)}
        if self.valid_source:
            data["valid"] = _absolute(valid)
        for side, code, file in (("source", self.source_language, self.source), ("target", self.target_language, self.target)):
            known = code or (language_of_file(file) if file else None)
            if known is None:
                raise ConfigError(f"which language is the {side} in? give --{side}-lang, such as --{side}-lang en")
            data[f"{side}_language"] = known
        return data

    def run_name(self, data: dict[str, Any]) -> str:
        """What its run is called: train.en and train.de make `train-en-de`."""
        file = self.source or self.tsv or self.memory[0]
        stem = file.name.removesuffix(".gz")
        return f"{stem.rpartition('.')[0] or stem}-{data['source_language']}-{data['target_language']}"


@dataclass(frozen=True)
class Sized:
    """A config whose sizes were chosen, and what they were chosen from."""

    config: Config
    run_name: str
    pairs: int
    target_words: int
    row: Row


def sized_config(text: OwnText, overrides: list[str], on_progress: Callable[[int], None]) -> Sized:
    """Count the text and choose.

    Args:
        text: what was typed.
        overrides: `section.key=value`, which win over what is chosen.
        on_progress: called now and then with the number of pairs so far.

    Raises:
        ConfigError: an option that does not fit.
        CorpusError: text that cannot be read, or that has no pairs.
    """
    data = text.data()
    where = "nmt train"
    config = complete_config({"data": data}, where, Path.cwd(), overrides)
    pairs = words = 0
    spaced = writes_spaces(config.data.target_language)
    for number, pair in enumerate(open_split(config.data, "train")):
        if number % _REPORT_EVERY == 0:
            on_progress(number)
        if not text_fault(pair):
            pairs += 1
            words += len(pair.target.split()) if spaced else len(pair.target) // 2
    settings = settings_for(pairs, words)
    if config.training.init_from:  # its shape and pieces are those of what it begins with
        settings["model"] = {key: value for key, value in settings["model"].items() if key in {"dropout", "word_dropout"}}
        del settings["tokenizer"]
    return Sized(
        complete_config({"data": data} | settings, where, Path.cwd(), overrides), text.run_name(data), pairs, words, row_for(pairs)
    )


def _absolute(paths: dict[str, Any]) -> dict[str, Any]:
    def one(path: Any) -> Any:
        return [one(part) for part in path] if isinstance(path, list) else str(path.expanduser().absolute())

    return {name: one(path) for name, path in paths.items() if path}
