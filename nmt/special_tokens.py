"""The four special tokens of every vocabulary: their ids and pieces, said once."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3
PAD_PIECE, UNK_PIECE, BOS_PIECE, EOS_PIECE = "<pad>", "<unk>", "<s>", "</s>"


def language_tag(language: str) -> str:
    """Return the tag that asks for a target language: `2de` for `de`."""
    return f"2{language}"


def tag_piece(tag: str) -> str:
    """Return the piece of a tag, a control symbol of the tokenizer: `<2de>` for `2de`, `<bt>` for `bt`."""
    return f"<{tag}>"
