"""Another program beside ours, in turn with our rounds: what `--against CMD` runs.

The command line is split as a shell would split it, but no shell runs it: `sh -c '...'` is there for who needs one.
"""

import re
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nmt.bench.figures import rounded
from nmt.errors import ConfigError, NmtError

SOURCE, BEAM = "{source}", "{beam}"
FIFTH = 5


class Pair(NamedTuple):
    """One round of ours and the other program's run beside it, as rates of the same unit."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the other program."""
        return self.ours / self.theirs


def pairs_as_dict(pairs: Sequence[Pair], command: str, unit: str) -> dict[str, Any]:
    """Every raw pair, and the median of their ratios with its range."""
    return {
        "command": command,
        "unit": unit,
        "pairs": [{"ours": round(pair.ours, 2), "theirs": round(pair.theirs, 2), "ratio": round(pair.ratio, 3)} for pair in pairs],
        "ratio": rounded([pair.ratio for pair in pairs], 3),
    }


class Command:
    """The other program's command line."""

    def __init__(self, line: str) -> None:
        """Split the line and look for the program.

        Raises:
            ConfigError: quotes that do not close, nothing at all, or no such program.
        """
        self.line = line
        try:
            self.words = shlex.split(line)
        except ValueError as error:
            raise ConfigError(f"--against {line!r} is no command line: {str(error).lower()}; close its quotes") from error
        if not self.words or shutil.which(self.words[0]) is None:
            named = repr(self.words[0]) if self.words else "an empty line"
            raise ConfigError(f"--against: no program {named}; give a command line that works on its own, without pipes")

    def run(self, replace: dict[str, str] | None = None, stdin: Path | None = None) -> tuple[float, str]:
        """Run it to its end.

        Args:
            replace: what placeholders in its words stand for.
            stdin: a file that it reads as standard input; default: nothing.

        Returns:
            Wall-clock seconds of the whole process, and all that it printed, both streams together.

        Raises:
            NmtError: it could not be run, or its exit code was not 0.
        """
        words = self.words
        for placeholder, value in (replace or {}).items():
            words = [word.replace(placeholder, value) for word in words]
        with tempfile.TemporaryFile() as printed, (stdin or Path("/dev/null")).open("rb") as given:
            started = time.perf_counter()
            try:
                code = subprocess.run(words, stdin=given, stdout=printed, stderr=subprocess.STDOUT, check=False).returncode
            except OSError as error:
                raise NmtError(f"--against: cannot run {words[0]!r}: {error.strerror or error}; try it on its own first") from error
            seconds = time.perf_counter() - started
            printed.seek(0)
            text = printed.read().decode("utf-8", errors="replace")
        if code:
            said = text.strip().splitlines()[-1:] or ["nothing"]
            raise NmtError(f"--against {shlex.join(words)} ended with exit code {code}, its last line: {said[0]}; try it on its own first")
        return seconds, text


@dataclass(frozen=True)
class PrintedRate:
    """A program that trains, and prints how fast: the median of the rates in its output is its speed in one run."""

    command: Command
    pattern: re.Pattern[str]

    def rate(self) -> float:
        """Run it and read its rate.

        Raises:
            NmtError: it failed, or printed nothing that the pattern finds.
        """
        _, text = self.command.run()
        found = self.pattern.findall(text)
        first = [one if isinstance(one, str) else one[0] for one in found]
        if not first:
            raise NmtError(
                f"--against-pattern {self.pattern.pattern!r} matches none of the {len(text.splitlines())} lines that {self.command.line!r} "
                "printed; try it on its own and look at its output"
            )
        try:
            rate = statistics.median(float(one.replace(",", "")) for one in first)
        except ValueError as error:
            raise NmtError(f"--against-pattern {self.pattern.pattern!r}: group 1 is {first[0]!r}: put the number alone in it") from error
        if rate <= 0:
            raise NmtError(f"--against-pattern {self.pattern.pattern!r} gives a rate of {rate:g}; put a rate above 0 in group 1")
        return rate


def printed_rate(line: str, pattern: str) -> PrintedRate:
    """Check both options.

    Raises:
        ConfigError: a command that is not there, or a pattern that is no regular expression or has no group.
    """
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise ConfigError(f"--against-pattern {pattern!r} is no regular expression: {error}") from error
    if not compiled.groups:
        raise ConfigError(f"--against-pattern {pattern!r} has no group: put the rate in brackets, as in 'tokens/s: ([0-9.]+)'")
    return PrintedRate(Command(line), compiled)


class Seconds(NamedTuple):
    """Of every fifth line, and of all lines."""

    few: float
    all: float

    def as_dict(self) -> dict[str, float]:
        """As it stands in JSON."""
        return {name: round(value, 3) for name, value in self._asdict().items()}


class TranslationProcess:
    """A program that translates a file, timed without its start: over every fifth line, over all lines, and the difference is what counts.

    Ours, which is loaded already, is timed over the same two texts with the same difference. All lines are different ones, so that
    neither side gains by remembering a sentence.
    """

    def __init__(self, command: Command, lines: Sequence[str], folder: Path) -> None:
        """Write the two files.

        Raises:
            ConfigError: too few different lines.
        """
        self.command = command
        self.lines = list(dict.fromkeys(line for line in lines if line.strip()))
        self.few = self.lines[::FIFTH]
        if len(self.lines) < FIFTH:
            raise ConfigError(f"--against needs a --source of at least {FIFTH} different lines, found {len(self.lines)}")
        self.files = (folder / "fifth.txt", folder / "all.txt")
        for path, text in zip(self.files, (self.few, self.lines), strict=True):
            path.write_text("\n".join(text) + "\n", encoding="utf-8")

    def seconds(self, beam: int) -> Seconds:
        """Seconds of the whole process.

        Raises:
            NmtError: it failed.
        """
        by_name = any(SOURCE in word for word in self.command.words)
        return Seconds(*(self.command.run({SOURCE: str(path), BEAM: str(beam)}, None if by_name else path)[0] for path in self.files))

    def pair(self, ours: Seconds, theirs: Seconds) -> Pair:
        """Sentences a second of both.

        Raises:
            NmtError: more lines took no more time.
        """
        for whose, seconds in ((f"--against {self.command.line!r}", theirs), ("this model", ours)):
            if seconds.all <= seconds.few:
                raise NmtError(
                    f"{whose} took {seconds.all:.3f} s for {len(self.lines)} lines and {seconds.few:.3f} s for {len(self.few)}: "
                    "the difference is too small to measure; give a longer --source"
                )
        difference = len(self.lines) - len(self.few)
        return Pair(*(difference / (seconds.all - seconds.few) for seconds in (ours, theirs)))
