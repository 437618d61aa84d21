"""Settings: a flag wins over its variable, that over the default; a mistake is one line that says where it was made."""

import os
import shlex
from typing import Any

import pytest

from nmt.errors import ConfigError
from serve.settings import PREFIX, Settings, parse_settings, settings_help, settings_table


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def test_defaults() -> None:
    settings = parse_settings([])
    assert (settings.host, settings.port, settings.threads, settings.models, settings.access_log) == ("127.0.0.1", 8000, None, (), True)
    assert (settings.api_keys_file, settings.metrics_token, settings.cors_origins, settings.trusted_proxies) == (None, None, (), ())


# One row for each kind of value: the setting, what is written as a variable, what it means, what is written as a flag, what that means.
KINDS: list[tuple[str, str, Any, str, Any]] = [
    ("port", "81", 81, "--port 82", 82),
    ("host", "::1", "::1", "--host 0.0.0.0", "0.0.0.0"),
    ("threads", "2", 2, "--threads=3", 3),
    ("deadline_seconds", "1.5", 1.5, "--deadline-seconds 2", 2.0),
    ("batch_wait_ms", "0", 0.0, "--batch-wait-ms 1e1", 10.0),
    ("access_log", "off", False, "--access-log", True),
    ("access_log", "true", True, "--no-access-log", False),
    ("cors_origins", "https://a.example https://b.example", ("https://a.example", "https://b.example"), "--cors-origins '*'", ("*",)),
    ("trusted_proxies", " 10.0.0.1  10.0.0.2 ", ("10.0.0.1", "10.0.0.2"), "--trusted-proxies 10.0.0.3", ("10.0.0.3",)),
    ("models", "ende deen", ("ende", "deen"), "x=runs/demo", ("x=runs/demo",)),
    ("key_url", "https://a.example", "https://a.example", "--key-url https://b.example", "https://b.example"),
]


@pytest.mark.parametrize(("name", "variable", "meant", "given", "wins"), KINDS)
def test_flags_win_over_variables_over_defaults(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str, meant: Any, given: str, wins: Any
) -> None:
    assert getattr(parse_settings([]), name) == Settings.model_fields[name].default
    monkeypatch.setenv(PREFIX + name.upper(), variable)
    assert getattr(parse_settings([]), name) == meant
    assert getattr(parse_settings(shlex.split(given)), name) == wins


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMT_PORT", "")
    assert parse_settings([]).port == 8000


def test_a_variable_of_something_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMT_CACHE", "elsewhere")
    monkeypatch.setenv("PORT", "1")
    assert parse_settings([]) == Settings()


def test_several_models_are_given_without_a_flag() -> None:
    assert parse_settings(["a", "--port", "1", "b=c"]).models == ("a", "b=c")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_and_has_a_flag(name: str) -> None:
    described = Settings.model_fields[name].description
    assert described is not None
    assert described[0].islower() or described.startswith("CPU")
    assert not described.endswith(".")
    shown = " ".join(settings_help().split())
    assert (flag(name) if name != "models" else "MODEL") in shown
    row = next(line for line in settings_table().splitlines() if f"`{PREFIX}{name.upper()}`" in line)
    assert described in row
    assert row.count(" | ") == 3


# Flags, variables, and the one line that is said of them.
MISTAKES: list[tuple[str, dict[str, str], str]] = [
    ("--port abc", {}, "--port: Input should be a valid integer, unable to parse string as an integer (received 'abc')"),
    ("--port 65536", {}, "--port: Input should be less than or equal to 65535 (received '65536')"),
    ("--port -1", {}, "--port: Input should be greater than or equal to 0 (received '-1')"),
    ("", {"NMT_PORT": "65536"}, "NMT_PORT: Input should be less than or equal to 65535 (received '65536')"),
    ("--port abc", {"NMT_PORT": "8"}, "--port: Input should be a valid integer, unable to parse string as an integer (received 'abc')"),
    ("--threads 0", {}, "--threads: Input should be greater than or equal to 1 (received '0')"),
    ("--deadline-seconds 0", {}, "--deadline-seconds: Input should be greater than 0 (received '0')"),
    ("--deadline-seconds nan", {}, "--deadline-seconds: Input should be a finite number (received 'nan')"),
    ("--deadline-seconds inf", {}, "--deadline-seconds: Input should be a finite number (received 'inf')"),
    ("", {"NMT_ACCESS_LOG": "maybe"}, "NMT_ACCESS_LOG: Input should be a valid boolean, unable to interpret input (received 'maybe')"),
    ("--max-n-best 30", {}, "--max-n-best (30) must not exceed --max-beam-size (20)"),
    ("--cors-origins '* https://a.example'", {}, "--cors-origins is either * or a list of origins"),
    ("--colour=red", {}, "unrecognized arguments: --colour=red; see nmt serve --help"),
    ("--dead=3", {}, "unrecognized arguments: --dead=3; see nmt serve --help"),
    ("--port", {}, "argument --port: expected one argument; see nmt serve --help"),
]


@pytest.mark.parametrize(("flags", "variables", "said"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where(monkeypatch: pytest.MonkeyPatch, flags: str, variables: dict[str, str], said: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as error:
        parse_settings(shlex.split(flags))
    assert str(error.value) == said


def test_the_operators_token_is_not_shown() -> None:
    settings = parse_settings(["--metrics-token", "geheim"])
    assert settings.metrics_token is not None
    assert settings.metrics_token.get_secret_value() == "geheim"
    assert "geheim" not in f"{settings!r} {settings} {settings.model_dump()}"
