"""The CPUs of this process: how many it may use, those it may run on or fewer where a container's limit allows less; what they can."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
CPUINFO = Path("/proc/cpuinfo")
BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}
"""Of Intel's and AMD's processors, as Linux names them."""


def runnable_cpus() -> int:
    """CPUs that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_cpus() -> int:
    """CPUs that this process may keep busy, at least 1: a limit of one and a half is rounded up."""
    return math.ceil(min(float(runnable_cpus()), max(1.0, cgroup_limit())))


def multiplies_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether the processor has instructions for products in bfloat16; False where nothing tells."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return not BFLOAT16_INSTRUCTIONS.isdisjoint(flags.split())


def cgroup_limit(root: Path = CGROUPS, own: Path = OWN_CGROUPS) -> float:
    """CPU time a second that the control groups of this process allow, infinity where nothing limits it.

    A group's limit holds for all groups below it, so the least of a group and those above it counts. Version 2 of control groups has one
    tree and `cpu.max`; version 1 a tree for each controller, and a quota beside its period, -1 for none. In a container, the path of the
    process' own group may be that of the host, which is not there: then the root of the tree is the container's group.

    Args:
        root: where control groups are mounted.
        own: which groups the process is in, a line each: number:controllers:path.
    """
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:  # not Linux
        return math.inf
    limits = [math.inf]
    for _number, controllers, path in (line for line in lines if len(line) == 3):
        if controllers in {"", "cpu", "cpu,cpuacct", "cpuacct,cpu"}:
            tree = root / controllers
            limits += (_limit(folder) for folder in _folder_and_above(tree, tree / path.strip("/")))
    return min(limits)


def _folder_and_above(tree: Path, folder: Path) -> Iterator[Path]:
    yield tree
    while folder != tree and tree in folder.parents:
        yield folder
        folder = folder.parent


def _limit(folder: Path) -> float:
    """Of one group alone."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text(encoding="utf-8").strip() for name in ("quota", "period"))
        return math.inf if quota in {"max", "-1"} else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such group, or nothing that we know how to read
        return math.inf
