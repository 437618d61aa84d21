"""Carousel NMT: train LSTM translation models, translate with them, serve them.

From Python::

    import nmt
    model = nmt.load("runs/demo")
    model.translate(["A dog runs."])

Importing this package loads nothing heavy; TensorFlow comes with the first `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from nmt.translator import Translator

    __version__: str

__all__ = ["__version__", "load"]


def load(model: str | Path, *, threads: int | None = None, shortlist: bool = False) -> Translator:
    """Load an exported model: a model directory, a run (its newest export) or a folder of versions (the highest).

    Args:
        model: Where it lies.
        threads: CPU threads; default: all that this process may use.
        shortlist: Search only among the pieces that can translate each batch: faster, an approximation.
    """
    from nmt.loading import load_translator

    return load_translator(model, threads=threads, shortlist=shortlist)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # the one home of the number is pyproject.toml

        return version("carousel-nmt")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
