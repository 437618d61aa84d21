"""The page before the real server: typed, waited for, read, pointed at."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.serve.browser import NEEDS_BROWSER, Browser, until
from tests.serve.conftest import LiveServer, translation

pytestmark = NEEDS_BROWSER


@dataclass
class Address:
    address: str


@pytest.fixture
def browser(driver: Any, server: LiveServer) -> Browser:
    browser = Browser(driver, Address(server.url + "/"))
    browser.open()
    return browser


def test_type_wait_read_hover(browser: Browser) -> None:
    browser.type("one two three.\nfour five.")
    expected = f"{translation('one two three.')}\n{translation('four five.')}"
    until(lambda: browser.translation() == expected)
    word = next(word for word in browser.words() if word.text == "fünf")
    browser.point_at(word)
    until(browser.shades)
    assert max(browser.shades().values()) > 0.3
    assert "fünf" in browser.text("looked")
    assert "ende, version 1" in browser.text("made-by")
    assert browser.notice() == ""


def test_the_other_direction_is_offered_and_asked_for(browser: Browser) -> None:
    browser.type("six.")
    until(lambda: browser.translation() == "sechs.")
    browser.of("swap").click()
    until(lambda: "deen, version 1" in browser.text("made-by"))
    assert browser.of("source-text").get_property("value") == "sechs."
