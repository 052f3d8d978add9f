"""What `sqs-tui` alone offers: each choice is a command that one could have typed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.plain_text import one_line
from sqs_core.wire import iso

if TYPE_CHECKING:
    from sqs_core.remote.targets import Found

_MOST_CONSUMERS = 20
_QUEUES_LIMIT = 60


class Presence(StrEnum):
    """What is known of LocalStack; the values are how it is said."""

    LOOKING = "… looking"
    FOUND = "✓ found"
    MISSING = "✗ not found"


@dataclass(frozen=True, slots=True)
class Around:
    """What there is around here. `endpoint` is LocalStack's; `consumers` None means that they are still looked for.

    In a `deployed` environment, which has its name here, no LocalStack is looked for.
    """

    endpoint: str
    deployed: str = ""
    presence: Presence = Presence.LOOKING
    consumers: tuple[Found, ...] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """`arguments` are those of the command; None means leaving. `possible` is whether there is anything to choose."""

    key: str
    title: str
    arguments: tuple[str, ...] | None = None
    possible: bool = True

    @property
    def command(self) -> str:
        """As one would type it; empty for leaving."""
        return "" if self.arguments is None else command_line(self.arguments)


def command_line(arguments: tuple[str, ...]) -> str:
    """The command with these arguments, as one would type it."""
    return shlex.join(["sqs-tui", *arguments])


def start_choices(around: Around) -> tuple[Choice, ...]:
    """The choices, in their order; a consumer that runs here is one of its own."""
    return (
        Choice("d", "Demo: emulator, producer and consumers in here; no Docker, no AWS account", ("demo",)),
        _queues(around),
        *_consumers(around.consumers),
        Choice("h", "Help: all commands and flags", ("--help",)),
        Choice("q", "Quit"),
    )


def _queues(around: Around) -> Choice:
    if around.deployed:
        return Choice("l", f"Look at the queues of {around.deployed}", ("--env", around.deployed))
    where = {
        Presence.LOOKING: "",
        Presence.FOUND: ": choose a queue, c consumes it",
        Presence.MISSING: ": start it, then come back",
    }
    title = f"LocalStack at {one_line(around.endpoint)}  {around.presence}{where[around.presence]}"
    return Choice("l", title, ("--endpoint-url", around.endpoint))


def _consumers(found: tuple[Found, ...] | None) -> list[Choice]:
    if not found:
        title = "Attach to a running consumer  " + ("… looking" if found is None else "✗ none runs on this machine")
        return [Choice("a", title, ("attach",), possible=False)]
    choices = [_consumer(each, "a" if len(found) == 1 else "") for each in found[:_MOST_CONSUMERS]]
    if len(found) > 1:
        pids = tuple(str(each.hello.pid) for each in found[:_MOST_CONSUMERS])
        choices.insert(0, Choice("a", f"Attach to the {len(pids)} consumers that run here, as one fleet", ("attach", *pids)))
    return choices


def _consumer(found: Found, key: str) -> Choice:
    hello = found.hello
    rights = "takes commands" if hello.control else "view only"
    queues = one_line(", ".join(hello.queues) or "no queues yet", _QUEUES_LIMIT)
    title = f"Attach to {queues}  {one_line(hello.environment, 20)}, since {iso(hello.started_at)[11:16]} UTC, {rights}"
    return Choice(key, title, ("attach", str(hello.pid)))
