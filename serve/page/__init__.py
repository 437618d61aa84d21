"""The page for people: one HTML document, and the policy under which a browser runs it."""

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

# Where index.html names its two companions, so that it also opens as a file: each becomes an element with the text in it.
_STYLE = ('<link rel="stylesheet" href="page.css">', "page.css", "<style>", "</style>")
_SCRIPT = ('<script type="module" src="page.js"></script>', "page.js", '<script type="module">', "</script>")


@dataclass(frozen=True)
class Page:
    """What is answered at `/`."""

    html: bytes
    content_security_policy: str


@functools.cache
def page() -> Page:
    """Return the page with its style and script inlined: one response, under a policy that lets nothing else run."""
    html, style_source = _inlined(_read("index.html"), *_STYLE)
    html, script_source = _inlined(html, *_SCRIPT)
    policy = [
        "default-src 'none'",
        f"script-src {script_source}",
        f"style-src {style_source}",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return Page(html.encode(), "; ".join(policy))


def _inlined(html: str, reference: str, file: str, opening: str, closing: str) -> tuple[str, str]:
    """Return the document with the file in place of the reference to it, and the policy's name for what was put in."""
    text = _read(file)
    if html.count(reference) != 1 or re.search(closing.rstrip(">"), text, re.IGNORECASE):
        raise ValueError(f"serve/page: index.html must contain {reference!r} once, and {file} no {closing!r}")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return html.replace(reference, f"{opening}{text}{closing}"), f"'sha256-{digest}'"


def _read(file: str) -> str:
    """Return a file of this package, its lines ended by LF alone: that is what a browser hashes, whatever a checkout made of them."""
    return (files(__name__) / file).read_text(encoding="utf-8")
