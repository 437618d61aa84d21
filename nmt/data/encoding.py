"""From pairs to ids on disk, corpus by corpus: what is kept, what a source begins with, and a tally of the rest.

Training pairs are filtered (`filtering.py`). Validation text is the user's measure and stays whole: only pairs that are blank or broken
leave it, so BLEU sees every sentence; from the validation *ids*, which the loss is measured on, over-long pairs are left out too.
Limits count the pieces of the text. Tags come in front of a source afterwards, as ids; the text beside the ids has none.
"""

from collections.abc import Callable
from typing import Any, TextIO

import numpy as np

from nmt.config import DataConfig
from nmt.data.alignment import NO_LINKS, AlignmentWriter, Links, WordAlignments, piece_links
from nmt.data.corpus import Corpus, open_split, source_tags
from nmt.data.filtering import BLANK, HELD_OUT, LONG, EncodedPair, Tally, encoded_chunks, length_fault
from nmt.data.hold_out import HoldOut
from nmt.data.pair_store import PairWriter
from nmt.errors import CorpusError
from nmt.tokenizer import TokenizerPair

Progress = Callable[[str, int], None]


def write_corpus(
    corpus: Corpus,
    config: DataConfig,
    tokenizers: TokenizerPair,
    hold_out: HoldOut | None,
    writers: tuple[PairWriter, AlignmentWriter | None],
    on_progress: Progress,
) -> dict[str, Any]:
    """Append what is kept of one training text, with its word alignments where there are any, and return its tally.

    Raises:
        CorpusError: nothing is left of it, or its alignments are not those of this text.
    """
    tally, tags = Tally(), tokenizers.tag_ids(corpus.tags)
    pairs, links = writers
    aligned = WordAlignments(corpus.text.alignment) if corpus.text.alignment else None
    for chunk in encoded_chunks(corpus.text.pairs(), tokenizers, tally):
        kept = []
        for encoded in chunk:
            fault = HELD_OUT if hold_out and encoded.pair in hold_out else length_fault(encoded, config)
            if fault:
                tally.drop(fault, encoded.pair.line)
            else:
                kept.append(encoded)
        pairs.append([tags + encoded.source for encoded in kept], [encoded.target for encoded in kept])
        if links is not None:
            links.append([_links(encoded, aligned, tokenizers, len(tags)) for encoded in kept])
        tally.kept += len(kept)
        on_progress("encoding", tally.read)
    if aligned:
        aligned.finish()
    if tally.kept == 0:
        of_it = f" ({corpus.name})" if config.mix else ""
        raise CorpusError(f"no training pairs are left of {tally.read:,}{of_it}: {tally.explain()}")
    return tally.as_dict()


def _links(encoded: EncodedPair, aligned: WordAlignments | None, tokenizers: TokenizerPair, tags: int) -> Links:
    """The links of a pair's pieces; none where the tokenizer's normalisation leaves other words than stand in the text."""
    if aligned is None:
        return NO_LINKS
    words = aligned.links_of(encoded.pair)
    starts = tokenizers.source.word_starts[encoded.source], tokenizers.target.word_starts[encoded.target]
    if [int(side.sum()) for side in starts] != [len(encoded.pair.source.split()), len(encoded.pair.target.split())]:
        return NO_LINKS
    return piece_links(words, *starts) + np.array([tags, 0], np.uint16)


def write_validation(
    config: DataConfig, tokenizers: TokenizerPair, hold_out: HoldOut | None, writer: PairWriter, texts: tuple[TextIO, TextIO]
) -> dict[str, Any]:
    """Append the validation pairs, their sentences to two text files, and return their tally.

    Raises:
        CorpusError: nothing is left that a loss could be measured on.
    """
    tally, measured, tags = Tally(), 0, tokenizers.tag_ids(source_tags(config, config.direction))
    for chunk in encoded_chunks(hold_out.pairs() if hold_out else open_split(config, "valid"), tokenizers, tally):
        for encoded in chunk:
            fault = length_fault(encoded, config)
            if fault in {BLANK, LONG}:
                tally.drop(fault, encoded.pair.line)
            if fault == BLANK:
                continue
            tally.kept += 1
            for text, sentence in zip(texts, encoded.pair[:2], strict=True):
                text.write(f"{sentence}\n")
            if fault != LONG:
                writer.append([tags + encoded.source], [encoded.target])
                measured += 1
    if measured == 0:
        raise CorpusError(f"no validation pairs are left of {tally.read:,}: {tally.explain()}")
    return tally.as_dict() | {"in_loss": measured}
