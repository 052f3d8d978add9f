"""Sending with proof: each message ends as sent (its id and digests came back right), refused, or uncertain.

Uncertain is a send that SQS may have done although no proof came: the answer was lost, or was not SQS's. It is not repeated,
for on a standard queue that makes a duplicate; a FIFO queue that sees the same deduplication id within 5 minutes does not, so
there it is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqs_core.answers import call, reading
from sqs_core.errors import RequestError, Trouble, trouble_of
from sqs_core.outgoing import LARGEST_BYTES, attributes_md5, body_md5
from sqs_core.policy import Backoff

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from sqs_core.outgoing import Outgoing

BATCH = 10
DEDUPLICATION_SECONDS = 300.0
"""For so long a FIFO queue swallows a repeated deduplication id (AWS: exactly-once processing)."""
_TRIES = 6


class Verdict(StrEnum):
    """What is known of a send."""

    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class SendResult:
    """`message_id` is the new one where SQS named it; `why` is empty where all is proved.

    `held_back` was not tried, because one before it in its group did not arrive.
    """

    verdict: Verdict
    message_id: str | None = None
    why: str = ""
    held_back: bool = False


class Sender:
    """Sends to one queue. With `stop` set there is one try and no more."""

    def __init__(self, client: SQSClient, url: str, stop: threading.Event, *, fifo: bool) -> None:
        self.url, self.fifo = url, fifo
        self._client, self._stop = client, stop
        self._backoff = Backoff(base_seconds=0.25, cap_seconds=5.0)

    def send(self, messages: Sequence[Outgoing]) -> dict[str, SendResult]:
        """Send up to 10, together at most 1 MiB; by key. Never raises for what SQS or the network does."""
        results: dict[str, SendResult] = {}
        left = list(messages)
        for attempt in range(1, _TRIES + 1):
            answer, try_again = self._once(left)
            results.update({key: _worse(results.get(key), result) for key, result in answer.items()})
            left = [message for message in left if message.key in try_again]
            if not left or self._stop.wait(self._backoff.delay_seconds(attempt)):
                break
        return results

    def _once(self, messages: Sequence[Outgoing]) -> tuple[dict[str, SendResult], set[str]]:
        """The results, and the keys of those that another try may mend."""
        try:
            return self._send_one(messages[0]) if len(messages) == 1 else self._send_several(messages)
        except RequestError as error:
            verdict = Verdict.REFUSED if error.surely_refused else Verdict.UNCERTAIN
            mends = self._may_repeat(verdict) and error.trouble in (Trouble.THROTTLE, Trouble.TRANSPORT, Trouble.PROTOCOL)
            keys = [message.key for message in messages]
            return dict.fromkeys(keys, SendResult(verdict, None, str(error))), set(keys) if mends else set()

    def _may_repeat(self, verdict: Verdict) -> bool:
        return self.fifo or verdict is Verdict.REFUSED

    def _send_one(self, message: Outgoing) -> tuple[dict[str, SendResult], set[str]]:
        answer = call("SendMessage", lambda: self._client.send_message(QueueUrl=self.url, **message.request()))
        result = _proof(message, answer)
        again = {message.key} if result.verdict is Verdict.UNCERTAIN and self.fifo else set()
        return {message.key: result}, again

    def _send_several(self, messages: Sequence[Outgoing]) -> tuple[dict[str, SendResult], set[str]]:
        entries: Any = [{"Id": str(index), **message.request()} for index, message in enumerate(messages)]
        answer = call("SendMessageBatch", lambda: self._client.send_message_batch(QueueUrl=self.url, Entries=entries))
        results: dict[str, SendResult] = {}
        again: set[str] = set()
        with reading("SendMessageBatch"):
            done = {str(entry.get("Id")): entry for entry in answer.get("Successful") or ()}
            failed = {str(entry.get("Id")): entry for entry in answer.get("Failed") or ()}
        for index, message in enumerate(messages):
            refusal = failed.get(str(index))
            if refusal is None:
                result = _proof(message, done.get(str(index), {}))
                mends = result.verdict is Verdict.UNCERTAIN and self.fifo
            else:
                result = _refused(refusal)
                mends = _is_throttle(refusal) or (self.fifo and result.verdict is Verdict.UNCERTAIN)
            results[message.key] = result
            again |= {message.key} if mends else set()
        return results, again


def batches(messages: Iterable[Outgoing], most: int = BATCH) -> Iterator[list[Outgoing]]:
    """The messages in order, in batches that SQS takes: at most `most` and together at most 1 MiB."""
    batch: list[Outgoing] = []
    size = 0
    for message in messages:
        bytes_more = message.size_bytes
        if batch and size + bytes_more > LARGEST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += bytes_more
        if len(batch) == most:  # at once, and not when the next one comes, which may be long
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _worse(before: SendResult | None, now: SendResult) -> SendResult:
    """An uncertain try stays uncertain whatever a later one was refused for; only a proof ends it."""
    uncertain = before is not None and before.verdict is Verdict.UNCERTAIN and now.verdict is Verdict.REFUSED
    return before if before is not None and uncertain else now


def _refused(entry: Mapping[str, Any]) -> SendResult:
    """A fault of SQS's own says nothing of whether the message was stored.

    Where the code is one that refuses, it is a refusal: LocalStack calls none the sender's fault.
    """
    text = ": ".join(str(part) for part in (entry.get("Code"), entry.get("Message")) if part)
    sure = entry.get("SenderFault") or trouble_of(str(entry.get("Code"))) is not None
    verdict = Verdict.REFUSED if sure else Verdict.UNCERTAIN
    return SendResult(verdict, None, f"SendMessageBatch: {text or 'refused without a reason'}")


def _is_throttle(entry: Mapping[str, Any]) -> bool:
    return trouble_of(str(entry.get("Code"))) is Trouble.THROTTLE


def _proof(message: Outgoing, answer: Mapping[str, Any]) -> SendResult:
    """Sent, if the answer has an id and the digests are those of what went out; attributes' only where the server tells it."""
    message_id, body, attributes = (answer.get(name) for name in ("MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"))
    if not message_id or not body:
        return SendResult(Verdict.UNCERTAIN, None, "the answer names neither an id nor a digest of it: it may or may not be sent")
    if body != body_md5(message.body) or (attributes and attributes != attributes_md5(message.attributes)):
        return SendResult(Verdict.UNCERTAIN, str(message_id), f"sent as {message_id}, but what arrived has another MD5")
    return SendResult(Verdict.SENT, str(message_id))
