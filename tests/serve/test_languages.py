"""Names of languages and the many codes by which clients call them."""

import pytest

from serve.languages import NAMES, deepl_targets, find_language, language_name, long_form, normal


@pytest.mark.parametrize(
    ("wanted", "available", "found"),
    [
        ("en", ["en", "de"], "en"), ("EN", ["en"], "en"), (" en ", ["en"], "en"), ("en", ["EN"], "EN"),
        ("en-US", ["en"], "en"), ("en_US", ["en"], "en"), ("en-US", ["en", "en-US"], "en-US"), ("en_us", ["en-US"], "en-US"),
        ("en", ["en-GB", "de"], "en-GB"), ("en-US", ["en-GB"], None),
        ("zh-Hans", ["zh"], "zh"), ("zh", ["zh-Hans"], "zh-Hans"), ("zh-CN", ["zh"], "zh"), ("zh-Hant", ["zt"], "zt"),
        ("zt", ["zh-Hant"], "zh-Hant"), ("zh-TW", ["zt", "zh"], "zt"), ("zh", ["zt"], None), ("zh", ["zt", "zh"], "zh"),
        ("pb", ["pt-BR"], "pt-BR"), ("pt-BR", ["pb"], "pb"), ("pt-br", ["pt"], "pt"), ("nb", ["no"], "no"), ("no", ["nb"], "nb"),
        ("fr", ["en"], None), ("", ["en"], None), ("-", ["en"], None), ("english", ["en"], None), ("e", ["en"], None), ("en", [], None),
    ],
)  # fmt: skip
def test_what_a_client_means(wanted: str, available: list[str], found: str | None) -> None:
    assert find_language(wanted, available) == found


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en", "English"),
        ("DE", "German"),
        ("pt_BR", "Portuguese (Brazil)"),
        ("de-AT", "German"),
        ("zh-Hant", "Chinese (traditional)"),
        ("xx", "xx"),
    ],
)
def test_names(code: str, name: str) -> None:
    assert language_name(code) == name


def test_every_name_is_a_name() -> None:
    assert all(normal(code) == code and name.strip() == name and name for code, name in NAMES.items())
    assert len(NAMES) > 150


@pytest.mark.parametrize(("code", "answered"), [("zh", "zh-Hans"), ("zt", "zh-Hant"), ("pb", "pt-BR"), ("pt-BR", "pt-BR"), ("en", "en")])
def test_long_forms(code: str, answered: str) -> None:
    assert long_form(code) == answered


@pytest.mark.parametrize(
    ("code", "targets"),
    [("en", ("EN-US", "EN-GB")), ("pt", ("PT-BR", "PT-PT")), ("zh", ("ZH", "ZH-HANS")), ("de", ("DE",)), ("pt_BR", ("PT-BR",))],
)
def test_targets_for_deepls_clients(code: str, targets: tuple[str, ...]) -> None:
    assert deepl_targets(code) == targets
    assert all(find_language(target, [code]) == code for target in targets)
