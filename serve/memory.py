"""Memory that the C library holds back: batches of ever other shapes leave it with free pages that it does not return by itself."""

import ctypes
import sys
from functools import cache
from typing import Any

EVERY_SECONDS = 30.0


def give_back_memory() -> bool:
    """Return free pages to the system, in a millisecond or two; whether there is a C library here (glibc) that can."""
    trim = _malloc_trim()
    return bool(trim and trim(0) >= 0)


@cache
def _malloc_trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
