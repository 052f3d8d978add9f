"""`sqs-tui peek`: messages as text or as JSON, with what the look cost."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from sqs_core.capabilities import require_write
from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.masking import mask_value
from sqs_core.message_json import message_to_json
from sqs_core.model import SCHEMA
from sqs_core.peek import Look, Peeked, Place, Rung, cost, find_place, peek_behind, peek_by_receiving
from sqs_core.personal_data import body_mask
from sqs_core.plain_text import one_line
from sqs_core.settings import parse_queue
from sqs_tui.flags import connection_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Mask = Callable[[str, int | None], str]

_LONGEST_NAME = 80
_ID_WIDTH, _COUNT_WIDTH, _STATE_WIDTH = 38, 14, 11


def run_peek(flags: dict[str, Any]) -> int:
    """Look, and write what was seen to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    reference = parse_queue(flags["queue"])
    session = AwsSession(connection_settings(flags))
    place = find_place(session, reference)
    look = None if flags["receive"] else peek_behind(session, place, 0 if flags["dry_run"] else flags["maximum"])
    if flags["dry_run"]:
        click.echo(f"{place.name}: {_way(place, look)}; nothing was looked at")
        return 0
    if look is None:
        _ask_leave(session, place, flags)
        look = peek_by_receiving(session, place, flags["maximum"])
    mask = body_mask(deployed=session.connection.environment.deployed)
    if flags["as_json"]:
        click.echo(json.dumps(_to_json(place, look, mask)))
    else:
        for line in _lines(place, look, mask, shutil.get_terminal_size((80, 24)).columns):
            click.echo(line)
    return int(look.not_handed_back > 0)


def _way(place: Place, look: Look | None) -> str:
    if look is not None:
        return "the emulator shows its messages, which costs nothing"
    return f"by receiving: {cost(place)}"


def _ask_leave(session: AwsSession, place: Place, flags: dict[str, Any]) -> None:
    require_write(session.connection, f"a look at {place.name}, which receives,")
    if flags["yes"]:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigurationError(f"a look at {place.name} costs receives ({cost(place)}): pass --yes, or look at a terminal")
    where = f"{session.connection.environment.upper()}, {session.service_url()}"
    click.echo(f"A look at {place.name} ({where}), by receiving up to {flags['maximum']} messages:", err=True)
    click.echo(f"{cost(place)}.", err=True)
    if not click.confirm("Receive them?", default=False, err=True):
        raise ConfigurationError("nothing was received")


def _lines(place: Place, look: Look, mask: Mask, width: int) -> Iterator[str]:
    yield f"{one_line(place.name, _LONGEST_NAME)} · {_summary(place, look)}"
    if look.messages:
        yield ""
        yield f"{'message':<{_ID_WIDTH}}{'receives':<{_COUNT_WIDTH}}{'state':<{_STATE_WIDTH}}body"
    for row in look.messages:
        identifier = one_line(row.message.message_id, _ID_WIDTH - 2)
        head = f"{identifier:<{_ID_WIDTH}}{_receives(row):<{_COUNT_WIDTH}}{_state(row):<{_STATE_WIDTH}}"
        room = max(20, width - len(head))
        yield head + one_line(mask(row.message.body, room + 1), room)
    if look.not_handed_back:
        yield ""
        yield f"{look.not_handed_back} are still hidden, for at most 30 s: {one_line(look.why)}"
    elif look.why:
        yield one_line(look.why)


def _summary(place: Place, look: Look) -> str:
    count, total = len(look.messages), place.waiting if look.total is None else look.total
    about = "" if look.total is not None else "about "
    said = f"{count:,} message{'s' * (count != 1)}" if total is None else f"{count:,} of {about}{total:,}"
    if look.rung is Rung.BACK_DOOR:
        return f"{said} seen on the emulator's own page, at no cost"
    return f"{said} seen by receiving, at one receive each"


def _receives(row: Peeked) -> str:
    count = row.message.receive_count
    return f"{count}" if row.receives_left is None else f"{count}, {row.receives_left} left"


def _state(row: Peeked) -> str:
    return "visible" if row.visible else "hidden"


def _to_json(place: Place, look: Look, mask: Mask) -> dict[str, Any]:
    receives = len(look.messages) if look.rung is Rung.RECEIVE else 0
    return {
        "schema": SCHEMA,
        "queue": place.name,
        "rung": look.rung.value,
        "cost": {"receives": receives, "not_handed_back": look.not_handed_back},
        "waiting": place.waiting,
        "total": look.total,
        "maximum_receives": place.maximum_receives,
        "messages": [_row_to_json(row, mask) for row in look.messages],
    }


def _row_to_json(row: Peeked, mask: Mask) -> dict[str, Any]:
    plain = message_to_json(row.message)
    attributes = {
        name: {**value, "value": mask(mask_value(name, value["value"]), None)} for name, value in plain["attributes"].items()
    }
    return {
        **plain,
        "body": mask(plain["body"], None),
        "attributes": attributes,
        "rung": row.rung.value,
        "visible": row.visible,
        "receives_left": row.receives_left,
    }
