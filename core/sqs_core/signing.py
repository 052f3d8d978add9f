"""AWS Signature Version 4 for POSTs to the root of one host. What does not change from one to the next is made once.

Source: AWS, "Create a signed AWS API request". The result is that of the SDK's own signer.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"
DATE_HEADER = "x-amz-date"


@dataclass(frozen=True, slots=True)
class Form:
    """The canonical request of all POSTs that differ in time and body alone: its text before and after the time."""

    before: str
    after: str
    signed: str


def form_of(headers: Mapping[str, str]) -> Form:
    """The form of POSTs to `/` with these headers (names in lower case, `host` among them); the date's is added."""
    lines = {name: f"{name}:{' '.join(value.split())}\n" for name, value in headers.items()}
    names = sorted({*headers, DATE_HEADER})
    at = names.index(DATE_HEADER)
    before = "".join(lines[name] for name in names[:at])
    after = "".join(lines[name] for name in names[at + 1 :])
    signed = ";".join(names)
    return Form(f"POST\n/\n\n{before}{DATE_HEADER}:", f"\n{after}\n{signed}\n", signed)


class Signer:
    """Signs for one region and service. Safe from any thread."""

    def __init__(self, region: str, service: str) -> None:
        self._region, self._service = region, service
        self._made: tuple[str, str, bytes, str] = ("", "", b"", "")
        self._stamp = (0, "")

    def stamp(self) -> str:
        """This moment as SigV4 writes it."""
        second = int(time.time())
        known, text = self._stamp
        if known != second:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._stamp = second, text
        return text

    def authorization(self, form: Form, key_id: str, secret: str, body: bytes, stamp: str) -> str:
        """The `authorization` header of a request with this body, sent with `x-amz-date: stamp`."""
        key, scope = self._key(secret, stamp[:8])
        canonical = f"{form.before}{stamp}{form.after}{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signature = hmac.digest(key, f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
        return f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={form.signed}, Signature={signature}"

    def _key(self, secret: str, day: str) -> tuple[bytes, str]:
        """The day's signing key and its scope; written and read as one value, so that no lock is needed."""
        known_secret, known_day, key, scope = self._made
        if known_secret != secret or known_day != day:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            scope = f"{day}/{self._region}/{self._service}/aws4_request"
            self._made = secret, day, key, scope
        return key, scope
