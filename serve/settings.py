"""Every setting of the server: its flag, its environment variable, its default and a sentence, in one table."""

import argparse
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from nmt.errors import ConfigError

PREFIX = "NMT_"
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Words = Annotated[tuple[str, ...], NoDecode]
"""Several values in one variable, set apart by spaces."""


class Settings(BaseSettings):
    """Flags win over environment variables, these over defaults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", allow_inf_nan=False, env_ignore_empty=True)

    models: Words = Field((), description="what to serve: MODEL or NAME=MODEL, where MODEL is a model, a run, or a folder of versions")
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 is every interface of the machine")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="port to listen on; 0: any free one, which is printed")
    threads: Count | None = Field(None, description="CPU threads for the models; all cores, or a container's limit, unless given")
    deadline_seconds: Seconds = Field(30.0, description="a request is answered within this, or refused")
    deepl_deadline_seconds: Seconds = Field(9.0, description="the same on DeepL routes, whose client sends again after 10 s")
    drain_seconds: Annotated[float, Field(ge=0)] = Field(
        1.0, description="from SIGTERM, how long requests are still taken while /readyz already says no"
    )
    poll_seconds: Seconds = Field(2.0, description="how often folders of versions are looked at for a newer one")
    batch_sentences: Count = Field(
        16, description="sentences translated together at most; more wait for one another, and the longest decides how long a batch takes"
    )
    batch_pieces: Count = Field(4096, description="source pieces in a batch at most, padding counted")
    batch_wait_ms: Annotated[float, Field(ge=0)] = Field(
        5.0, description="while many clients ask in turn: how long a batch waits at most for those just answered; a lone one never waits"
    )
    queue_pieces: Count = Field(65_536, description="source pieces that may wait for one model; what comes then is told to come later")
    cache_mebibytes: Annotated[int, Field(ge=0)] = Field(8, description="memory for sentences translated before; 0: none are kept")
    max_characters: Count = Field(5000, description="characters of one text at most")
    max_texts: Count = Field(128, description="texts of one request at most")
    max_n_best: Count = Field(10, description="hypotheses of one sentence at most")
    max_beam_size: Count = Field(20, description="beam size that a request may ask for at most")
    max_alternatives: Annotated[int, Field(ge=0)] = Field(3, description="alternatives that a LibreTranslate request may ask for at most")
    max_body_bytes: Count = Field(1_048_576, description="bytes of a request's body at most (131072 on DeepL routes)")
    body_seconds: Seconds = Field(10.0, description="a request's body must have come within this")
    api_keys_file: Path | None = Field(None, description="file of hashed API keys, as nmt serve-key writes it; without one any key will do")
    requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        120, description="texts a minute from one address, or with one key that sets no rate of its own; not on loopback; 0: no limit"
    )
    key_url: str | None = Field(None, description="where people get an API key; told to those who have none")
    metrics_token: SecretStr | None = Field(None, description="bearer token that /metrics, /livez and /readyz ask for; open without one")
    trusted_proxies: Words = Field((), description="addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed")
    cors_origins: Words = Field((), description="origins whose pages may call the server from a browser")
    access_log: bool = Field(True, description="write one JSON line a request to standard error; never its text")

    @field_validator("models", "trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split_words(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if "*" in self.cors_origins and len(self.cors_origins) > 1:
            raise ValueError("--cors-origins is either * or a list of origins")
        if self.max_n_best > self.max_beam_size:
            raise ValueError(f"--max-n-best ({self.max_n_best}) must not exceed --max-beam-size ({self.max_beam_size})")
        return self


def parse_settings(arguments: list[str]) -> Settings:
    """Read flags and environment.

    Raises:
        ConfigError: an unknown flag, or a value that is out of range; one line.
    """
    given = vars(_parser().parse_intermixed_args(arguments))
    try:
        return Settings(**{name: value for name, value in given.items() if value not in (None, [])})
    except ValidationError as error:
        problem = error.errors()[0]
        place = str(problem["loc"][0]) if problem["loc"] else ""
        flagged = bool(given.get(place))
        name = (_flag(place) if flagged else f"{PREFIX}{place.upper()}") if place and place != "models" else place
        shown = "" if isinstance(problem["input"], dict) else f" (received {problem['input']!r})"
        raise ConfigError(f"{name + ': ' if name else ''}{problem['msg'].removeprefix('Value error, ')}{shown}") from error


def settings_help() -> str:
    """What `nmt serve --help` prints."""
    return _parser().format_help().replace("usage:", "Usage:", 1)


def settings_table() -> str:
    """The settings as the Markdown table of docs/serving.md."""
    rows = ["| flag | variable | default | what it is |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        flag = "`MODEL …`" if name == "models" else f"`{_flag(name)}`"
        rows.append(f"| {flag} | `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |")
    return "\n".join(rows) + "\n"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see nmt serve --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nmt serve",
        allow_abbrev=False,
        description="Serve exported models over HTTP: LibreTranslate, DeepL and TensorFlow Serving APIs, our own, and a page for people.",
        epilog=f"Every option can be given as an environment variable too: --deadline-seconds is {PREFIX}DEADLINE_SECONDS.",
    )
    for name, field in Settings.model_fields.items():
        described = f"{field.description} (default: {_default(field.default)})".replace("%", "%%")
        if name == "models":
            parser.add_argument(name, nargs="*", metavar="MODEL", help=field.description)
        elif field.annotation is bool:
            parser.add_argument(_flag(name), action=argparse.BooleanOptionalAction, default=None, help=described)
        else:
            parser.add_argument(_flag(name), metavar="VALUE", help=described)
    return parser


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _default(value: Any) -> str:
    if value is None or value == ():
        return "none"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
