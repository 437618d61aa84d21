"""A real headless browser, and what a person does with the page in it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-default-apps --window-size=1280,900"""
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

NEEDS_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH"),
    pytest.mark.skipif(DRIVER is None, reason="no chromedriver on PATH"),
]


class Addressed(Protocol):
    """A server that says where its page is."""

    @property
    def address(self) -> str: ...


class Browser:
    """What a person does with the page, and what they find on it."""

    def __init__(self, driver: Any, server: Addressed) -> None:
        self.driver, self.server = driver, server

    def open(self, fragment: str = "") -> None:
        self.driver.get("about:blank")  # another fragment alone would not load the page again
        self.driver.get(f"{self.server.address}{fragment}")
        until(lambda: self.of("source-language").is_enabled() or self.notice())

    def of(self, id: str) -> "WebElement":
        return self.driver.find_element("id", id)

    def text(self, id: str) -> str:
        return str(self.of(id).get_property("textContent"))

    def type(self, text: str) -> None:
        self.of("source-text").send_keys(text)

    def translation(self) -> str:
        return self.text("translation")

    def notice(self) -> str:
        return self.of("notice").text

    def announced(self) -> str:
        return self.text("announcer").strip()

    def words(self) -> "list[WebElement]":
        return list(self.driver.find_elements("css selector", "#translation .word"))

    def shades(self) -> dict[str, float]:
        """Which words of the text are shaded, and how much."""
        script = "return [...document.querySelectorAll('#mirror .seen')].map(e => [e.textContent, e.style.getPropertyValue('--weight')])"
        return {word: float(weight) for word, weight in self.driver.execute_script(script)}

    def point_at(self, element: "WebElement") -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=20).move_to_element(element).perform()

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=20).send_keys(*keys).perform()

    def focused(self) -> str:
        return str(self.driver.execute_script("return document.activeElement.id || document.activeElement.textContent"))

    def style(self, selector: str, name: str) -> str:
        return str(self.driver.execute_script(f"return getComputedStyle(document.querySelector({selector!r}))[{name!r}]"))

    def phone(self, width: int = 360, mobile: bool = True) -> None:
        metrics = {"width": width, "height": 740, "deviceScaleFactor": 2, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def progress(self, name: str) -> str:
        return str(self.driver.execute_script(f"return getComputedStyle(document.querySelector('#progress'), '::after')[{name!r}]"))

    def prefers(self, **features: str) -> None:
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})


def until(done: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.03)


@contextmanager
def started(folder: Path) -> Iterator[Any]:
    """A browser with a profile of its own in a folder, which reaches this machine alone."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in [*FLAGS.split(), NO_NETWORK, f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.binary_location = str(BROWSER)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
