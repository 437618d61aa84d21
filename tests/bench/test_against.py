"""Another program beside ours: what it is given, what is read from it, and what is said when it fails."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from nmt.bench.against import Command, Pair, Seconds, TranslationProcess, pairs_as_dict, printed_rate
from nmt.errors import ConfigError, NmtError


def python(program: str, *arguments: str) -> str:
    """A command line that runs a program."""
    return shlex.join([sys.executable, "-c", program, *arguments])


def test_the_rate_of_a_run_is_the_median_of_what_it_printed() -> None:
    program = "import sys; print('step 1 tok/s: 4,000.5'); print('step 2 tok/s: 10', file=sys.stderr); print('step 3 tok/s: 4100')"
    assert printed_rate(python(program), r"tok/s: ([\d,.]+)").rate() == 4000.5


def test_of_several_groups_the_first_is_the_rate() -> None:
    assert printed_rate(python("print('7 tokens in 2 s')"), r"(\d+) tokens in (\d+) s").rate() == 7


@pytest.mark.parametrize(
    ("program", "pattern", "said"),
    [
        ("print('nothing of the kind')", r"tok/s: (\d+)", "matches none of the 1 lines"),
        ("print('tok/s: fast')", r"tok/s: (\w+)", "'fast'"),
        ("print('tok/s: 0')", r"tok/s: (\w+)", "above 0"),
        ("import sys; print('first'); sys.exit('out of memory')", r"(\d+)", "exit code 1, its last line: out of memory"),
        ("raise SystemExit(3)", r"(\d+)", "exit code 3, its last line: nothing"),
    ],
)
def test_a_run_that_gives_no_rate_is_told_in_one_line(program: str, pattern: str, said: str) -> None:
    with pytest.raises(NmtError, match=re.escape(said)) as error:
        printed_rate(python(program), pattern).rate()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "pattern", "said"),
    [
        ("no-such-program-anywhere --fast", "(x)", "no program 'no-such-program-anywhere'"),
        ("", "(x)", "an empty line"),
        ("echo 'open", "(x)", "close its quotes"),
        ("echo", "(x", "no regular expression"),
        ("echo", "x", "no group"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_run(line: str, pattern: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        printed_rate(line, pattern)


def test_a_program_that_cannot_be_executed_is_told_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "broken"
    script.write_bytes(b"\x7fELF no more")
    script.chmod(0o755)
    with pytest.raises(NmtError, match="cannot run"):
        Command(str(script)).run()


COPY = "import sys; from pathlib import Path; text = (open(sys.argv[1]) if len(sys.argv) > 2 else sys.stdin).read(); "
NOTE = COPY + "note = Path(sys.argv[-1]); note.write_text((note.read_text() if note.exists() else '') + text + '--\\n')"


@pytest.mark.parametrize("by_name", [True, False])
def test_the_other_program_gets_every_fifth_line_and_then_all_each_once(by_name: bool, tmp_path: Path) -> None:
    note = tmp_path / "note"
    lines = [f"line {number}" for number in range(10)]
    command = Command(python(NOTE, *(["{source}"] if by_name else []), f"{note}.{{beam}}"))
    other = TranslationProcess(command, [*lines[:4], "", *lines[2:]], tmp_path)
    few, every = other.seconds(3)
    assert min(few, every) > 0
    assert Path(f"{note}.3").read_text() == "line 0\nline 5\n--\n" + "\n".join(lines) + "\n--\n"
    assert other.few == ["line 0", "line 5"]


def test_both_rates_are_of_the_difference(tmp_path: Path) -> None:
    other = TranslationProcess(Command(python("")), [str(number) for number in range(100)], tmp_path)
    assert other.pair(Seconds(1.0, 5.0), Seconds(10.0, 12.0)) == Pair(20.0, 40.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "whose"), [(Seconds(1, 2), Seconds(2, 2), "--against"), (Seconds(2, 1), Seconds(1, 2), "this model")]
)
def test_a_difference_that_is_none_is_told(ours: Seconds, theirs: Seconds, whose: str, tmp_path: Path) -> None:
    other = TranslationProcess(Command(python("")), list("abcdef"), tmp_path)
    with pytest.raises(NmtError, match=f"^{whose}.*longer --source$"):
        other.pair(ours, theirs)


def test_too_few_lines_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 5 different lines, found 2"):
        TranslationProcess(Command(python("")), ["a", "b", "a", "", "b", "a"], tmp_path)


def test_every_pair_is_reported_with_the_median_ratio() -> None:
    found = pairs_as_dict([Pair(10, 5), Pair(9, 10), Pair(6, 5)], "other", "sentences/s")
    assert [pair["ratio"] for pair in found["pairs"]] == [2.0, 0.9, 1.2]
    assert found["ratio"] == {"median": 1.2, "min": 0.9, "max": 2.0}
