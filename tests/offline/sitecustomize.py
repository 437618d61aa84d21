"""Python runs this at the start of every process that a test starts, because tests/conftest.py puts this folder on PYTHONPATH."""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

from network_guard import install

install()

# Only the first sitecustomize on the path is run by Python: run the one that this file stands in front of.
_here = Path(__file__).resolve().parent
_next = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if Path(entry).resolve() != _here])
if _next is not None and _next.loader is not None:
    _next.loader.exec_module(module_from_spec(_next))
