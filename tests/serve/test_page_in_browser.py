"""The page in a real browser, before a server that translates by turning words round: what a person types, sees, hears and reaches."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from serve.page import page
from tests.serve.browser import NEEDS_BROWSER, Browser, until

pytest.importorskip("selenium", reason="the browser tests need selenium")
from selenium.webdriver.common.keys import Keys

pytestmark = NEEDS_BROWSER

ENGLISH, GERMAN, ARABIC = ({"code": code, "name": name} for code, name in (("en", "English"), ("de", "German"), ("ar", "Arabic")))
NAMES = {"en": ENGLISH, "de": GERMAN, "ar": ARABIC}
PAIRS = [("en", "de"), ("de", "en"), ("en", "ar")]
LIMIT = 400


def words_of(text: str) -> list[dict[str, Any]]:
    """The words of a text with their places, counted in code points as Python does."""
    words, at = [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        words.append({"text": word, "start": start, "end": at})
    return words


def hypothesis(source: str, words: list[str], score: float) -> dict[str, Any]:
    """The words as a translation: word i looked at source word n-1-i with 0.8 and at the one before it with 0.1."""
    text, count = " ".join(words), len(source.split())
    rows = [[{count - 1 - i: 0.8, count - 2 - i: 0.1}.get(j, 0.0) for j in range(count)] for i in range(count)]
    return {"text": text, "score": score, "alignment": {"source": words_of(source), "target": words_of(text), "weights": rows}}


def translated(text: str, source: str, target: str, n_best: int) -> dict[str, Any]:
    """A translation as the API gives it: sentences end in a full stop; each has its words turned round."""
    sentences, result, at, others = [], "", 0, ["", ""]
    for part in text.replace(". ", ".\0").split("\0"):
        words = part.split()[::-1]
        orders = [(words, -0.41), ([*words[1:], *words[:1]], -0.87), (sorted(words), -1.2)]
        hypotheses = [hypothesis(part, order, score) for order, score in orders]
        gap = " " if result else ""
        begin = len(result + gap)
        result += gap + hypotheses[0]["text"]
        others = [f"{other}{gap}{one['text']}" for other, one in zip(others, hypotheses[1:], strict=True)]
        place = {"start": at, "end": at + len(part), "target_start": begin, "target_end": len(result)}
        sentences.append({**place, "hypotheses": hypotheses[:n_best]})
        at += len(part) + 1
    answer: dict[str, Any] = {
        "text": result,
        "alternatives": others[: n_best - 1],
        "source": source,
        "target": target,
        "sentences": sentences,
    }
    if source == "auto":
        answer |= {"source": "en", "detected": {"language": "en", "confidence": 97.0}}
    return answer


class StandIn(ThreadingHTTPServer):
    """A server that keeps the contract; the tests tell it to fail."""

    daemon_threads = True

    def __init__(self) -> None:
        self.pairs = PAIRS
        self.key: str | None = None
        self.failures: list[tuple[int, dict[str, str], dict[str, str]]] = []
        self.delay_seconds: dict[str, float] = {}
        self.asked: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/prefix/"

    def models(self) -> dict[str, Any]:
        models = [
            {
                "name": f"{source}-{target}",
                "version": 3,
                "source": NAMES[source],
                "target": NAMES[target],
                "directions": [{"source": NAMES[source], "target": NAMES[target]}],
                "state": "AVAILABLE",
                "scores": [{"metric": "chrF", "score": 61.0}, {"metric": "BLEU", "score": 35.1}],
            }
            for source, target in self.pairs
        ]
        french = {"code": "fr", "name": "French"}
        way = {"source": ENGLISH, "target": french}
        gone = {"name": "en-fr", "version": 1, **way, "directions": [way], "state": "LOADING", "scores": []}
        limits = {"characters": LIMIT, "texts": 128, "n_best": 10}
        return {"models": [*models, gone], "limits": limits, "key_required": self.key is not None}


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/prefix/":
            self.answer(200, page().html, {"Content-Type": "text/html", "Content-Security-Policy": page().content_security_policy})
        elif self.path == "/prefix/nmt/models":
            self.answer(200, json.dumps(self.server.models()).encode(), {})
        else:
            self.answer(404, b'{"error": "nothing here"}', {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        time.sleep(self.server.delay_seconds.get(asked["text"], 0))
        if self.server.key and self.headers["Authorization"] != f"Bearer {self.server.key}":
            self.answer(401, b'{"error": "This server needs a key.", "request_id": "r-1"}', {})
        elif self.server.failures:
            status, body, headers = self.server.failures.pop(0)
            self.answer(status, json.dumps(body).encode(), headers)
        else:
            result = translated(asked["text"].replace("\a", ""), asked["source"], asked["target"], asked["n_best"])
            name = f"{result['source']}-{result['target']}"
            timing = {"queue_ms": 0.2, "inference_ms": 12.1, "total_ms": 13.6}
            self.answer(200, json.dumps({"translations": [result], "model": {"name": name, "version": 3}, "timing": timing}).encode(), {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # the page has thought better of it


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def browser(driver: Any, server: StandIn) -> Iterator[Browser]:
    server.pairs, server.key, server.failures, server.delay_seconds = PAIRS, None, [], {}
    server.asked.clear()
    driver.get_log("browser")
    yield Browser(driver, server)
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.execute_cdp_cmd("Network.disable", {})
    if server.address in driver.current_url:
        driver.execute_script("sessionStorage.clear()")
    # A resource that failed is what some tests are about; a script that failed, or one that the policy stopped, never is.
    assert [entry["message"] for entry in driver.get_log("browser") if entry["source"] != "network"] == []


def test_what_is_typed_is_translated_after_a_pause(browser: Browser) -> None:
    browser.open()
    assert browser.focused() == "source-text"
    browser.type("a dog runs")
    until(lambda: browser.translation() == "runs dog a")
    assert [asked["text"] for asked in browser.server.asked] == ["a dog runs"]
    assert browser.server.asked[0] == {"text": "a dog runs", "source": "en", "target": "de", "n_best": 3, "alignment": True}
    assert browser.announced() == "Translated."
    assert browser.of("translation").get_attribute("lang") == "de"
    assert browser.of("source-text").get_attribute("lang") == "en"
    assert browser.of("translation").get_attribute("aria-busy") == "false"
    assert browser.text("count") == "10 / 400"
    facts = [span.text for span in browser.of("made-by").find_elements("tag name", "span")]
    assert facts == ["Model en-de, version 3", "BLEU 35.1", "14 ms"]


def test_control_enter_does_not_wait(browser: Browser) -> None:
    browser.open()
    browser.driver.execute_script("window.setTimeout = () => 0")  # no pause ever ends
    browser.type("a dog" + Keys.CONTROL + Keys.ENTER)
    until(lambda: browser.translation() == "dog a")
    assert browser.of("source-text").get_property("value") == "a dog"


def test_an_answer_that_comes_too_late_is_dropped(browser: Browser) -> None:
    browser.open()
    browser.server.delay_seconds["slow words"] = 1.0
    browser.type("slow words")
    until(lambda: browser.server.asked)
    until(lambda: browser.of("translation").get_attribute("aria-busy") == "true")
    until(lambda: browser.progress("opacity") == "1")
    browser.type(" win")
    until(lambda: browser.translation() == "win words slow")
    time.sleep(1.0)
    assert browser.translation() == "win words slow"


def test_pointing_at_a_word_shades_the_words_that_it_looked_at(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("a dog runs"))
    until(lambda: len(browser.words()) == 3)
    browser.point_at(browser.words()[1])
    until(lambda: browser.shades() == {"dog": 0.8, "a": 0.1})
    assert browser.text("looked").replace("\u00a0", " ") == "dog ←  looked at dog 80 %, a 10 %"
    shaded = "return [...document.querySelectorAll('#mirror .seen')].map(e => parseFloat(getComputedStyle(e).borderBottomWidth))"
    thin, thick = sorted(browser.driver.execute_script(shaded))
    assert thick > thin >= 1  # not by colour alone
    browser.point_at(browser.of("count"))
    until(lambda: browser.shades() == {})


@pytest.mark.parametrize("width", [1280, 600])
def test_the_shade_lies_exactly_behind_the_word(browser: Browser, width: int) -> None:
    def both(expression: str) -> list[Any]:
        script = f"return ['mirror', 'source-text'].map(id => document.getElementById(id)).map(e => {expression})"
        return list(browser.driver.execute_script(script))

    browser.phone(width, mobile=False)  # the narrow layout too, with scroll bars that take room
    browser.open("#source=en&target=de&text=" + quote("The mirror wraps as the text does, line for line. " * 6 + "\n🙂" * 30))
    until(lambda: len(browser.words()) > 40)
    for expression in ("e.clientWidth", "e.clientHeight", "e.scrollHeight", "e.getBoundingClientRect().top", "getComputedStyle(e).font"):
        mirror, source = both(expression)
        assert mirror == source, expression
    if width < 720:
        browser.driver.execute_script("document.getElementById('source-text').scrollTop = 1e6")
        until(lambda: both("e.scrollTop")[0] > 0)
        mirror, source = both("e.scrollTop")
        assert mirror == source


def test_offsets_are_code_points(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("🙂 👋🏽 dog. The 🐕 runs."))
    until(lambda: browser.translation() == "dog. 👋🏽 🙂 runs. 🐕 The")
    browser.point_at(browser.words()[3])
    until(lambda: browser.shades() == {"runs.": 0.8, "🐕": 0.1})
    browser.point_at(browser.words()[1])
    until(lambda: browser.shades() == {"👋🏽": 0.8, "🙂": 0.1})


def test_no_wrong_word_is_shaded_where_the_server_counts_without_control_characters(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("the \adog runs"))
    until(lambda: browser.translation() == "runs dog the")
    browser.point_at(browser.words()[1])
    until(lambda: "dog\u00a080\u00a0%, the\u00a010\u00a0%" in browser.text("looked"))
    assert browser.shades() == {"the": 0.1}


def test_arrow_keys_walk_the_words(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("a dog runs"))
    until(lambda: len(browser.words()) == 3)
    browser.press(Keys.TAB, Keys.TAB)  # past "clear"
    assert browser.focused() == "runs"
    until(lambda: browser.shades() == {"runs": 0.8, "dog": 0.1})
    browser.press(Keys.ARROW_RIGHT)
    assert browser.focused() == "dog"
    assert browser.shades() == {"dog": 0.8, "a": 0.1}
    assert browser.words()[1].get_attribute("aria-describedby") == "looked"
    browser.press(Keys.END)
    assert browser.focused() == "a"
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.HOME)
    assert browser.focused() == "runs"
    assert [word.get_attribute("tabindex") for word in browser.words()] == ["0", "-1", "-1"]
    browser.press(Keys.ESCAPE)
    assert browser.shades() == {}
    browser.press(Keys.TAB)
    assert browser.focused() == "copy"


def test_editing_lets_go_of_the_old_alignment(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("a dog runs"))
    until(lambda: len(browser.words()) == 3)
    browser.server.delay_seconds["a dog runs!"] = 0.5
    browser.type("!")
    assert browser.words() == []
    until(lambda: len(browser.words()) == 3)
    assert browser.translation() == "runs! dog a"


def test_alternatives_have_scores_and_can_be_copied(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("the dog runs"))
    until(lambda: browser.of("alternatives").is_displayed())
    rows = browser.of("alternative-list").find_elements("tag name", "li")
    assert [row.text.split("\n")[:2] for row in rows] == [["dog the runs", "−0.87"], ["dog runs the", "−1.20"]]
    assert "−0.41" in browser.text("best-score")
    button = rows[1].find_element("tag name", "button")
    assert button.get_attribute("aria-label") == "Copy alternative 2"
    button.click()
    until(lambda: browser.announced() == "Copied.")
    browser.type(". It runs.")
    until(lambda: browser.translation() == "runs. dog the runs. It")
    assert browser.text("best-score") == ""


def test_copying_is_confirmed(browser: Browser) -> None:
    browser.open()
    assert not browser.of("copy").is_displayed()
    browser.type("a dog")
    until(lambda: browser.of("copy").is_displayed())
    browser.of("copy").click()
    until(lambda: browser.of("copy").text == "Copied")
    until(lambda: browser.of("copy").text == "Copy")
    browser.of("clear").click()
    browser.of("source-text").send_keys(Keys.CONTROL, "v")
    until(lambda: browser.of("source-text").get_property("value") == "dog a")


def test_copying_works_without_a_secure_context(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("a dog"))
    until(lambda: browser.of("copy").is_displayed())
    browser.driver.execute_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    browser.of("copy").click()
    until(lambda: browser.of("copy").text == "Copied")


def test_the_languages_offered_are_those_that_are_loaded(browser: Browser) -> None:
    def options(id: str) -> list[str]:
        return [option.text for option in browser.of(id).find_elements("tag name", "option")]

    browser.open("#source=en&target=ar&text=dog")
    assert options("source-language") == ["Detect language", "English", "German"]
    assert options("target-language") == ["Arabic", "German"]
    assert browser.of("target-language").get_property("value") == "ar"
    assert not browser.of("swap").is_enabled()
    browser.of("source-language").send_keys("Ger")
    until(lambda: options("target-language") == ["English"])
    until(lambda: browser.server.asked and browser.server.asked[-1]["source"] == "de")


def test_swapping_moves_the_translation_to_the_left(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=" + quote("a dog"))
    until(lambda: browser.translation() == "dog a")
    browser.of("swap").click()
    until(lambda: browser.translation() == "a dog")
    assert browser.of("source-text").get_property("value") == "dog a"
    assert browser.of("source-language").get_property("value") == "de"
    assert browser.of("target-language").get_property("value") == "en"


def test_a_detected_language_is_named(browser: Browser) -> None:
    browser.open("#source=auto&target=de&text=" + quote("a dog"))
    until(lambda: browser.translation() == "dog a")
    assert browser.server.asked[-1]["source"] == "auto"
    assert browser.text("detected") == "English detected, 97\u00a0%"
    assert browser.of("source-text").get_attribute("lang") == "en"
    assert browser.of("swap").is_enabled()


def test_a_text_that_is_too_long_is_not_sent(browser: Browser) -> None:
    browser.open()
    browser.type("a" * (LIMIT + 7))
    until(lambda: "over" in str(browser.of("count").get_attribute("class")))
    assert browser.text("count") == "407 / 400 · Shorten it by 7 to translate."
    assert browser.of("source-text").get_attribute("aria-invalid") == "true"
    time.sleep(0.6)
    assert browser.server.asked == []


def test_an_error_is_shown_as_the_server_says_it(browser: Browser) -> None:
    browser.server.failures = [(500, {"error": "The model could not be run.", "request_id": "r-42"}, {})]
    browser.open("#source=en&target=de&text=dog")
    until(lambda: "The model could not be run." in browser.notice())
    assert "r-42" in browser.notice()
    assert browser.announced() == "The model could not be run."
    browser.of("again").click()
    until(lambda: browser.translation() == "dog")
    assert not browser.of("notice").is_displayed()


def test_a_mistake_in_the_request_is_not_tried_again(browser: Browser) -> None:
    browser.server.failures = [(400, {"error": "The language of this text is not clear.", "request_id": "r-43"}, {})]
    browser.open("#source=en&target=de&text=dog")
    until(lambda: "not clear" in browser.notice())
    assert not browser.of("again").is_displayed()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(browser: Browser, status: int) -> None:
    browser.server.failures = [(status, {"error": "Too much to do.", "request_id": "r-44"}, {"Retry-After": "1"})]
    browser.open("#source=en&target=de&text=dog")
    until(lambda: browser.notice().startswith("Too much to do."))
    assert "Trying again in 1" in browser.notice()
    assert "Trying again in 1" in browser.announced()
    began = time.monotonic()
    browser.type("s")  # typing does not make it ask sooner
    until(lambda: browser.translation() == "dogs")
    assert time.monotonic() - began > 0.5
    assert len(browser.server.asked) == 2
    assert not browser.of("notice").is_displayed()


def test_a_lost_connection_is_said_and_can_be_tried_again(browser: Browser) -> None:
    browser.open("#source=en&target=de&text=dog")
    until(lambda: browser.translation() == "dog")
    browser.driver.execute_cdp_cmd("Network.enable", {})
    lost = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", lost)
    browser.type("s")
    until(lambda: browser.notice().startswith(("You are offline.", "The server cannot be reached.")))
    assert "stale" in str(browser.of("translation").get_attribute("class"))
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", lost | {"offline": False})
    if browser.of("again").is_displayed():  # else the browser has told the page that it is online again
        browser.of("again").click()
    until(lambda: browser.translation() == "dogs")


def test_a_key_is_asked_for_and_kept_out_of_the_address(browser: Browser) -> None:
    browser.server.key = "sesame"
    browser.open("#source=en&target=de&text=dog")
    until(lambda: browser.of("key").is_displayed())
    assert browser.of("key").get_attribute("type") == "password"
    browser.of("key").send_keys("wrong" + Keys.ENTER)
    until(lambda: "This server needs a key." in browser.notice())
    browser.of("key").send_keys("sesame" + Keys.ENTER)
    until(lambda: browser.translation() == "dog")
    assert not browser.of("key").is_displayed()
    assert browser.focused() == "source-text"
    assert "sesame" not in browser.driver.current_url
    browser.driver.refresh()
    until(lambda: browser.translation() == "dog")
    assert browser.driver.execute_script("return [localStorage.length, document.cookie]") == [0, ""]


def test_the_address_keeps_the_state(browser: Browser) -> None:
    browser.open()
    browser.type("1+1 & 50 % #1 ü\nnext")
    until(browser.translation)
    assert browser.driver.current_url == f"{browser.server.address}#source=en&target=de&text={quote('1+1 & 50 % #1 ü', safe='()!')}%0Anext"
    browser.driver.refresh()
    until(lambda: browser.translation() == "next ü #1 % 50 & 1+1")
    assert browser.of("source-text").get_property("value") == "1+1 & 50 % #1 ü\nnext"
    browser.driver.execute_script("location.hash = '#source=de&target=en&text=ein%20Hund+Ball'")
    until(lambda: browser.translation() == "Hund+Ball ein")  # a plus is a plus
    assert browser.of("source-language").get_property("value") == "de"


def test_right_to_left_text_runs_right_to_left(browser: Browser) -> None:
    browser.open("#source=en&target=ar&text=" + quote("الكلب يجري الآن"))
    until(lambda: len(browser.words()) == 3)
    assert browser.style("#translation", "direction") == "rtl"
    assert browser.style("#source-text", "direction") == browser.style("#mirror", "direction") == "rtl"
    browser.press(Keys.TAB, Keys.TAB, Keys.ARROW_LEFT)
    assert browser.focused() == "يجري"


def test_a_phone_scrolls_in_one_direction_only(browser: Browser) -> None:
    browser.phone(320)
    browser.open("#source=en&target=de&text=" + quote("Donaudampfschifffahrtsgesellschaftskapitänswitwenrente " * 3))
    until(lambda: len(browser.words()) == 3)
    assert browser.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [320, 320]
    source, target = browser.of("source-text").rect, browser.of("translation").rect
    assert target["y"] >= source["y"] + source["height"]
    browser.words()[0].click()
    until(lambda: len(browser.shades()) > 0)


def test_dark_is_dark(browser: Browser) -> None:
    def brightness(selector: str, name: str) -> float:
        red, green, blue = (int(part) for part in browser.style(selector, name).removeprefix("rgb(").removesuffix(")").split(",")[:3])
        return 0.3 * red + 0.6 * green + 0.1 * blue

    browser.open()
    browser.prefers(prefers_color_scheme="light")
    assert brightness("body", "backgroundColor") > 200 > 60 > brightness("textarea", "color")
    browser.prefers(prefers_color_scheme="dark")
    assert brightness("body", "backgroundColor") < 40 < 200 < brightness("textarea", "color")


def test_motion_is_left_out_where_it_is_not_wanted(browser: Browser, tmp_path: Path) -> None:
    browser.prefers(prefers_reduced_motion="reduce")
    browser.open()
    browser.server.delay_seconds["slow"] = 0.5
    browser.type("slow")
    until(lambda: browser.of("translation").get_attribute("aria-busy") == "true")
    assert browser.progress("animationName") == "appear"
    until(lambda: browser.translation() == "slow")
