"""Who may ask, and how often: API keys, kept as hashes, and rates by key or by address."""

import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from nmt.atomic import write_text
from nmt.errors import ConfigError
from serve.settings import Settings

KEY_BYTES = 24  # 192 bits
WRONG_KEYS_A_MINUTE = 20
LOOK_SECONDS = 1.0  # between two looks at the keys file
log = logging.getLogger("serve.keys")
_LINE = re.compile(r"([0-9a-f]{64})\s+(\S+)(?:\s+(\d{1,9}))?")


@dataclass(frozen=True)
class ApiKey:
    """One line of the keys file."""

    sha256: str
    name: str
    per_minute: int | None = None


class KeyMissing(Exception):  # noqa: N818
    """No key was given where one is needed."""


class KeyWrong(Exception):  # noqa: N818
    """The key is none of ours."""


class TooManyWrongKeys(Exception):  # noqa: N818
    """This address has tried too many wrong keys."""


class TooFast(Exception):  # noqa: N818
    """More than the rate allows."""

    def __init__(self, per_minute: int, retry_after: float) -> None:
        super().__init__(f"{per_minute} per 1 minute")
        self.per_minute, self.retry_after = per_minute, retry_after


class Access:
    """Decides about one request after the other."""

    def __init__(self, settings: Settings) -> None:
        """Read the keys.

        Raises:
            ConfigError: the keys file cannot be read or has a line that is none of `nmt serve-key`.
        """
        self._file = settings.api_keys_file
        self.required = self._file is not None
        self.keys = read_keys(self._file) if self._file else ()
        self._stamp, self._looked = self._time_of_file(), time.monotonic()
        self._per_minute = settings.requests_per_minute
        self._rates = MovingWindowRateLimiter(MemoryStorage())

    def let_in(self, key: str | None, client: str, cost: int) -> None:
        """Let a request pass, or raise.

        Args:
            key: as given; None or empty if none was.
            client: the address that asks.
            cost: texts in the request.

        Raises:
            KeyMissing: keys are needed.
            KeyWrong: this is none.
            TooManyWrongKeys: and it was one too many.
            TooFast: the rate of the key or of the address is used up.
        """
        known = self._known(key, client) if self.required else None
        per_minute = self._per_minute if known is None or known.per_minute is None else known.per_minute
        if not per_minute or (known is None and is_loopback(client)):
            return
        rate = RateLimitItemPerMinute(per_minute)
        who = f"key:{known.name}" if known else f"client:{client}"
        if not self._rates.hit(rate, who, cost=min(max(1, cost), per_minute)):
            window = self._rates.get_window_stats(rate, who)
            raise TooFast(per_minute, max(1.0, window.reset_time - time.time()))

    def _known(self, key: str | None, client: str) -> ApiKey:
        self._read_again()
        if not key:
            raise KeyMissing
        wrong = RateLimitItemPerMinute(WRONG_KEYS_A_MINUTE)
        if not self._rates.test(wrong, "wrong:" + client):
            raise TooManyWrongKeys
        digest = hash_key(key)
        found = None
        for one in self.keys:  # all of them, so that the time taken does not say which
            if hmac.compare_digest(one.sha256, digest):
                found = one
        if found is None:
            self._rates.hit(wrong, "wrong:" + client)
            raise KeyWrong
        return found

    def _time_of_file(self) -> int:
        return self._file.stat().st_mtime_ns if self._file and self._file.exists() else 0

    def _read_again(self) -> None:
        """Take a keys file that has changed, so that a key can be withdrawn without a restart; one that cannot be read changes nothing."""
        now = time.monotonic()
        if self._file is None or now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if (stamp := self._time_of_file()) == self._stamp:
            return
        self._stamp = stamp
        try:
            self.keys = read_keys(self._file)
        except ConfigError as error:
            log.error("%s; the keys stay as they were", error)


def hash_key(key: str) -> str:
    """Return the sha256 of a key: it is random and long, so that a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read a keys file; empty lines and lines that begin with # are passed over.

    Raises:
        ConfigError: unreadable, or a line of another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the API keys in {path}: {error}; make one with nmt serve-key {path} NAME") from error
    keys = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise ConfigError(f"{path}, line {number}: expected SHA256 NAME [TEXTS_PER_MINUTE], as nmt serve-key writes it")
        keys.append(ApiKey(match[1], match[2], int(match[3]) if match[3] else None))
    return tuple(keys)


def add_key(path: Path, name: str, per_minute: int | None) -> str:
    """Make a key, write its hash to the keys file, and return it: it is shown once and kept nowhere.

    Raises:
        ConfigError: a name that is taken or has spaces, or a file that is none of keys.
    """
    if not re.fullmatch(r"[^\s#]\S{0,63}", name):
        raise ConfigError(f"{name!r} cannot name a key: 1 to 64 characters, no spaces, no # at the beginning")
    if any(key.name == name for key in (read_keys(path) if path.exists() else ())):
        raise ConfigError(f"{path} has a key named {name!r} already: take another name, or delete its line")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if not path.parent.is_dir():
        raise ConfigError(f"cannot write {path}: no folder {path.parent}")
    key = secrets.token_urlsafe(KEY_BYTES)
    line = f"{hash_key(key)} {name}" + (f" {per_minute}" if per_minute is not None else "")
    write_text(path, before + ("" if not before or before.endswith("\n") else "\n") + line + "\n")
    return key


def is_loopback(client: str) -> bool:
    """Whether an address is this machine's own; a client without one came through a UNIX socket."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client in ("", "localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
