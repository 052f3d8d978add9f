"""Messages as an emulator shows them without a receive: LocalStack's and MiniStack's own pages. Nothing changes by a look."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from sqs_core.message import AttributeValue, Message
from sqs_core.settings import is_aws_host
from sqs_core.unsigned import Asker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqs_core.settings import ConnectionSettings

LONGEST_PAGE = 64 * 2**20
_SECONDS = 10.0


def behind(connection: ConnectionSettings, endpoint: str, name: str, url: str) -> list[tuple[Message, bool]] | None:
    """All messages of a queue, each with whether it is visible; None where the endpoint has no such page.

    `url` is the queue's, `name` its name. Never asked of AWS.
    """
    parts = urlsplit(endpoint)
    if is_aws_host(parts.hostname or ""):
        return None
    base = f"{parts.scheme}://{parts.netloc}"
    pages: dict[str, Callable[[Any], list[tuple[Message, bool]]]] = {
        f"{base}/_ministack/sqs/messages?queueName={quote(name)}": lambda page: _ministack(page, connection.region, url, name),
        f"{base}/_aws/sqs/messages?QueueUrl={quote(url, safe='')}&ShowInvisible=true&ShowDelayed=true": lambda page: _localstack(
            page, name
        ),
    }
    asker = Asker(connection, _SECONDS, None, LONGEST_PAGE)
    try:
        for page, read in pages.items():
            found = asker.page(page, _SECONDS)
            if found is not None:
                try:
                    return read(found)
                except (KeyError, TypeError, ValueError, AttributeError):
                    continue  # not the shape that is known: as good as no page
    finally:
        asker.close()
    return None


def _ministack(page: Any, region: str, url: str, name: str) -> list[tuple[Message, bool]]:
    account = urlsplit(url).path.strip("/").split("/")[0]
    queues: Mapping[str, list[dict[str, Any]]] = page["messages"][account][region]
    mine = next(found for where, found in queues.items() if where.rpartition("/")[2] == name)
    return [(_from_ministack(raw, name), bool(raw["IsVisible"])) for raw in mine]


def _from_ministack(raw: dict[str, Any], name: str) -> Message:
    system = {str(key): str(value) for key, value in raw["Attributes"].items()}
    system["ApproximateReceiveCount"] = str(raw["ReceiveCount"])
    for key in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber"):
        if raw.get(key):
            system[key] = str(raw[key])
    return Message(str(raw["MessageId"]), str(raw["Body"]), "", name, _attributes(raw["MessageAttributes"]), system)


def _localstack(page: Any, name: str) -> list[tuple[Message, bool]]:
    result = page["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}
    return [_from_localstack(raw, name) for raw in _several(result.get("Message"))]


def _from_localstack(raw: dict[str, Any], name: str) -> tuple[Message, bool]:
    system = {str(each["Name"]): str(each["Value"]) for each in _several(raw.get("Attribute"))}
    visible = system.pop("IsVisible", "true") == "true" and system.pop("IsDelayed", "false") == "false"
    system.pop("IsDelayed", None)
    attributes = _attributes({each["Name"]: each["Value"] for each in _several(raw.get("MessageAttribute"))})
    return Message(str(raw["MessageId"]), str(raw.get("Body") or ""), "", name, attributes, system), visible


def _several(found: Any) -> list[Any]:
    """What was a list before it went through XML: one is itself, none is nothing."""
    return [] if found is None else found if isinstance(found, list) else [found]


def _attributes(raw: Mapping[str, Mapping[str, Any]]) -> dict[str, AttributeValue]:
    return {
        str(name): AttributeValue(
            str(value["DataType"]),
            base64.b64decode(value["BinaryValue"]) if "BinaryValue" in value else str(value["StringValue"]),
        )
        for name, value in (raw or {}).items()
    }
