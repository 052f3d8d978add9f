"""`sqs-tui send`: one message, proved."""

from __future__ import annotations

import base64
import binascii
import json
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import click

from sqs_core.action_log import Action
from sqs_core.capabilities import require_write
from sqs_core.client import SEND, AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.message import AttributeValue
from sqs_core.model import SCHEMA
from sqs_core.outgoing import LARGEST_BYTES, Outgoing
from sqs_core.plain_text import one_line
from sqs_core.putting import Target, find_target
from sqs_core.sender import Sender, Verdict
from sqs_tui.asking import agreed, require_answerable
from sqs_tui.flags import connection_settings


def run_send(flags: dict[str, Any]) -> int:
    """Send it, and write its id to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    if (flags["body"] is None) == (flags["file"] is None):
        raise ConfigurationError("say what to send: either --body TEXT or --file PATH")
    connection, attributes = connection_settings(flags), dict(map(_attribute, flags["attr"]))
    require_answerable(flags, f"sending to {flags['queue']}")
    if not flags["dry_run"]:
        require_write(connection, f"sending to {flags['queue']}")
    body = _body(flags)
    session = AwsSession(connection)
    target = find_target(session, flags["queue"])
    message = _message(flags, target, body, attributes)
    if problem := target.problem(message):
        raise ConfigurationError(f"nothing was sent to {target.name}: {problem}")
    said = f"one message of {message.size_bytes:,} bytes to {one_line(target.name)}"
    if flags["dry_run"] or not flags["yes"]:
        click.echo(f"Plan: {said}", err=flags["as_json"])
    if not agreed(flags, session, f"send {said}?"):
        if flags["dry_run"]:
            return 0
        raise ConfigurationError("nothing was sent")
    return _send(session, target, message, as_json=flags["as_json"])


def _send(session: AwsSession, target: Target, message: Outgoing, *, as_json: bool) -> int:
    action = Action(session, target, "send")
    client = session.client(SEND)
    try:
        result = Sender(client, target.url, threading.Event(), fifo=target.fifo).send([message])[message.key]
    finally:
        client.close()
    action.end(result.verdict.value, [result.message_id] if result.message_id else [])
    if as_json:
        fields = {"schema": SCHEMA, "queue": target.name, "state": result.verdict.value, "message_id": result.message_id}
        click.echo(json.dumps({**fields, "why": result.why}))
    elif result.verdict is Verdict.SENT:
        click.echo(f"sent {result.message_id}, proved by MessageId and MD5")
    else:
        said = "not sent" if result.verdict is Verdict.REFUSED else "uncertain, it may or may not be sent"
        click.echo(f"{said}: {one_line(result.why)}")
    return 0 if result.verdict is Verdict.SENT else 1


def _message(flags: dict[str, Any], target: Target, body: str, attributes: dict[str, AttributeValue]) -> Outgoing:
    dedup_id = flags["dedup"]
    if target.fifo and dedup_id is None and not target.by_content:
        dedup_id = str(uuid.uuid4())
    if dedup_id is not None and not target.fifo:
        raise ConfigurationError(f"--dedup {dedup_id!r}: {target.name} is not FIFO, and takes no deduplication id")
    return Outgoing("send", body, attributes, flags["group"], dedup_id, None, flags["delay"])


def _body(flags: dict[str, Any]) -> str:
    if flags["body"] is not None:
        return str(flags["body"])
    try:
        raw = _read(flags["file"])
    except OSError as error:
        raise ConfigurationError(f"--file {flags['file']!r} cannot be read ({error.strerror}): nothing was sent") from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"--file {flags['file']!r} is not UTF-8 text ({error.reason}): SQS carries text only") from error


def _read(name: str) -> bytes:
    """No more than can be sent, and a byte, so that what is too large is refused and not cut."""
    most = LARGEST_BYTES + 1
    if name == "-":
        return sys.stdin.buffer.read(most)
    with Path(name).open("rb") as file:
        return file.read(most)


def _attribute(text: str) -> tuple[str, AttributeValue]:
    name, separator, value = text.partition("=")
    name, _, kind = name.partition(":")
    if not separator or not name:
        raise ConfigurationError(f"--attr {text!r} is not NAME=VALUE, as in --attr colour=red or --attr count:Number=3")
    kind = kind or "String"
    if kind.partition(".")[0] not in ("String", "Number", "Binary"):
        raise ConfigurationError(f"--attr {text!r}: the type {kind!r} is not String, Number or Binary")
    if not kind.startswith("Binary"):
        return name, AttributeValue(kind, value)
    try:
        return name, AttributeValue(kind, base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError(f"--attr {text!r}: a binary value is written as base64 ({error})") from error
