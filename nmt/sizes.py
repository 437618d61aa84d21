"""How large a model, and how long a run, for how much text: the table behind `nmt train --source F --target F`.

Little text wants few pieces, a small model, much dropout and many epochs (Sennrich and Zhang 2019); much text wants the opposite, and a
second layer.
docs/training.md shows the table and says which rows are measured.
"""

from dataclasses import dataclass
from typing import Any

PIECES_A_WORD = 1.35
"""About what SentencePiece makes of a word, whatever the row: only the length of a run depends on it."""

FILLED = 0.9
"""Share of a batch that is no padding."""


@dataclass(frozen=True)
class Row:
    """One row: what is chosen for texts of up to so many pairs."""

    pairs: int | None
    vocabulary: int
    embedding: int
    encoder: int
    decoder: int
    layers: int
    dropout: float
    word_dropout: float
    label_smoothing: float
    batch_tokens: int
    learning_rate: float
    epochs: int


TABLE = (
    Row(3_000, 1_000, 128, 128, 256, 1, 0.4, 0.1, 0.1, 512, 0.002, 60),
    Row(12_000, 2_000, 256, 256, 512, 1, 0.3, 0.1, 0.1, 1024, 0.002, 30),
    Row(60_000, 8_000, 256, 256, 512, 2, 0.2, 0.0, 0.2, 1024, 0.002, 12),
    Row(250_000, 8_000, 256, 384, 768, 2, 0.2, 0.0, 0.1, 2048, 0.002, 8),
    Row(1_500_000, 16_000, 512, 512, 1024, 2, 0.1, 0.0, 0.1, 4096, 0.001, 5),
    Row(None, 32_000, 512, 512, 1024, 2, 0.1, 0.0, 0.1, 8192, 0.001, 3),
)


def row_for(pairs: int) -> Row:
    """The first row whose limit the text does not pass."""
    return next(row for row in TABLE if row.pairs is None or pairs <= row.pairs)


def settings_for(pairs: int, target_words: int) -> dict[str, dict[str, Any]]:
    """The sections tokenizer, model and training for a text.

    Args:
        pairs: how many it has.
        target_words: what stands between spaces on the target side; a text of a language without spaces counts characters / 2 instead.
    """
    row = row_for(pairs)
    updates = row.epochs * target_words * PIECES_A_WORD / (FILLED * row.batch_tokens)
    validate_every = min(max(_rounded(updates / 12, 50), 100), 2000)
    updates = max(_rounded(updates, validate_every), 2 * validate_every)
    return {
        "tokenizer": {"vocabulary_size": row.vocabulary},
        "model": {
            "embedding_units": row.embedding,
            "encoder_units": row.encoder,
            "encoder_layers": row.layers,
            "decoder_units": row.decoder,
            "decoder_layers": row.layers,
            "residual": row.layers > 1,
            "dropout": row.dropout,
            "word_dropout": row.word_dropout,
        },
        "training": {
            "batch_tokens": row.batch_tokens,
            "learning_rate": row.learning_rate,
            "label_smoothing": row.label_smoothing,
            "max_updates": updates,
            "warmup_updates": min(300, updates // 10),
            "validate_every": validate_every,
            # An average over about a tenth of a short run; the default's 500 updates would be most of it.
            "ema_decay": 0.998 if updates >= 5000 else 0.99,
            "precision": "auto",
        },
    }


def _rounded(number: float, multiple: int) -> int:
    return round(number / multiple) * multiple
