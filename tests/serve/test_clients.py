"""Clients that no one here wrote, against a real server over real models: all get the text of `nmt translate --paragraphs`."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import deepl
import pytest
from deep_translator import LibreTranslator
from deep_translator.exceptions import AuthorizationException, NotValidPayload, ServerException
from deepl.api_data import MultilingualGlossaryDictionaryEntries
from libretranslatepy import LibreTranslateAPI

from nmt.segmentation import split_paragraphs
from serve.access import add_key
from tests.conftest import RunNmt
from tests.serve.conftest import LiveServer, start_server

SENTENCE = "one two three."
TEXTS = {
    "a sentence": SENTENCE,
    "a word": "seven",
    "sentences": "one two. Three four! five six? seven.",
    "paragraphs": "one two.\nthree four. five.\n\n\nsix seven\neight.",
    "Windows line ends": "one two.\r\nthree four.\r\n\r\nfive.\r\n",
    "old Mac line ends": "one two.\rthree four.",
    "white space at both ends": " \n\t one two. \n three.\n\n  ",
    "line breaks between sentences": "  one two!\n three?\n\n",
    "tabs": "one two.\tthree four.\t\tfive.",
    "spaces of other kinds": "one two.\u00a0three.\u2003four.\u2028five.",
    "emoji": "👍🏽 🎉",
    "emoji in a sentence": "one 👍🏽 two. three 🎉.",
    "digits": "2026 3.14 1,000",
    "an address": "https://example.org/a?b=c&d=%20+#e",
    "a mail address": "somebody@example.org",
    "one character": "x",
    "one mark": "…",
    "what forms and markup escape": "one & two + three % four = <b>five</b> &amp; 'six' \"seven\".",
    "over-long": "one two three four five, six seven eight nine ten, " * 5 + "and three two one.",
    "over-long without a clause": "seven three nine " * 30,
    "over-long without a space": "x" * 300,
    "a hundred sentences": " ".join(["one two three!", "four five six seven?", "eight!", "nine ten one two!"] * 25),
}
EMPTY = {"empty": "", "blank": " \n\t\n"}
ROWS = [pytest.param(text, id=name) for name, text in TEXTS.items()]


@pytest.fixture(scope="module")
def told(trained: Path, tmp_path_factory: pytest.TempPathFactory, run_nmt: RunNmt) -> Callable[[str], str]:
    """What `nmt translate --paragraphs` makes of a text. All are one input, since a line of no letters between two texts is copied."""
    folder = tmp_path_factory.mktemp("told")
    line, texts = "\n=+=+=+=\n", [text.replace("\r\n", "\n").replace("\r", "\n") for text in (*TEXTS.values(), *EMPTY.values())]
    (folder / "in").write_bytes(line.join([*texts, "end"]).encode())
    done = run_nmt("translate", trained / "ende", "--paragraphs", "-i", folder / "in", "-o", folder / "out")
    assert done.returncode == 0, done.stderr
    found = dict(zip(texts, (folder / "out").read_bytes().decode().split(line)[:-1], strict=True))
    assert found[SENTENCE] != SENTENCE
    return lambda text: found[text.replace("\r\n", "\n").replace("\r", "\n")]


def test_the_table_holds_what_it_says() -> None:
    assert len(split_paragraphs(TEXTS["a hundred sentences"], "en")) == 100
    assert len(split_paragraphs(TEXTS["over-long"], "en")) == len(split_paragraphs(TEXTS["over-long without a clause"], "en")) == 1


# ---------------------------------------------------------------------------------------------------- deepl


@pytest.fixture(scope="module")
def deepl_client(server: LiveServer) -> Iterator[deepl.DeepLClient]:
    client = deepl.DeepLClient("any key", server_url=server.url)
    yield client
    client.close()


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("text", ROWS)
@pytest.mark.parametrize("source", ["EN", None])
def test_deepl_one_text(deepl_client: deepl.DeepLClient, told: Callable[[str], str], text: str, source: str | None) -> None:
    found = deepl_client.translate_text(text, source_lang=source, target_lang="DE")
    assert isinstance(found, deepl.TextResult)
    assert unix(found.text) == told(text)
    assert found.text.count("\r") == text.count("\r"), "JSON keeps them"
    assert (found.detected_source_lang, found.billed_characters) == ("EN", len(text))


def test_deepl_texts(deepl_client: deepl.DeepLClient, told: Callable[[str], str]) -> None:
    texts = [*TEXTS.values(), *EMPTY.values()]
    found = deepl_client.translate_text(texts, source_lang="EN", target_lang="DE")
    assert isinstance(found, list)
    assert [unix(one.text) for one in found] == [told(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (SENTENCE, deepl.SplitSentences.OFF),
        ("seven", "0"),
        (TEXTS["paragraphs"], deepl.SplitSentences.ALL),
        (TEXTS["sentences"], deepl.SplitSentences.DEFAULT),
        (TEXTS["sentences"], deepl.SplitSentences.NO_NEWLINES),
        (TEXTS["line breaks between sentences"], "nonewlines"),  # every line break stands between two sentences
    ],
)
def test_deepl_splits_sentences(deepl_client: deepl.DeepLClient, told: Callable[[str], str], text: str, mode: Any) -> None:
    found = deepl_client.translate_text(text, target_lang="DE", split_sentences=mode)
    assert isinstance(found, deepl.TextResult)
    assert found.text == told(text)


def test_deepl_options_that_change_nothing(deepl_client: deepl.DeepLClient, told: Callable[[str], str]) -> None:
    found = deepl_client.translate_text(
        SENTENCE, source_lang="en", target_lang="de", context="numbers", preserve_formatting=True, formality="prefer_more",
        model_type=deepl.ModelType.LATENCY_OPTIMIZED, outline_detection=False,
    )  # fmt: skip
    assert isinstance(found, deepl.TextResult)
    assert (found.text, found.model_type_used) == (told(SENTENCE), "latency_optimized")


def test_deepl_into_english_by_either_name(deepl_client: deepl.DeepLClient) -> None:
    american, british = (deepl_client.translate_text("eins zwei drei.", target_lang=target) for target in ("EN-US", "EN-GB"))
    assert isinstance(american, deepl.TextResult)
    assert american.detected_source_lang == "DE"
    assert str(american) == str(british) != ""


def test_deepl_usage_grows(deepl_client: deepl.DeepLClient) -> None:
    before = deepl_client.get_usage()
    deepl_client.translate_text(SENTENCE, target_lang="DE")
    after = deepl_client.get_usage()
    assert (before.character.count or 0) + len(SENTENCE) == after.character.count
    assert not after.any_limit_reached


def test_deepl_languages(deepl_client: deepl.DeepLClient) -> None:
    assert {(one.code, one.name) for one in deepl_client.get_source_languages()} == {("EN", "English"), ("DE", "German")}
    targets = {one.code: one.supports_formality for one in deepl_client.get_target_languages()}
    assert targets == {"DE": False, "EN-US": False, "EN-GB": False}


GLOSSARY = deepl.GlossaryInfo("1234", "mine", True, "EN", "DE", datetime.now(UTC), 1)


def test_deepl_glossaries_there_are_none(deepl_client: deepl.DeepLClient) -> None:
    assert deepl_client.list_glossaries() == deepl_client.list_multilingual_glossaries() == []
    assert deepl_client.get_glossary_languages() == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_glossary("1234"),
        lambda client: client.get_glossary_entries("1234"),
        lambda client: client.delete_glossary("1234"),
        lambda client: client.get_multilingual_glossary("1234"),
        lambda client: client.get_multilingual_glossary_entries("1234", "EN", "DE"),
        lambda client: client.delete_multilingual_glossary("1234"),
        lambda client: client.delete_multilingual_glossary_dictionary("1234", source_lang="EN", target_lang="DE"),
        lambda client: client.update_multilingual_glossary_name("1234", "other"),
    ],
)
def test_deepl_a_glossary_is_not_found(deepl_client: deepl.DeepLClient, call: Callable[[deepl.DeepLClient], object]) -> None:
    with pytest.raises(deepl.GlossaryNotFoundException):
        call(deepl_client)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.create_glossary("mine", "EN", "DE", {"dog": "Hund"}), "not supported"),
        (
            lambda client: client.create_multilingual_glossary("mine", [MultilingualGlossaryDictionaryEntries("EN", "DE", {"a": "b"})]),
            "not supported",
        ),
        (lambda client: client.translate_text(SENTENCE, source_lang="EN", target_lang="DE", glossary="1234"), "Glossary not found"),
        (lambda client: client.translate_text(SENTENCE, source_lang="EN", target_lang="DE", glossary=GLOSSARY), "Glossary not found"),
        (lambda client: client.translate_text_with_glossary(SENTENCE, GLOSSARY), "Glossary not found"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", formality="more"), "formality"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", formality=deepl.Formality.LESS), "formality"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", tag_handling="html"), "tag_handling"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", tag_handling="xml", ignore_tags=["x"]), "tag_handling"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", style_rule="1234"), "style_id"),
        (lambda client: client.translate_text(SENTENCE, target_lang="DE", custom_instructions=["be kind"]), "custom_instructions"),
        (lambda client: client.translate_text(SENTENCE, target_lang="FR"), "target_lang"),
        (lambda client: client.translate_text(SENTENCE, source_lang="FR", target_lang="DE"), "source_lang"),
        (lambda client: client.translate_text([SENTENCE] * 51, target_lang="DE"), "Too many texts"),
        (lambda client: client.translate_text("one " * 40_000, target_lang="DE"), "larger than"),
        (lambda client: client.rephrase_text(SENTENCE), "Not found"),
    ],
)
def test_deepl_refusals_are_its_own_exceptions(
    deepl_client: deepl.DeepLClient, call: Callable[[deepl.DeepLClient], object], message: str
) -> None:
    with pytest.raises(deepl.DeepLException, match=message):
        call(deepl_client)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["languages"], "EN-GB: English"), (["usage"], "1000000000000"), (["languages", "--glossary"], "Language pairs")],
)
def test_deepl_command_line(server: LiveServer, arguments: list[str], expected: str) -> None:
    assert expected in command(server, *arguments)


def test_deepl_command_line_translates(server: LiveServer, told: Callable[[str], str]) -> None:
    assert command(server, "text", "--to", "DE", SENTENCE) == told(SENTENCE) + "\n"


def command(server: LiveServer, *arguments: str) -> str:
    environment = os.environ | {"DEEPL_SERVER_URL": server.url, "DEEPL_AUTH_KEY": "any key"}
    done = subprocess.run(
        [sys.executable, "-m", "deepl", *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------------------------------------------- libretranslatepy


@pytest.fixture(scope="module")
def libre(server: LiveServer) -> LibreTranslateAPI:
    return LibreTranslateAPI(server.url)


@pytest.mark.parametrize("text", [*ROWS, pytest.param(EMPTY["blank"], id="blank")])
def test_libretranslatepy(libre: LibreTranslateAPI, told: Callable[[str], str], text: str) -> None:
    assert libre.translate(text, "en", "de") == told(text), "a form's line ends are made line feeds, as LibreTranslate makes them"


def test_libretranslatepy_detects(libre: LibreTranslateAPI, told: Callable[[str], str]) -> None:
    assert libre.detect("Two men sit on a bench.")[0]["language"] == "en"
    assert libre.detect("Zwei Männer sitzen auf einer Bank.")[0]["language"] == "de"
    assert libre.translate(SENTENCE, "auto", "de") == told(SENTENCE)


def test_libretranslatepy_languages(libre: LibreTranslateAPI) -> None:
    found = {one["code"]: (one["name"], one["targets"]) for one in libre.languages()}
    assert found == {"en": ("English", ["de"]), "de": ("German", ["en"])}


def test_settings_which_no_client_of_ours_asks_for(server: LiveServer) -> None:
    with urllib.request.urlopen(server.url + "/frontend/settings", timeout=10) as response:
        settings = json.load(response)
    assert (settings["charLimit"], settings["keyRequired"]) == (5000, False)


@pytest.mark.parametrize(
    ("text", "source", "target"), [("", "en", "de"), (SENTENCE, "en", "fr"), (SENTENCE, "fr", "de"), ("x" * 5001, "en", "de")]
)
def test_libretranslatepy_refusals(libre: LibreTranslateAPI, text: str, source: str, target: str) -> None:
    assert refused(lambda: libre.translate(text, source, target)) == 400


def refused(call: Callable[[], object]) -> int:
    with pytest.raises(urllib.error.HTTPError) as raised:
        call()
    with raised.value as response:
        assert isinstance(json.load(response)["error"], str)
    return raised.value.code


# ---------------------------------------------------------------------------------------------------- deep-translator


@pytest.fixture(scope="module")
def deep(server: LiveServer) -> LibreTranslator:
    return LibreTranslator(source="en", target="de", api_key="any key", custom_url=server.url + "/")


# It hands an empty text back without asking anybody.
@pytest.mark.parametrize("text", [*ROWS, *(pytest.param(text, id=name) for name, text in EMPTY.items())])
def test_deep_translator(deep: LibreTranslator, told: Callable[[str], str], text: str) -> None:
    assert deep.translate(text) == told(text)


def test_deep_translator_batch(deep: LibreTranslator, told: Callable[[str], str]) -> None:
    assert deep.translate_batch(list(TEXTS.values())) == [told(text) for text in TEXTS.values()]


def test_deep_translator_file(deep: LibreTranslator, told: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(TEXTS["Windows line ends"].encode())
    assert deep.translate_file(str(path)) == told(TEXTS["Windows line ends"]).strip(), "it strips what it reads"


def test_deep_translator_detects(server: LiveServer, told: Callable[[str], str]) -> None:
    assert LibreTranslator("auto", "German", api_key="any key", custom_url=server.url + "/").translate(SENTENCE) == told(SENTENCE)


def test_deep_translator_languages(deep: LibreTranslator) -> None:
    assert {"English", "German"} <= set(deep.get_supported_languages())  # its own list: it asks no server
    assert deep.is_language_supported("de")


def test_deep_translator_refusals(deep: LibreTranslator, server: LiveServer) -> None:
    with pytest.raises(NotValidPayload):  # its own
        deep.translate(42)
    with pytest.raises(ServerException):
        LibreTranslator("en", "fr", api_key="any key", custom_url=server.url + "/").translate(SENTENCE)
    with pytest.raises(ServerException):
        deep.translate("x" * 5001)


# ---------------------------------------------------------------------------------------------------- keys


@pytest.fixture(scope="module")
def locked(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server that wants a key, and a key."""
    folder = tmp_path_factory.mktemp("locked")
    key = add_key(folder / "keys", "me", None)
    live = start_server(folder, f"ende={trained / 'ende'}", "--api-keys-file", folder / "keys")
    yield live.url, key
    live.stop()
    live.process.stdout.close()  # type: ignore[union-attr]


