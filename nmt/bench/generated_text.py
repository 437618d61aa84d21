"""As much parallel text as a measurement wants: sentence pairs of the built-in grammar, joined by twos."""

from pathlib import Path

import numpy as np
from rich.console import Console

from nmt.bench.watched import bar
from nmt.config import Config, DataConfig
from nmt.data.grammar import generate_pairs

_SENTENCES = 20_000
_BLOCK = 50_000
_SEED = 7


def with_generated_text(config: Config, folder: Path, pairs: int, console: Console) -> Config:
    """Write `generated.en` and `generated.de`, and return the config with them as training text, a part of them held out.

    Each line is two of 20,000 sentences, of 400 million combinations, so hardly any comes twice; about 14 words, as captions have.
    """
    sentences = list(generate_pairs("train", _SENTENCES, _SEED))
    draw = np.random.default_rng(_SEED)
    paths = {"source": folder / "generated.en", "target": folder / "generated.de"}
    with (
        paths["source"].open("w", encoding="utf-8") as source,
        paths["target"].open("w", encoding="utf-8") as target,
        bar("writing text", -(-pairs // _BLOCK), console) as tick,
    ):
        for start in range(0, pairs, _BLOCK):
            chosen = draw.integers(0, _SENTENCES, (min(_BLOCK, pairs - start), 2)).tolist()
            for file, side in ((source, 0), (target, 1)):
                file.writelines(f"{sentences[first][side]} {sentences[second][side]}\n" for first, second in chosen)
            tick()
    data = {"source_language": "en", "target_language": "de", "train": paths, "max_pieces": config.data.max_pieces}
    return config.model_copy(update={"data": DataConfig.model_validate(data)})
