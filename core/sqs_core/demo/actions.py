"""What a scene lets its audience do, by one key each: data alone, so that a command table costs nothing to make from it."""

from __future__ import annotations

from typing import NamedTuple


class SceneAction(NamedTuple):
    """`key` is Textual's name of it and what people read; `bar` a word for a line of keys."""

    id: str
    key: str
    bar: str
    title: str
    help: str


ACTIONS = (
    SceneAction("mend", "M", "Mend", "Mend, or break again", "Put right what this scene does wrong; again, break it."),
    SceneAction("heartbeat", "H", "Heartbeat", "Heartbeat on or off", "Whether leases are extended while a handler works."),
    SceneAction("look", "V", "Look", "Look with an ordinary viewer", "Receive messages as most viewers do, and delete none."),
    SceneAction(
        "autoscale", "A", "Autoscale", "Autoscaler on or off", "Whether the number of workers goes by how busy they are."
    ),
    SceneAction("next", "N", "Next", "The next thing", "What this scene goes on with; its caption says what that is."),
)
BY_ID = {action.id: action for action in ACTIONS}
