"""The page as a document: one response, nothing from elsewhere, a policy that fits it, and names that its script and its readers find."""

import base64
import hashlib
import re
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from serve.page import Page, page

SCRIPT = files("serve.page") / "page.js"
Attributes = dict[str, str | None]


class Elements(HTMLParser):
    """Every element with its attributes, and the text of those that hold one of their own language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Attributes]] = []
        self.inlined: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style") and self.cdata_elem is not None:
            self.inlined[self.found[-1][0]] = self.inlined.get(self.found[-1][0], "") + data


@pytest.fixture(scope="module")
def html() -> str:
    return page().html.decode()


@pytest.fixture(scope="module")
def elements(html: str) -> Elements:
    return Elements(html)


def directives() -> dict[str, str]:
    return {name: value for name, _, value in (part.strip().partition(" ") for part in page().content_security_policy.split(";"))}


def test_the_page_is_made_once_and_stays_as_it_is() -> None:
    assert page() is page()
    with pytest.raises(FrozenInstanceError):
        page().html = b""  # type: ignore[misc]
    assert isinstance(page(), Page)


def test_style_and_script_are_in_the_document(html: str, elements: Elements) -> None:
    assert html.startswith("<!doctype html>")
    assert set(elements.inlined) == {"script", "style"}
    assert [name for name, attributes in elements.found if name in ("script", "style") and attributes.get("src")] == []
    assert [attributes["rel"] for name, attributes in elements.found if name == "link"] == ["icon"]


def test_the_policy_names_what_is_inlined_and_nothing_else(elements: Elements) -> None:
    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert directives() == {
        "default-src": "'none'",
        "script-src": source(elements.inlined["script"]),
        "style-src": source(elements.inlined["style"]),
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    addresses = re.findall(r"""(?:https?:)?//[a-z][^\s'"<>)]*""", re.sub(r"(^|\s)//\s.*", "", html, flags=re.MULTILINE), re.IGNORECASE)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "@import" not in html


def test_addresses_are_relative_so_that_a_prefix_works(html: str, elements: Elements) -> None:
    assert {'ask("nmt/models"', 'ask("nmt/translate"'} == set(re.findall(r'ask\("[^"]*"', html))
    assert {attributes.get("href") for name, attributes in elements.found if name == "a"} == {"openapi.json"}


def test_text_stays_text() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write\b|DOMParser|srcdoc"
    code = r"\beval\b|\bFunction\(|javascript:|setTimeout\(['\"`]"
    assert re.findall(f"{markup}|{code}", SCRIPT.read_text(encoding="utf-8")) == []


def test_no_element_carries_script_or_style(elements: Elements) -> None:
    carried = [(tag, name) for tag, attributes in elements.found for name in attributes if name.startswith("on") or name == "style"]
    assert carried == []


def test_every_element_that_the_script_asks_for_exists_once(elements: Elements) -> None:
    ids = [str(attributes["id"]) for _, attributes in elements.found if "id" in attributes]
    wanted = re.findall(r'\bfind\("([^"]+)"', SCRIPT.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))
    assert len(wanted) > 20
    assert set(wanted) <= set(ids)


def test_every_field_and_button_has_a_name(elements: Elements) -> None:
    labelled = {attributes.get("for") for tag, attributes in elements.found if tag == "label"}
    fields = {attributes.get("id") for tag, attributes in elements.found if tag in ("input", "select", "textarea")}
    assert fields == labelled
    bare = {attributes.get("id") for tag, attributes in elements.found if tag == "button" and "aria-label" not in attributes}
    assert bare - {None} == {"clear", "copy", "again"}  # these have their name as text


def test_what_is_referred_to_exists(elements: Elements) -> None:
    ids = {attributes.get("id") for _, attributes in elements.found}
    for _, attributes in elements.found:
        for name in ("for", "aria-describedby", "aria-labelledby"):
            assert set((attributes.get(name) or "").split()) <= ids


def test_the_key_is_not_put_where_others_read_it() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    assert "localStorage" not in script
    assert "cookie" not in script
    fragment = script[script.index("function writeFragment") : script.index("function restore")]
    assert not re.search(r"key\b", fragment, re.IGNORECASE)


def test_without_javascript_the_page_points_at_the_api(html: str) -> None:
    without = re.search(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    assert without is not None
    assert "nmt/translate" in without[1]
    assert "openapi.json" in without[1]
