"""A toy language pair that a tiny model learns in seconds: digits, and their names in reverse order."""

from pathlib import Path

import numpy as np

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def translation(source: str) -> str:
    """What a perfect model says."""
    return " ".join(WORDS[int(digit)] for digit in reversed(source.split()))


def write_corpus(folder: Path, name: str, count: int, seed: int) -> dict[str, str]:
    """Write `<name>.source` and `<name>.target`; returns their paths by side."""
    rng = np.random.default_rng(seed)
    sources = [" ".join(map(str, rng.integers(0, 10, size=rng.integers(1, 6)))) for _ in range(count)]
    texts = {"source": sources, "target": [translation(source) for source in sources]}
    for side, lines in texts.items():
        (folder / f"{name}.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {side: str(folder / f"{name}.{side}") for side in texts}
