"""Choosing messages by a JMESPath expression, the language of the AWS CLI's `--query`."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError, describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqs_core.message import Message

FIELDS = "message_id, body, json, attributes, system, receive_count, age_seconds, group_id"
LONGEST_EXPRESSION = 10_000
_ALL_HERE = frozenset(
    {"comparator", "and_expression", "or_expression", "not_expression", "function_expression"}
    | {"multi_select_list", "multi_select_dict", "key_val_pair"}
)
_FIRST_HERE = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "filter_projection", "value_projection", "flatten"}
)
"""The nodes of JMESPath's tree of which all parts, or the first alone, are about the message itself."""


class Selection:
    """Messages that an expression is true of; no expression chooses all.

    The expression sees one object: `message_id`, `body` (text), `json` (the body parsed, null where it is none), `attributes`
    (name to value; bytes as base64), `system` (AWS's names to text), `receive_count`, `age_seconds` since it was sent, and
    `group_id`. True is what JMESPath calls true: not false, not null, not empty. A message that the expression cannot be
    evaluated for (`contains` of a field that is not there) is not chosen; `trouble` counts those, `example` says why.
    """

    def __init__(self, expression: str | None) -> None:
        self.expression = expression
        self.trouble = 0
        self.example = ""
        self._compiled = None if expression is None else _compile(expression)

    def chooses(self, message: Message, now: float | None = None) -> bool:
        """Whether this one is chosen; `now` in epoch seconds is for its age."""
        if self._compiled is None:
            return True
        from jmespath.exceptions import JMESPathError

        try:
            found = self._compiled.search(_seen(message, time.time() if now is None else now))
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            self.trouble += 1
            self.example = self.example or f"{message.message_id}: {describe(error)}"
            return False
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return is_number or bool(found)  # in JMESPath a number is true, 0 as well

    @property
    def words(self) -> str:
        """The expression in a sentence; empty where all are chosen."""
        return "" if self.expression is None else f"where {self.expression}"


def _compile(expression: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    if len(expression) > LONGEST_EXPRESSION:
        raise ConfigurationError(f"--where has {len(expression):,} characters; {LONGEST_EXPRESSION:,} are allowed")
    try:
        compiled = jmespath.compile(expression)
        unknown = next((name for name in _names(compiled.parsed) if name not in FIELDS.split(", ")), None)
    except (JMESPathError, RecursionError) as error:
        raise ConfigurationError(
            f"--where {expression!r} is no JMESPath: {_stumbles(error, expression)}; "
            f"as in \"json.type == 'refund' && receive_count > `3`\", over {FIELDS}"
        ) from error
    if unknown is not None:
        raise ConfigurationError(
            f"--where {expression!r}: a message has no field {unknown!r}; a text stands in single quotes: '{unknown}', and "
            f"what a body holds begins with json: json.{unknown}; the fields are {FIELDS}"
        )
    return compiled


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    """The fields of the message itself that an expression asks for."""
    kind, parts = node["type"], node["children"]
    if kind == "field":
        yield node["value"]
    for part in parts if kind in _ALL_HERE else parts[:1] if kind in _FIRST_HERE else ():
        yield from _names(part)


def _stumbles(error: Exception, expression: str) -> str:
    """Where it is not understood. The library's words speak of a token, and what follows would be masked as if it were one."""
    position = getattr(error, "lexer_position", getattr(error, "lex_position", None))
    if position is None:
        return "it cannot be read"
    rest = expression[position:].strip()
    return f"not understood from {rest[:40]!r} on" if rest else "it ends too early"


def _seen(message: Message, now: float) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "body": message.body,
        "json": _parsed(message),
        "attributes": {name: _plain(value) for name, value in message.attributes.items()},
        "system": dict(message.system),
        "receive_count": message.receive_count,
        "age_seconds": None if message.sent_at is None else max(0.0, now - message.sent_at),
        "group_id": message.group_id,
    }


def _parsed(message: Message) -> Any:
    try:
        return message.json()
    except ValueError:
        return None


def _plain(value: str | float | bytes) -> str | float:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
