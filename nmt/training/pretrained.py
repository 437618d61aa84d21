"""Word vectors that others trained as the beginning of a fresh model's embeddings."""

import numpy as np

from nmt.config import ModelConfig
from nmt.data.word_vectors import match_word_vectors
from nmt.model.seq2seq import Seq2Seq
from nmt.tokenizer import TokenizerPair
from nmt.training.display import TrainingDisplay


def begin_with_word_vectors(model: Seq2Seq, config: ModelConfig, tokenizers: TokenizerPair, display: TrainingDisplay) -> None:
    """Put the vectors that `config` names into the rows of the pieces that have one; the other rows stay as they were drawn.

    The vectors are scaled, all by one factor, so that their mean norm is that of the rows as drawn: the model multiplies embeddings by √E,
    and may have the same matrix as output weights, so rows of another size would drown the rest or be drowned. All rows are trained on.

    Raises:
        WordVectorError: a file that cannot be used.
    """
    files = {"source": config.pretrained_source, "target": config.pretrained_target}
    if model.source_embedding is model.target_embedding and None not in files.values():
        del files["source"]  # the same file for the same matrix
    for side, path in files.items():
        if path is None:
            continue
        matrix = getattr(model, f"{side}_embedding")
        with display.reading(path.name) as on_progress:
            found = match_word_vectors(path, getattr(tokenizers, side), config.embedding_units, on_progress)
        values = matrix.numpy()
        values[found.ids] = found.rows * (_mean_norm(values) / _mean_norm(found.rows))
        matrix.assign(values)
        embedding = "shared" if model.source_embedding is model.target_embedding else side
        without = f"; without: {' '.join(found.unmatched)}" if found.unmatched else ""
        share = f"{len(found.ids):,} of {found.of:,} pieces ({len(found.ids) / found.of:.0%})"
        display.message(f"{embedding} embedding: {share} begin with a vector of {path.name}{without}")


def _mean_norm(rows: np.ndarray) -> float:
    return float(np.linalg.norm(rows, axis=1).mean())
