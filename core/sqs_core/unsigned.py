"""A look at an address without credentials: is anybody there, how fast, and what does it call itself?"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.bounded import within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.settings import ConnectionSettings

LONGEST_BODY = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; names of headers in lower case, the body cut at the asker's limit.

    `sent_at` is epoch seconds, `seconds` how long it took until it was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: float
    seconds: float


class Asker:
    """GETs over one connection, with the proxies and certificates that the environment's clients use; a local one uses none."""

    def __init__(
        self,
        connection: ConnectionSettings,
        timeout_seconds: float,
        certificate_bundle: str | None,
        longest_body: int = LONGEST_BODY,
    ) -> None:
        self._deployed = connection.environment.deployed
        self._certificate_bundle = certificate_bundle
        self._timeout_seconds = timeout_seconds
        self._longest_body = longest_body
        self._session: Any = None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One GET. Raises the SDK's transport errors."""
        from botocore.awsrequest import AWSRequest

        if self._session is None:
            self._session = self._open(url)
        sent_at, started = time.time(), time.monotonic()
        answer = self._session.send(AWSRequest("GET", url, dict(headers or {}), stream_output=True).prepare())
        body = answer.raw.read(self._longest_body)
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, named, body, sent_at, time.monotonic() - started)

    def page(self, url: str, seconds: float) -> Any:
        """A JSON page, whatever it holds; None where there is none within so many seconds. Never raises."""
        try:
            body = self.body(url, seconds, "application/json")
            return None if body is None else json.loads(body)
        except (ValueError, RecursionError):
            return None

    def body(self, url: str, seconds: float, kind: str) -> bytes | None:
        """A page of this content type as it came; None where there is none within so many seconds. Never raises."""
        try:
            answer = within(seconds, lambda: self.get(url, {"Accept": kind}))
        except Exception:  # noqa: BLE001 - whatever the transport raises, there is no page
            return None
        return answer.body if answer.status == 200 else None

    def _open(self, url: str) -> Any:
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        options: dict[str, Any] = {
            "verify": self._certificate_bundle or True,
            "proxies": get_environ_proxies(url) if self._deployed else {},
            "timeout": self._timeout_seconds,
        }
        return URLLib3Session(**options)

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
