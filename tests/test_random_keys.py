"""Any keys at all in a locked production profile, in every screen and dialog: no request that changes anything goes out."""

from __future__ import annotations

import importlib
import pkgutil
import random
from typing import TYPE_CHECKING

import pytest
from textual.binding import BindingsMap
from textual.dom import DOMNode

import sqs_tui
from benching import dashboard, dead_letters, deployed
from consuming import receive_counts
from identity_servers import Denying, serve
from sizes import size
from sqs_tui.commands import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

PRESSES, SEEDS = size(600, 2_500), size(1, 4)
READS = {"", "GetQueueUrl", "GetQueueAttributes", "ListQueues", "ListDeadLetterSourceQueues", "ListQueueTags"}
QUITS = {"q", "ctrl+q", "ctrl+c"}
TYPED = [*"aeiou0189.:/=*-", "space", "backspace", "tab", "shift+tab", "left", "right", "up", "down", "enter", "escape"]


def _bound_keys() -> list[str]:
    """Every key that any screen or widget of the dashboard binds, what is inherited too."""
    for module in pkgutil.walk_packages(sqs_tui.__path__, "sqs_tui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    classes, keys = [DOMNode], {key for command in COMMANDS for key in command.keys}
    while classes:
        one = classes.pop()
        classes += one.__subclasses__()
        bindings = one.__dict__.get("BINDINGS", ())
        if one.__module__.startswith(("sqs_tui", "textual.app", "textual.screen", "textual.widgets")):
            keys |= set(BindingsMap(bindings).key_to_bindings)
    return sorted(keys)


def _next_keys(dice: random.Random, words: list[str], commands: list[str], single: list[str]) -> list[str]:
    """A few commands, any keys, a text with enter, or now and then an end."""
    kind = dice.random()
    if kind < 0.1:
        return [*("space" if letter == " " else letter for letter in dice.choice(words)), "enter"]
    if kind < 0.12:
        return [dice.choice(sorted(QUITS))]
    return dice.choices(commands if kind < 0.6 else single, k=8)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_random_keys_in_a_locked_production_write_nothing(
    seed: int,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # screenshots and messages are saved where one is
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 5)
    denying, dice = Denying(ministack), random.Random(seed)
    words = [queue.name, dead.name, "builtin:echo", "ticket 4711", "= json.n > `1`", "yes"]
    commands = sorted({key for command in COMMANDS for key in command.keys} - QUITS)
    single = sorted({*_bound_keys(), *TYPED} - QUITS)
    pressed, screens, sessions = 0, set[str](), 0
    with serve(denying.answer) as server:
        connection = deployed("production", server.url, monkeypatch)
        while pressed < PRESSES:
            sessions += 1
            async with dashboard(connection, queue.name) as bench:
                while pressed < PRESSES and bench.app.return_code is None and bench.app.is_running:
                    keys = _next_keys(dice, words, commands, single)
                    await bench.press(*keys)
                    bench.app.refresh_frame()
                    pressed += len(keys)
                    screens.add(bench.on)
    assert set(denying.asked) <= READS
    assert "GetQueueAttributes" in denying.asked, "it did look"
    assert receive_counts(ministack_sqs, dead) == [1] * 5
    print(f"{pressed} presses of {len(single) + len(QUITS)} keys in {sessions} sessions, on {sorted(screens)}")
    print(f"asked for {sorted(set(denying.asked))}")
