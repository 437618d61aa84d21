"""What a result carries with it, so that it can be had again: versions, commit, hardware."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

from nmt.cpus import runnable_cpus

PACKAGES = ("carousel-nmt", "tensorflow", "keras", "sentencepiece", "sentencex", "sacrebleu", "numpy")


def versions() -> dict[str, str]:
    """Installed versions of Python and of the packages that a translation and its score depend on."""
    found = {"python": platform.python_version()}
    return found | {package: version for package in PACKAGES if (version := version_of(package))}


def version_of(package: str) -> str | None:
    """The installed version of a package; None if it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def commit() -> str | None:
    """The commit of the checkout that this code runs from, with `+` after it if files differ from it; None for an installed package."""
    checkout = Path(__file__).resolve().parent.parent
    if not (checkout / ".git").exists():
        return None
    try:
        revision = _git(checkout, "rev-parse", "--short=12", "HEAD")
        return revision + ("+" if _git(checkout, "status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def hardware() -> str:
    """Processor and number of cores this process may use."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.partition(":")[2].strip() for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{model}, {runnable_cpus()} cores"


def _git(checkout: Path, *arguments: str) -> str:
    found = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=True, timeout=10)
    return found.stdout.strip()
