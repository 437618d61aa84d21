"""What a container's limit leaves of the CPUs, read from folders that look like control groups, and the threads that follow from it."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nmt.cpus
from nmt.cpus import available_cpus, cgroup_limit, multiplies_bfloat16, runnable_cpus


def place(tmp_path: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Groups and the process' place in them; `files` by their path below the mount."""
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (tmp_path / "own").write_text(own + "\n")
    return tmp_path / "cgroup", tmp_path / "own"


V1 = "12:memory:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/box"

CASES: dict[str, tuple[str, dict[str, str], float]] = {
    "version 2, in a container": ("0::/", {"cpu.max": "150000 100000"}, 1.5),
    "version 2, no limit": ("0::/", {"cpu.max": "max 100000"}, math.inf),
    "version 2, the root of a machine has no file": ("0::/", {}, math.inf),
    "version 2, the group above allows less": ("0::/a/b", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "400000 100000"}, 2.0),
    "version 2, a neighbour's limit": ("0::/a", {"b/cpu.max": "100000 100000"}, math.inf),
    "version 1": (V1, {"cpu,cpuacct/box/cpu.cfs_quota_us": "50000", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"}, 0.5),
    "version 1, no limit": (V1, {"cpu,cpuacct/box/cpu.cfs_quota_us": "-1", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"}, math.inf),
    "version 1, in a container, the path is the host's": (
        "4:cpu,cpuacct:/docker/0123",
        {"cpu,cpuacct/cpu.cfs_quota_us": "300000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
        3.0,
    ),
    "both versions": (V1 + "\n0::/", {"cpu,cpuacct/cpu.cfs_quota_us": "100000", "cpu,cpuacct/cpu.cfs_period_us": "50000"}, 2.0),
    "nonsense": ("0::/\nnonsense", {"cpu.max": "a lot"}, math.inf),
}


@pytest.mark.parametrize("name", CASES)
def test_the_limit_of_control_groups(name: str, tmp_path: Path) -> None:
    own, files, expected = CASES[name]
    assert cgroup_limit(*place(tmp_path, own, files)) == expected


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert cgroup_limit(tmp_path, tmp_path / "none") == math.inf


@pytest.mark.parametrize(("limit", "expected"), [(0.25, 1), (1.0, 1), (1.5, 2), (4.0, 4), (64.0, 8), (math.inf, 8)])
def test_a_part_of_a_cpu_is_rounded_up(monkeypatch: pytest.MonkeyPatch, limit: float, expected: int) -> None:
    monkeypatch.setattr(nmt.cpus, "cgroup_limit", lambda: limit)
    monkeypatch.setattr(nmt.cpus, "runnable_cpus", lambda: 8)
    assert available_cpus() == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sse", True),
        ("flags\t\t: fpu amx_tile amx_bf16", True),
        ("flags\t\t: fpu avx2 avx512f", False),
        ("Features\t: fp asimd", False),
    ],
)
def test_products_in_bfloat16(flags: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: some\n{flags}\n\nprocessor\t: 1\n")
    assert multiplies_bfloat16(tmp_path / "cpuinfo") is expected
    assert not multiplies_bfloat16(tmp_path / "none")


def test_affinity_counts() -> None:
    assert runnable_cpus() == len(os.sched_getaffinity(0))


THREADS = """
import sys
from pathlib import Path
import nmt.backend as backend
runnable, limit, chosen = (int(word) for word in sys.argv[1:])
backend.runnable_cpus, backend.available_cpus = lambda: runnable, lambda: min(runnable, limit)
backend.choose_threads(chosen or None)
backend.load_backend()
import tensorflow as tf
print(tf.config.threading.get_intra_op_parallelism_threads(), tf.config.threading.get_inter_op_parallelism_threads())
"""


@pytest.mark.parametrize(
    ("runnable", "limit", "chosen", "expected"),
    [(8, 99, 0, "0 0"), (8, 3, 0, "3 3"), (8, 3, 5, "5 5")],
    ids=["no limit: TensorFlow's own choice", "a limit", "what was asked for wins"],
)
def test_threads_of_tensorflow(runnable: int, limit: int, chosen: int, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(runnable), str(limit), str(chosen)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr[-2000:]


def test_the_verbs_that_train_take_threads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Down to the backend; a mistake ends both runs before TensorFlow is needed."""
    from typer.testing import CliRunner

    import nmt.recipes
    from nmt.cli import app

    chosen: list[int | None] = []
    monkeypatch.setattr(nmt.recipes, "choose_threads", chosen.append)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").write_text("a file where a folder should be")
    for typed in ("train demo --threads 3", "demo --threads 2", "train demo"):
        CliRunner().invoke(app, [*typed.split(), "--run-dir", "run"])
    assert chosen == [3, 2, None]
