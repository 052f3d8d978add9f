"""SQS as the engine sees it. Every answer is checked for proof before anybody believes it.

Each method raises `RequestError` and nothing else when SQS, the network or something in between fails.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from sqs_core.answers import call, reading, require_empty_answer
from sqs_core.errors import RequestError, Trouble
from sqs_core.message import AttributeValue, Message
from sqs_core.outgoing import body_md5, replayed
from sqs_core.queue_facts import QueueFacts, fetch_facts
from sqs_core.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from sqs_core.sender import SendResult

GONE_CODES = frozenset(
    {
        "ReceiptHandleIsInvalid",
        "InvalidReceiptHandle",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    }
)
"""The server no longer honours this receipt: deleted, purged, or received again by somebody."""
EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
"""The server no longer honours these credentials. The SDK, which goes by its own clock, would use them again."""


@dataclass(frozen=True, slots=True)
class Received:
    """A receive's answer. `damaged` are handles of messages whose body does not match its MD5; they must not be handled."""

    messages: tuple[Message, ...]
    damaged: tuple[str, ...] = ()
    retries: int = 0
    clock_skew_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry of a batch that was not confirmed. `gone` means that the receipt is dead and trying again is useless."""

    code: str
    text: str

    @property
    def gone(self) -> bool:
        if self.code in GONE_CODES:
            return True
        # As SQS words it: the value for parameter ReceiptHandle is invalid, the message is not available for a change.
        return self.code.startswith("InvalidParameterValue") and ("ReceiptHandle" in self.text or "expired" in self.text)


class Queue(Protocol):
    """One queue, in the operations a consumer needs. Batches take at most 10 entries and are indexed by position."""

    name: str
    url: str
    fifo: bool

    def receive(self, maximum: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None) -> Received: ...
    def delete_batch(self, handles: Sequence[str]) -> dict[int, Refusal]: ...
    def change_visibility_batch(self, entries: Sequence[tuple[str, int]]) -> dict[int, Refusal]: ...
    def facts(self, now: float) -> QueueFacts: ...
    def send_copy(self, message: Message) -> SendResult: ...


class SqsQueue:
    """`Queue` over boto3 clients, one per purpose."""

    def __init__(self, name: str, url: str, poll: SQSClient, ack: SQSClient, look: SQSClient, send: SQSClient) -> None:
        self.name, self.url, self.fifo = name, url, name.endswith(".fifo")
        self._expiry: tuple[str, float] | None = None
        self._denied: dict[str, str] = {}
        self.replace_clients(poll, ack, look, send)

    def replace_clients(self, poll: SQSClient, ack: SQSClient, look: SQSClient, send: SQSClient) -> None:
        """Use these from the next request on, from any thread; requests that are out end on the old ones."""
        self._poll, self._ack, self._look, self._send = poll, ack, look, send
        self.expired = False
        self._denied.clear()

    @property
    def refusal(self) -> str | None:
        """What the server refuses, and by which code, while it does: keys as expired, or this identity some operations."""
        expiry = self._expiry
        if expiry is not None:
            return f"SQS refuses these keys as expired or unknown ({expiry[0]}): others are asked for"
        denied = tuple(self._denied.items())
        if denied:
            return f"SQS refuses this identity {', '.join(operation for operation, _ in denied)} ({denied[0][1]})"
        return None

    def _ask(self, operation: str, request: Callable[[], Any]) -> dict[str, Any]:
        """As `call`; `expired` is set where the server no longer honours the credentials."""
        started = time.monotonic()
        try:
            answer = call(operation, request)
        except RequestError as error:
            if error.code in EXPIRED_CODES:
                self.expired, self._expiry = True, (error.code, time.monotonic())
            elif error.trouble is Trouble.AUTH and error.code:
                self._denied[operation] = error.code
            raise
        expiry = self._expiry
        if expiry is not None and started > expiry[1]:
            self._expiry = None
        if self._denied:
            self._denied.pop(operation, None)
        return answer

    def receive(self, maximum: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None) -> Received:
        """One long poll. An answer that is not SQS's (HTML, an empty body) raises, so that it cannot pass for a quiet queue."""
        extra: dict[str, Any] = {"ReceiveRequestAttemptId": attempt_id} if attempt_id else {}
        answer = self._ask(
            "ReceiveMessage",
            lambda: self._poll.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=maximum,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=visibility_seconds,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
                **extra,
            ),
        )
        with reading("ReceiveMessage"):
            meta, raw = answer.get("ResponseMetadata", {}), answer.get("Messages")
            if raw is None:
                require_empty_answer("ReceiveMessage", meta.get("HTTPHeaders", {}))
            sound, damaged = _sound_messages(raw or [], self.name)
        return Received(sound, damaged, int(meta.get("RetryAttempts", 0)), _skew_seconds(meta.get("HTTPHeaders", {})))

    def delete_batch(self, handles: Sequence[str]) -> dict[int, Refusal]:
        """Delete up to 10. Returns what was not confirmed, by position; an empty dict means that all were deleted."""
        entries = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(handles)]
        return self._batch("DeleteMessageBatch", self._ack.delete_message_batch, entries)

    def change_visibility_batch(self, entries: Sequence[tuple[str, int]]) -> dict[int, Refusal]:
        """Set the visibility timeout of up to 10 `(handle, seconds)`. Returns what was not confirmed, by position."""
        request = [
            {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
            for index, (handle, seconds) in enumerate(entries)
        ]
        return self._batch("ChangeMessageVisibilityBatch", self._ack.change_message_visibility_batch, request)

    def _batch(self, operation: str, send: Callable[..., Any], entries: Sequence[Any]) -> dict[int, Refusal]:
        answer = self._ask(operation, lambda: send(QueueUrl=self.url, Entries=entries))
        with reading(operation):
            if not answer.get("Successful") and not answer.get("Failed"):
                require_empty_answer(operation, answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
            confirmed = {str(entry.get("Id")) for entry in answer.get("Successful") or ()}
            refused = {
                str(entry.get("Id")): Refusal(str(entry.get("Code", "")), str(entry.get("Message", "")))
                for entry in answer.get("Failed") or ()
            }
        ids = [entry["Id"] for entry in entries]
        if not refused and confirmed.issuperset(ids):
            return {}
        silent = Refusal("Unconfirmed", f"{operation} answered without naming this entry")
        return {int(key): refused.get(key, silent) for key in ids if key in refused or key not in confirmed}

    def facts(self, now: float) -> QueueFacts:
        """Read the queue's attributes. `now` (epoch seconds) stamps the depth."""
        return fetch_facts(self._look, self.url, now)

    def send_copy(self, message: Message) -> SendResult:
        """Send a message's body and attributes as a new message, told to be a replay by an attribute. Never raises.

        A FIFO group is kept and the deduplication id is new, for SQS would swallow the old one within 5 minutes.
        """
        copy = replayed(message, message.message_id, str(uuid.uuid4()) if self.fifo else None)
        return Sender(self._send, self.url, threading.Event(), fifo=self.fifo).send([copy])[copy.key]


def _sound_messages(raw: Sequence[Mapping[str, Any]], queue: str) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Split an answer into messages and the handles of damaged ones. A server's duplicate keeps its newest handle."""
    sound: dict[str, Message] = {}
    damaged: list[str] = []
    for entry in raw:
        handle, message_id, body = entry.get("ReceiptHandle"), entry.get("MessageId"), entry.get("Body")
        if not handle or not isinstance(handle, str):
            continue
        digest = entry.get("MD5OfBody")
        if (
            not isinstance(message_id, str)
            or not message_id
            or not isinstance(body, str)
            or (digest is not None and digest != body_md5(body))
        ):
            damaged.append(str(handle))
            continue
        given = entry.get("MessageAttributes")
        attributes = {name: _attribute_in(value) for name, value in given.items()} if given else {}
        sound[message_id] = Message(message_id, body, handle, queue, attributes, entry.get("Attributes") or {})
    return tuple(sound.values()), tuple(damaged)


def _attribute_in(raw: Mapping[str, Any]) -> AttributeValue:
    """Some servers write null for what is not there."""
    kind = str(raw.get("DataType") or "String")
    return AttributeValue(kind, raw.get("BinaryValue") or b"" if kind.startswith("Binary") else str(raw.get("StringValue") or ""))


def _skew_seconds(headers: Mapping[str, str]) -> float:
    """How far this machine's clock is ahead of the server's, from the Date header (whole seconds: small skews read as 0)."""
    try:
        ahead = time.time() - _epoch_seconds(headers["date"])
    except (KeyError, ValueError, OverflowError):
        return 0.0
    return ahead if abs(ahead) > 2 else 0.0


@lru_cache(maxsize=4)
def _epoch_seconds(date: str) -> float:
    """Of an HTTP date; many answers bear the same."""
    return parsedate_to_datetime(date).timestamp()