def test_the_right_key(locked: tuple[str, str], told: Callable[[str], str]) -> None:
    url, key = locked
    client = deepl.DeepLClient(key, server_url=url)
    assert str(client.translate_text(SENTENCE, target_lang="DE")) == told(SENTENCE)
    client.close()
    assert LibreTranslateAPI(url, key).translate(SENTENCE, "en", "de") == told(SENTENCE)
    assert LibreTranslator("en", "de", api_key=key, custom_url=url + "/").translate(SENTENCE) == told(SENTENCE)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.translate_text(SENTENCE, target_lang="DE"),
        lambda client: client.get_usage(),
        lambda client: client.get_source_languages(),
        lambda client: client.get_target_languages(),
        lambda client: client.list_glossaries(),
    ],
)
def test_deepl_with_a_wrong_key(locked: tuple[str, str], call: Callable[[deepl.DeepLClient], object]) -> None:
    client = deepl.DeepLClient("wrong", server_url=locked[0])
    with pytest.raises(deepl.AuthorizationException):
        call(client)
    client.close()


def test_libretranslate_clients_with_a_wrong_key(locked: tuple[str, str]) -> None:
    url, _ = locked
    assert refused(lambda: LibreTranslateAPI(url, "wrong").translate(SENTENCE, "en", "de")) == 403
    assert refused(lambda: LibreTranslateAPI(url, "wrong").detect(SENTENCE)) == 403
    assert refused(lambda: LibreTranslateAPI(url).translate(SENTENCE, "en", "de")) == 400
    with pytest.raises(AuthorizationException):
        LibreTranslator("en", "de", api_key="wrong", custom_url=url + "/").translate(SENTENCE)
