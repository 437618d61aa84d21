"""Text of a corpus made fit to be shown: nothing in it moves a terminal's cursor, turns its line round, or is invisible."""

import re

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\uffff]")


def visible(text: str, width: int | None = None) -> str:
    """Return the text with an escape for each character that cannot be seen, cut to `width` characters."""
    cut = text if width is None or len(text) <= width else text[: width - 1] + "…"
    return _UNSEEN.sub(_escape, cut)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code < 0xDD00:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
