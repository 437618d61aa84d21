"""The most memory that this process has held."""

import resource
import sys


def peak_memory_gib() -> float:
    """In GiB, as the operating system counts it; pages of mapped files that were read are among it."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
