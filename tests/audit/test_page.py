"""The page: well formed, self-contained, and nothing in a corpus can get out of its place."""

from html.parser import HTMLParser

from nmt.audit.page import page
from nmt.audit.visible import visible
from tests.audit.conftest import AuditLines

EVIL = '<script>alert("x")</script> & <b>'
VOID = {"meta", "br"}


class Checked(HTMLParser):
    """Which tags are open, and all that was there."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [str(value) for name, value in attrs if name in {"src", "href", "action", "srcset"} or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(document: str) -> Checked:
    checked = Checked()
    checked.feed(document)
    checked.close()
    return checked


def test_the_page_is_well_formed_and_shows_text_as_text(audit_lines: AuditLines) -> None:
    report = audit_lines(
        [EVIL, "A man \x1b[31m reads 5 books.", "Two dogs €"] * 2, ["<i>nichts", "Ein Mann liest 6 Bücher.", "Zwei \u202e Hunde"] * 2
    )
    document = page(report, EVIL)
    checked = parsed(document)
    assert checked.open == []
    assert checked.links == []
    assert "script" not in checked.seen
    assert EVIL in checked.text
    assert "\\x1b[31m" in checked.text
    assert "\x1b" not in document
    assert "\u202e" not in document
    assert document.count("<svg") == 4
    assert "http" not in document.replace("http-equiv", "")
    assert "U+20AC" in checked.text


def test_a_clean_text_has_a_page_too(audit_lines: AuditLines) -> None:
    checked = parsed(page(audit_lines(["A man reads."], ["Ein Mann liest."]), "clean"))
    assert checked.open == []
    assert "Nothing was found" in checked.text


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\x00\u200bb\udcff") == "a\\x00\\u200bb\\xff"
    assert visible("abcdef", 4) == "abc…"
    assert visible("für 日本") == "für 日本"
