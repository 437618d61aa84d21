"""Memory is given back where the C library can, and nothing breaks where it cannot."""

import sys

import pytest

from serve import memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_what_is_free_goes_back_to_the_system() -> None:
    assert memory.give_back_memory() == (memory._malloc_trim() is not None)


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_malloc_trim", lambda: None)
    assert not memory.give_back_memory()
