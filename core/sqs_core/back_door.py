"""Messages as an emulator shows them without a receive: LocalStack's and MiniStack's own pages. Nothing changes by a look."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from sqs_core.message import AttributeValue, Message
from sqs_core.outgoing import body_md5
from sqs_core.settings import is_aws_host
from sqs_core.unsigned import Asker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqs_core.settings import ConnectionSettings

    _Reader = Callable[[bytes], list[tuple[Message, bool]]]

LONGEST_PAGE = 64 * 2**20
_SECONDS = 10.0
_JSON, _XML = "application/json", "application/xml"
_SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


def behind(connection: ConnectionSettings, endpoint: str, name: str, url: str) -> list[tuple[Message, bool]] | None:
    """All messages of a queue, each with whether it is visible; None where the endpoint has no such page.

    `url` is the queue's, `name` its name. Never asked of AWS.
    """
    parts = urlsplit(endpoint)
    if is_aws_host(parts.hostname or ""):
        return None
    base = f"{parts.scheme}://{parts.netloc}"
    shown = f"QueueUrl={quote(url, safe='')}&ShowInvisible=true&ShowDelayed=true"
    pages: tuple[tuple[str, str, _Reader], ...] = (
        (
            f"{base}/_ministack/sqs/messages?queueName={quote(name)}",
            _JSON,
            lambda page: _ministack(page, connection.region, url, name),
        ),
        (f"{base}/_aws/sqs/messages?{shown}", _XML, lambda page: _localstack(page, name)),
    )
    asker = Asker(connection, _SECONDS, None, LONGEST_PAGE)
    try:
        for page, kind, read in pages:
            found = asker.body(page, _SECONDS, kind)
            if found is not None:
                try:
                    return read(found)
                except (KeyError, TypeError, ValueError, AttributeError, StopIteration, ElementTree.ParseError):
                    continue  # not the shape that is known: as good as no page
    finally:
        asker.close()
    return None


def _ministack(page: bytes, region: str, url: str, name: str) -> list[tuple[Message, bool]]:
    account = urlsplit(url).path.strip("/").split("/")[0]
    queues: Mapping[str, list[dict[str, Any]]] = json.loads(page)["messages"][account][region]
    mine = next(found for where, found in queues.items() if where.rpartition("/")[2] == name)
    return [(_from_ministack(raw, name), bool(raw["IsVisible"])) for raw in mine]


def _from_ministack(raw: dict[str, Any], name: str) -> Message:
    system = {str(key): str(value) for key, value in raw["Attributes"].items()}
    system["ApproximateReceiveCount"] = str(raw["ReceiveCount"])
    for key in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber"):
        if raw.get(key):
            system[key] = str(raw[key])
    return Message(str(raw["MessageId"]), str(raw["Body"]), "", name, _attributes(raw["MessageAttributes"]), system)


def _localstack(page: bytes, name: str) -> list[tuple[Message, bool]]:
    """Its page as XML: as JSON it loses the white space at both ends of a text."""
    root = ElementTree.fromstring(page)  # noqa: S314 - of an emulator, never of AWS; expat bounds what entities may grow to
    return [_from_localstack(raw, name) for raw in root.iter(f"{_SPACE}Message")]


def _from_localstack(raw: ElementTree.Element, name: str) -> tuple[Message, bool]:
    system = {_text(each, "Name"): _text(each, "Value") for each in raw.findall(f"{_SPACE}Attribute")}
    visible = system.pop("IsVisible", "true") == "true" and system.pop("IsDelayed", "false") == "false"
    system.pop("IsDelayed", None)
    found: dict[str, dict[str, str]] = {}
    for each in raw.findall(f"{_SPACE}MessageAttribute"):
        value = each.find(f"{_SPACE}Value")
        found[_text(each, "Name")] = {
            part.tag.removeprefix(_SPACE): part.text or "" for part in (value if value is not None else ())
        }
    body = _text(raw, "Body")
    if body_md5(body) != _text(raw, "MD5OfBody"):
        raise ValueError("a body is not the one that was sent")
    return Message(_text(raw, "MessageId"), body, "", name, _attributes(found), system), visible


def _text(element: ElementTree.Element, name: str) -> str:
    found = element.find(f"{_SPACE}{name}")
    if found is None:
        raise KeyError(name)
    return found.text or ""


def _attributes(raw: Mapping[str, Mapping[str, Any]]) -> dict[str, AttributeValue]:
    return {
        str(name): AttributeValue(
            str(value["DataType"]),
            base64.b64decode(value["BinaryValue"]) if "BinaryValue" in value else str(value["StringValue"]),
        )
        for name, value in (raw or {}).items()
    }
