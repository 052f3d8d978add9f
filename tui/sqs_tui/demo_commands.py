"""What the demo adds to the table of commands: the deck, the caption, and a key for each thing that scenes let one do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.actions import ACTIONS
from sqs_tui.command_model import Command, Group, Situation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.demo.actions import SceneAction

PREFIX = "scene_"


def _in_demo(situation: Situation) -> bool:
    return situation.demo and not situation.leaving and not situation.browsing


def _on_dashboard(situation: Situation) -> bool:
    """Elsewhere than in the demo the key is answered with a refusal that says why."""
    return not situation.leaving and not situation.browsing


def _where_offered(action: str) -> Callable[[Situation], bool]:
    return lambda situation: _in_demo(situation) and action in situation.scene_actions


def _command(action: SceneAction) -> Command:
    return Command(
        PREFIX + action.id, (action.key,), action.key, action.title, action.help,
        Group.DEMO, _where_offered(action.id), changes=True, bar=action.bar, rank=9,
    )  # fmt: skip


DEMO_COMMANDS = (
    Command(
        "deck", ("D",), "D", "Scenes", "Choose a scene of the demo, or begin this one again.",
        Group.DEMO, _in_demo, bar="Scenes", rank=7,
    ),
    Command(
        "caption", ("C",), "C", "Caption", "Fold or unfold what the scene says of itself.", Group.DEMO, _in_demo,
    ),
    Command(
        "faults", ("F",), "F", "Faults",
        "Inject a fault between the consumers and the demo's emulator, kill a worker, freeze a poller, let the credentials "
        "expire; and end that again.",
        Group.DEMO, _on_dashboard, changes=True,
    ),
    Command(
        "producer", ("P",), "P", "Producer", "How much is sent, how large it is, and how often handlers fail.",
        Group.DEMO, _in_demo, changes=True,
    ),
    Command(
        "burst", ("B",), "B", "Burst", "Send a hundred orders at once.", Group.DEMO, _in_demo, changes=True,
    ),
    *(_command(action) for action in ACTIONS),
)  # fmt: skip
