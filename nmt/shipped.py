"""Find the configs and corpora that ship with the project: in the installed wheel first, else in the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path:
    """Return the folder `configs` or `corpora`: the wheel's copy (`nmt/share/<name>`) or, in an editable install, the checkout's own."""
    packaged = _PACKAGE / "share" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def shipped_names(name: str) -> list[str]:
    """Return the stems of the YAML files in a shipped folder, sorted: what a user may type instead of a path."""
    return sorted(path.stem for path in shipped_folder(name).glob("*.yaml"))
