"""Every cell, attention, layout, encoder, bridge and tying: trained on 200 pairs, exported, loaded, and right on more than 95 % of them."""

import io
from pathlib import Path

import pytest
from rich.console import Console

import nmt
from nmt.config import Config
from nmt.recipes import train
from tests.digits import write_corpus

VARIANTS: dict[str, dict[str, object]] = {
    "lstm, general": {},
    "gru, attend_first, additive, readout over [h; c; e]": {
        "cell": "gru",
        "decoder": "attend_first",
        "attention": "additive",
        "readout_embedding": True,
    },
    "gru, scaled_dot, two-way tying": {"cell": "gru", "attention": "scaled_dot", "tying": "two_way"},
    "rnn, multi_head": {"cell": "rnn", "attention": "multi_head"},
    "lstm1997, no tying": {"cell": "lstm1997", "tying": "none", "readout_units": 48},
    "layernorm_lstm, multi_head_additive, residual": {
        "cell": "layernorm_lstm",
        "attention": "multi_head_additive",
        "encoder_layers": 2,
        "decoder_layers": 2,
        "residual": True,
    },
    "coverage": {"attention": "coverage"},
    "coverage, input_feeding": {"attention": "coverage", "decoder": "input_feeding"},
    "none, source reversed, states copied": {
        "attention": "none",
        "encoder": "unidirectional",
        "encoder_layers": 2,
        "encoder_units": 64,
        "decoder_layers": 2,
        "reverse_source": True,
        "bridge": "copy",
    },
    "input_feeding, two layers, no bridge": {"decoder": "input_feeding", "decoder_layers": 2, "bridge": "zero"},
    "gnmt": {"encoder": "gnmt", "encoder_layers": 3, "decoder_layers": 3, "residual": True, "attention": "additive"},
    "unidirectional, residual": {"encoder": "unidirectional", "encoder_layers": 3, "residual": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_it_learns_200_pairs(name: str, tmp_path: Path) -> None:
    pairs = write_corpus(tmp_path, "train", 200, 1)
    sizes = {"embedding_units": 32, "encoder_units": 32, "decoder_units": 64, "dropout": 0.0}
    config = Config.model_validate(
        {
            "data": {"source_language": "num", "target_language": "en", "train": pairs, "valid": pairs},
            "tokenizer": {"vocabulary_size": 300},
            "model": sizes | VARIANTS[name],
            "search": {"copy_untranslatable": False},
            "training": {"batch_tokens": 512, "max_updates": 300, "validate_every": 150, "warmup_updates": 30, "learning_rate": 0.005},
        }
    )
    said = io.StringIO()
    model = train(config, tmp_path / "run", Console(file=said, width=300))
    assert f"{config.model.cell} layers" in said.getvalue()
    source, target = (Path(pairs[side]).read_text(encoding="utf-8").splitlines() for side in ("source", "target"))
    found = nmt.load(str(model)).translate(source)
    assert sum(mine == right for mine, right in zip(found, target, strict=True)) > 0.95 * len(source)
