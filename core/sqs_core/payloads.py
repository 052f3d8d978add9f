"""Bodies that lie in S3, where an extended client put them: fetched when somebody asks, within bounds, and never otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.action_log import record
from sqs_core.client import ClientProfile
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sqs_core.client import AwsSession
    from sqs_core.unwrap import Pointer

MOST_BYTES = 2 * 2**20
"""So much of an object is read; what is drawn of it is bounded again."""
PAYLOAD = ClientProfile("payload", 10.0, 2, frozenset({"GetObject"}))


def fetch_payload(session: AwsSession, pointer: Pointer) -> tuple[str, str]:
    """The text of an object, and a note on its size. What is read in a deployed environment is in the action log first.

    Raises `ConfigurationError` for what is no text or cannot be logged, else the SDK's error: denied, gone, unreachable.
    """
    connection, place = session.connection, str(pointer)
    if connection.environment.deployed:
        record(connection, "fetch", object=place, result="shown", reason=connection.reason)
    client = session.payload_client(PAYLOAD)
    try:
        answer = client.get_object(Bucket=pointer.bucket, Key=pointer.key)
        with answer["Body"] as body:
            raw: bytes = body.read(MOST_BYTES + 1)
        size = answer.get("ContentLength")
    finally:
        client.close()
    cut = len(raw) > MOST_BYTES
    try:
        text = raw[:MOST_BYTES].decode("utf-8", "ignore" if cut else "strict")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{place} is no text ({len(raw):,} bytes): aws s3 cp {place} FILE") from error
    whole = f"{size:,} bytes" if isinstance(size, int) else f"{len(raw):,} bytes"
    return text, f"{whole} of {place}{'; the first 2 MiB of it' if cut else ''}"
