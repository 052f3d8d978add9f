"""What is inside a body: envelopes, encodings and JSON in strings peeled off one by one, each within bounds.

Nothing is fetched here: a pointer to S3 is shown as what it is, and `sqs_core.payloads` reads it when somebody asks.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_CHARACTERS = 2**20
"""No layer is larger, whatever it would expand to."""
LARGEST_JSON_CHARACTERS = 2**18
"""Larger JSON is not looked into: the parser holds up all threads as long as it runs."""
MOST_LAYERS = 6
_DEEPEST = 8
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}\Z")
_POINTER = re.compile(r"(?:PayloadS3Pointer|MessageS3Pointer)\Z")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where in S3 a body lies. Foreign text."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What was found inside the layer before: its `kind`, a `note` in one line (foreign text), and the text itself.

    With a `pointer`, the text only says where the rest is.
    """

    kind: str
    note: str
    text: str
    pointer: Pointer | None = None


def unwrap(body: str) -> tuple[Layer, ...]:
    """The layers beneath a body, outermost first; none where the body is all there is. Never raises."""
    return tuple(_peel(body))


def unwrap_small(body: str, small: int) -> tuple[Layer, ...] | None:
    """The same, but None where a text of more than `small` characters would have to be read for it."""
    layers: list[Layer] = []
    text, peeling = body, _peel(body)
    while len(text) <= small:
        found = next(peeling, None)
        if found is None:
            return tuple(layers)
        layers.append(found)
        text = found.text
    return None


def _peel(body: str) -> Iterator[Layer]:
    text = body
    for _ in range(MOST_LAYERS):
        found = _next(text)
        if found is None or found.text == text:
            return
        yield found
        if found.kind == _S3:
            return
        text = found.text


_S3 = "S3 pointer"


def _next(text: str) -> Layer | None:
    stripped = text.strip()
    if len(stripped) > LARGEST_CHARACTERS or not stripped:
        return None
    if stripped[0] in '{["':
        return _in_json(stripped) if len(stripped) <= LARGEST_JSON_CHARACTERS else None
    return _in_base64(stripped) if _BASE64.match(stripped) else None


def _in_json(text: str) -> Layer | None:
    try:
        value = json.loads(text)
        if isinstance(value, str):
            return Layer("text in JSON", f"{len(value):,} characters", value)
        if isinstance(value, list):
            return _pointer(value) or _nested(value)
        return _notification(value) or _event(value) or _nested(value)
    except (ValueError, RecursionError):
        return None


def _notification(value: dict[str, Any]) -> Layer | None:
    if value.get("Type") != "Notification" or not isinstance(value.get("Message"), str):
        return None
    subject = f", subject {value['Subject']}" if isinstance(value.get("Subject"), str) else ""
    return Layer("SNS notification", f"from {value.get('TopicArn', 'an unnamed topic')}{subject}", value["Message"])


def _event(value: dict[str, Any]) -> Layer | None:
    if not {"detail-type", "source", "detail"} <= value.keys():
        return None
    return Layer("EventBridge event", f"{value['detail-type']} from {value['source']}", _dump(value["detail"]))


def _pointer(value: list[Any]) -> Layer | None:
    if len(value) != 2 or not isinstance(value[0], str) or not isinstance(value[1], dict) or not _POINTER.search(value[0]):
        return None
    bucket, key = value[1].get("s3BucketName"), value[1].get("s3Key")
    if not isinstance(bucket, str) or not isinstance(key, str):
        return None
    pointer = Pointer(bucket, key)
    return Layer(_S3, f"the body lies at {pointer}, and is not fetched by itself", _dump(value[1]), pointer)


def _nested(value: Any) -> Layer | None:
    """JSON that was put into strings, read where it stands."""
    count = 0

    def read(part: Any, depth: int) -> Any:
        nonlocal count
        if depth > _DEEPEST:
            return part
        if isinstance(part, dict):
            return {name: read(each, depth + 1) for name, each in part.items()}
        if isinstance(part, list):
            return [read(each, depth + 1) for each in part]
        if isinstance(part, str) and part.strip()[:1] in ("{", "["):
            try:
                inner = json.loads(part)
            except (ValueError, RecursionError):
                return part
            count += 1
            return read(inner, depth + 1)
        return part

    whole = read(value, 0)
    return Layer("JSON in strings", f"{count:,} read where they stand", _dump(whole)) if count else None


def _in_base64(text: str) -> Layer | None:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if raw[:2] == b"\x1f\x8b" or (raw[:1] == b"\x78" and len(raw) > 2 and int.from_bytes(raw[:2]) % 31 == 0):
        return _inflated(raw)
    decoded = _text(raw)
    return Layer("base64", f"{len(raw):,} bytes", decoded) if decoded is not None else None


def _inflated(raw: bytes) -> Layer | None:
    """Never more than the largest layer is made of it, however much it holds."""
    kind = "gzip" if raw[:2] == b"\x1f\x8b" else "zlib"
    stream = zlib.decompressobj(47)  # either header
    try:
        expanded = stream.decompress(raw, LARGEST_CHARACTERS)
    except zlib.error:
        return None
    cut = bool(stream.unconsumed_tail)
    decoded = _text(expanded, cut=cut)
    if decoded is None:
        return None
    more = "; the first 1 MiB of it" if cut else ""
    return Layer(f"base64 › {kind}", f"{len(raw):,} → {len(expanded):,} bytes{more}", decoded)


def _text(raw: bytes, *, cut: bool = False) -> str | None:
    """UTF-8 that somebody wrote to be read, else None."""
    try:
        text = raw.decode("utf-8", "ignore" if cut else "strict")
    except UnicodeDecodeError:
        return None
    strange = sum(not (character.isprintable() or character in "\n\r\t") for character in text[:4096])
    return text if text and strange * 20 <= min(len(text), 4096) else None


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:LARGEST_CHARACTERS]
