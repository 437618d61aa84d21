"""What is known of one request: its id and the figures that its log line and the metrics take. Never its text."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field

from starlette.datastructures import Headers

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_SALT = secrets.token_bytes(16)  # client hashes of one process can be told apart, and not be looked up


@dataclass
class Record:
    """One request."""

    request_id: str
    client: str
    started: float = field(default_factory=time.monotonic)
    model: str = ""
    version: int = 0
    pair: str = ""
    texts: int = 0
    characters: int = 0
    tokens: int = 0
    queue_seconds: float = 0.0
    inference_seconds: float = 0.0
    batch_rows: int = 0

    @property
    def client_hash(self) -> str:
        """Tells clients of one process apart without saying who they are."""
        return hashlib.sha256(_SALT + self.client.encode()).hexdigest()[:12]

    @property
    def trace_id(self) -> str:
        """The id as 32 hexadecimal digits, which is how DeepL's clients know it."""
        return self.request_id if _TRACE_ID.fullmatch(self.request_id) else hashlib.sha256(self.request_id.encode()).hexdigest()[:32]

    def as_log(self, api: str, route: str, method: str, status: int) -> dict[str, str | int | float]:
        """The fields of the log line."""
        fields: dict[str, str | int | float] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + "Z",
            "id": self.request_id,
            "api": api,
            "route": route,
            "method": method,
            "status": status,
            "ms": round(1000 * (time.monotonic() - self.started), 2),
            "client": self.client_hash,
        }
        if self.model:
            fields |= {
                "model": self.model,
                "version": self.version,
                "pair": self.pair,
                "texts": self.texts,
                "characters": self.characters,
                "tokens": self.tokens,
                "queue_ms": round(1000 * self.queue_seconds, 2),
                "inference_ms": round(1000 * self.inference_seconds, 2),
                "batch_rows": self.batch_rows,
            }
        return fields


def request_id(headers: Headers) -> str:
    """Take the caller's id if it is harmless, else make one of 32 hexadecimal digits."""
    given = headers.get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(16)
