"""Handlers that are HTTP services: the body is POSTed, the verdict is the status."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqs_core.errors import Discard
from sqs_core.failures import Cause
from sqs_core.handlers import HandlerFailedError
from sqs_core.settings import check_url

if TYPE_CHECKING:
    from sqs_core.model import Message

GONE_STATUS = 410
DEFAULT_TIMEOUT_SECONDS = 60.0
_LONGEST_HEADER = 4_000
_CONNECTIONS = 512


class HttpHandler:
    """POST each body to a URL: 2xx acknowledges, 410 discards, anything else retries. Redirects are not followed.

    Headers X-SQS-Message-Id, -Queue, -Receive-Count, -Group-Id and X-SQS-Attribute-<NAME>, percent-encoded where needed.
    """

    def __init__(self, url: str, timeout_seconds: float | None) -> None:
        import urllib3

        check_url("handler", url.partition("?")[0], "http://localhost:8080/orders")
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, timeout=timeout_seconds or DEFAULT_TIMEOUT_SECONDS, retries=False)

    def __call__(self, message: Message) -> None:
        """Handle one message."""
        body = message.body.encode("utf-8", "surrogatepass")
        answer = self._pool.request("POST", self._url, body=body, headers=_headers(message), redirect=False)
        if answer.status == GONE_STATUS:
            raise Discard
        if not 200 <= answer.status < 300:
            cause = Cause("http", f"status {answer.status}")
            raise HandlerFailedError(f"HTTP status {answer.status} from {self._url}", cause)


def _headers(message: Message) -> dict[str, str]:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-SQS-Message-Id": quote(message.message_id),
        "X-SQS-Queue": quote(message.queue),
        "X-SQS-Receive-Count": str(message.receive_count),
    }
    if message.group_id is not None:
        headers["X-SQS-Group-Id"] = quote(message.group_id)
    for name, attribute in message.typed_attributes.items():
        value = attribute.value
        text = base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else quote(value)
        if len(text) <= _LONGEST_HEADER:
            headers[f"X-SQS-Attribute-{quote(name)}"] = text
    return headers
