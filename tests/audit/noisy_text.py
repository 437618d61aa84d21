"""Parallel text of the built-in grammar with seeded noise of every kind, for tests and for the figures of docs/audit.md.

python -m tests.audit.noisy_text 1000000 FOLDER     writes train.en, train.de, test.en and test.de
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from random import Random

from nmt.data.grammar import generate_pairs

Pair = tuple[bytes, bytes]

NOISE_ONE_IN = 20
RUSSIAN = "Я сегодня читаю новую книгу о музыке"
FRENCH = "Nous avons acheté une nouvelle maison près de la rivière"


def encoded(source: str, target: str) -> Pair:
    return source.encode(), target.encode()


NOISE: dict[str, Callable[[str, str, Random], Pair]] = {
    "not_utf8": lambda source, target, rng: (source.encode(), target.encode() + " schön".encode("latin-1")),
    "empty": lambda source, target, rng: encoded(source, rng.choice(["", " "])),
    "control": lambda source, target, rng: encoded(source + "\x02", target),
    "replacement": lambda source, target, rng: encoded(source, target[:5] + "\ufffd" + target[5:]),
    "mojibake": lambda source, target, rng: encoded(source, target + " über".encode().decode("cp1252")),
    "wrong_script": lambda source, target, rng: encoded(source, RUSSIAN[: rng.randrange(12, 30)]),
    "wrong_language": lambda source, target, rng: encoded(source, FRENCH + " " + str(rng.randrange(3))),
    "copied": lambda source, target, rng: encoded(source, source),
    "length_ratio": lambda source, target, rng: encoded(source, " ".join([target] * 9)),
    "too_long": lambda source, target, rng: encoded(" ".join([source] * 40), " ".join([target] * 40)),
    "placeholders": lambda source, target, rng: encoded(source + " {name}", target + " {0}"),
    "numbers": lambda source, target, rng: encoded(source + " 1,234", target + " 1.243"),
    "addresses": lambda source, target, rng: encoded(source + " www.example.org", target + " www.example.net"),
    "duplicate_source": lambda source, target, rng: encoded(source, target + " Ja."),
    "duplicate_target": lambda source, target, rng: encoded(source + " Yes.", target),
}
"""What makes one faulty pair of a good one. The good one comes first, so that a source or target is there twice."""


def noisy_pairs(count: int, seed: int) -> Iterator[tuple[Pair, str]]:
    """Pairs with the name of what is wrong with them, or an empty one."""
    rng = Random(seed)
    kinds = [*NOISE, "duplicate_pair"]
    for number, (source, target) in enumerate(generate_pairs("train", count, seed)):
        yield encoded(source, target), ""
        if rng.randrange(NOISE_ONE_IN) == 0:
            kind = kinds[number % len(kinds)]
            yield (encoded(source, target) if kind == "duplicate_pair" else NOISE[kind](source, target, rng)), kind


def write_noisy_text(folder: Path, count: int, seed: int = 1) -> dict[str, list[int]]:
    """Write `count` training pairs and a tenth of a per cent of them as a test set; return the faulty lines by what is wrong with them."""
    lines: dict[str, list[int]] = {}
    with ExitStack() as stack:
        source, target, test_source, test_target = (
            stack.enter_context((folder / name).open("wb")) for name in ("train.en", "train.de", "test.en", "test.de")
        )
        for number, ((left, right), kind) in enumerate(islice(noisy_pairs(count, seed), count), start=1):
            source.write(left + b"\n")
            target.write(right + b"\n")
            if kind:
                lines.setdefault(kind, []).append(number)
            elif number % 1000 == 1:
                same = number % 2000 == 1
                test_source.write(left + b"\n")
                test_target.write((b"" if same else b"Anders: ") + right + b"\n")
                lines.setdefault("leaked_pair" if same else "leaked_source", []).append(number)
    return lines


if __name__ == "__main__":
    write_noisy_text(Path(sys.argv[2]), int(sys.argv[1]))
