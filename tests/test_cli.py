"""The command line as a person meets it, in a process of its own: help, speed of the first answer, pipes, Ctrl-C, full disks."""

import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import nmt
from nmt.cli import app
from tests.conftest import RunNmt

VERBS = sorted(command.name or command.callback.__name__ for command in app.registered_commands if command.callback)
HEAVY = ("tensorflow", "keras", "numpy", "sentencepiece", "sacrebleu")


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS)])
def test_every_verb_explains_itself(arguments: list[str], run_nmt: RunNmt) -> None:
    found = run_nmt(*arguments, "--help")
    assert found.returncode == 0
    assert found.stderr == ""
    assert found.stdout.startswith(f"Usage: {' '.join(['nmt', *arguments])} ")


def test_nmt_alone_shows_the_verbs_and_is_a_mistake(run_nmt: RunNmt) -> None:
    found = run_nmt()
    assert (found.returncode, found.stdout) == (2, "")
    assert [verb for verb in VERBS if verb not in found.stderr] == []


def test_the_command_and_the_module_are_the_same(run_nmt: RunNmt) -> None:
    command = Path(sys.executable).with_name("nmt")
    assert subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout == run_nmt("--version").stdout
    assert run_nmt("--version").stdout == f"nmt {nmt.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "nowhere.yaml"], ["info", "nowhere"]])
def test_help_and_cheap_mistakes_load_nothing_heavy(arguments: list[str]) -> None:
    code = f"""if True:
        import atexit, sys
        atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr))
        from nmt.cli import main
        sys.argv = ["nmt", *{arguments}]
        main()
    """
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert found.stderr.splitlines()[-1] == "[]"


def test_help_comes_as_fast_as_its_libraries_load() -> None:
    """Runs alternate, so that a busy machine slows both alike."""
    commands = {"help": ["-m", "nmt", "--help"], "libraries": ["-c", "import pydantic, typer"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(7):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True, check=True)
            seconds[name].append(time.perf_counter() - started)
    assert statistics.median(seconds["help"]) <= 2 * statistics.median(seconds["libraries"]), seconds


ECHO = """if True:
    import os, sys
    import nmt.loading
    from nmt.hypotheses import Hypothesis
    class Echo:
        def with_search(self, **_):
            return self

        def hypotheses(self, lines, **_):
            return [[Hypothesis(line, 0.0)] for line in lines]
    nmt.loading.load_translator = lambda *_, **__: Echo()
    from nmt.cli import main
    sys.argv = ["nmt", "translate", "any", *sys.argv[1:]]
    main()
"""


def test_a_reader_that_has_seen_enough_ends_the_work_without_a_word() -> None:
    """As in `nmt translate MODEL < long.txt | head -1`."""
    with subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write("first\n")
        process.stdin.flush()
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        with suppress(BrokenPipeError):
            for _ in range(20):
                process.stdin.write("more\n" * 10_000)
            process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_a_closed_pipe_needs_no_traceback(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        found = subprocess.run([sys.executable, "-m", "nmt", *arguments], stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run([sys.executable, "-m", "nmt", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (2, "nmt: standard output: No space left on device\n")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", "eins\nzwei\n"),
        ("--scores", "0.0000\teins\n0.0000\tzwei\n"),
        ("--n-best 2", "1\t0.0000\teins\n2\t0.0000\tzwei\n"),
        ("--json", '{"source": "eins", "translation": "eins", "score": 0.0}\n{"source": "zwei", "translation": "zwei", "score": 0.0}\n'),
        ("eins zwei", "eins\nzwei\n"),
        ("-i in.txt", "eins\nzwei\n"),
        ("-i in.txt -o /dev/stdout", "eins\nzwei\n"),
    ],
)
def test_translate_reads_and_writes(typed: str, wanted: str, tmp_path: Path) -> None:
    text = "eins\nzwei\n"
    (tmp_path / "in.txt").write_text(text)
    command = [sys.executable, "-c", ECHO, *typed.split()]
    found = subprocess.run(command, cwd=tmp_path, input=text, capture_output=True, text=True, timeout=60, check=True)
    assert (found.stdout, found.stderr) == (wanted, "")


def test_translate_writes_a_whole_file_or_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ECHO, "-o", "out.txt"]
    found = subprocess.run(command, cwd=tmp_path, input=b"eins\n\xff\n", capture_output=True, timeout=60, check=False)
    assert found.returncode == 2
    assert b"line 2" in found.stderr
    assert list(tmp_path.iterdir()) == []
    subprocess.run(command, cwd=tmp_path, input=b"eins\n", capture_output=True, timeout=60, check=True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.txt", "eins\n")]


def test_control_c_ends_without_a_traceback() -> None:
    # A shell starts its background jobs with SIGINT ignored, and children inherit that: the suite may run in such a job.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", listen + ECHO], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"first\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"first\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == b""


@pytest.mark.parametrize("bug", ["ValueError", "EOFError", "FileNotFoundError"])
def test_a_bug_of_ours_keeps_its_traceback(bug: str) -> None:
    code = ECHO.replace("return [[", f"raise {bug}('our bug'); return [[")
    found = subprocess.run([sys.executable, "-c", code, "text"], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("Traceback")
    assert found.stderr.endswith(f"{bug}: our bug\n")
