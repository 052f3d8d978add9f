"""What a command is, and what decides whether it is allowed now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Group(StrEnum):
    """The headings of the help screen, in its order."""

    DEMO = "Demo"
    RECORDING = "Recording"
    CONSUMER = "Consumer"
    QUEUES = "Queues"
    PANES = "Panes"
    MESSAGES = "Messages"
    MESSAGE = "A message that is open"
    BENCH = "Dead letters and other messages in a queue"
    FLEET = "Several consumers"
    VIEW = "View"
    MOVE = "Move"
    LEAVE = "Leave"


class Place(StrEnum):
    """The screen that a command belongs to."""

    MAIN = "main"
    BENCH = "bench"
    FLEET = "fleet"
    MESSAGE = "message"
    IDENTITY = "identity"


class Pane(StrEnum):
    """What can have the focus; the values are widget ids."""

    QUEUES = "queues"
    WORKERS = "workers"
    IN_FLIGHT = "in-flight"
    HISTORY = "history"
    POLLERS = "pollers"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which commands are allowed now. `covering` is a browser of queues that is not the first screen.

    `attached` is a screen over an engine of another process, which looks at nothing but that engine.
    `scene_actions` are those that the demo's scene has. `playing` is a recording, which is `standing` where it does not move.
    """

    pane: Pane | None = None
    queue: bool = False
    consuming: bool = False
    message: bool = False
    event: bool = False
    identity: bool = False
    paused: bool = False
    frozen: bool = False
    filtered: bool = False
    leaving: bool = False
    view_only: bool = False
    browsing: bool = False
    covering: bool = False
    attached: bool = False
    demo: bool = False
    scene_actions: frozenset[str] = frozenset()
    playing: bool = False
    standing: bool = False


def allowed_always(situation: Situation) -> bool:
    """As long as the dashboard is not being left."""
    return not situation.leaving


class Command(NamedTuple):
    """One thing the user can do.

    `keys` are Textual's key names and `key` is how people read them. `bar` is the word in the key bar ("" keeps it out),
    shown with `bar_key` where that differs from `key`; `undo_bar` is the word while the command is `in_effect`. `rank` is
    its importance there (the lowest goes first when the line is too short). `changes` marks what changes anything outside
    this screen. `action` is the table widget's own action, or that of an open message's screen; empty for a screen's
    `command`. `place` is the screen that it belongs to.
    """

    id: str
    keys: tuple[str, ...]
    key: str
    title: str
    help: str
    group: Group
    when: Callable[[Situation], bool] = allowed_always
    changes: bool = False
    bar: str = ""
    bar_key: str = ""
    undo_bar: str = ""
    in_effect: Callable[[Situation], bool] = lambda _: False
    rank: int = 0
    action: str = ""
    place: Place = Place.MAIN

    def word(self, situation: Situation) -> str:
        """The word in the key bar now."""
        return self.undo_bar if self.in_effect(situation) else self.bar

    def allowed(self, situation: Situation) -> bool:
        """Whether it makes sense now."""
        return self.when(situation) and not (self.changes and situation.view_only)
