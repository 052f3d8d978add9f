"""Any keys at all in a locked production profile, in every screen and dialog: no request that changes anything goes out."""

from __future__ import annotations

import importlib
import pkgutil
import random
from typing import TYPE_CHECKING

from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.events import Key

import sqs_tui
from benching import dashboard, dead_letters, deployed
from consuming import receive_counts
from identity_servers import Denying, serve
from sqs_tui.commands import COMMANDS
from torturing import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

SEEDS = 4
_CHARACTERS = {"space": " "}
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One seed in the fast slice."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(SEEDS if metafunc.config.getoption("--torture") else 1))


async def test_random_keys_in_a_locked_production_write_nothing(
    seed: int,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scale: Callable[[int, int], int],
    table: Callable[[Row], None],
) -> None:
    presses = scale(400, 2_500)
    monkeypatch.chdir(tmp_path)  # screenshots and messages are saved where one is
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 5)
    denying, dice = Denying(ministack), random.Random(seed)
    words = [queue.name, dead.name, "builtin:echo", "ticket 4711", "= json.n > `1`", "yes"]
    commands = sorted({key for command in COMMANDS for key in command.keys} - QUITS)
    single = sorted({*_bound_keys(), *TYPED} - QUITS)
    pressed, screens = 0, set[str]()
    with serve(denying.answer) as server:
        connection = deployed("production", server.url, monkeypatch)
        while pressed < presses:
            async with dashboard(connection, queue.name) as bench:
                while pressed < presses and bench.app.return_code is None and bench.app.is_running:
                    keys = _next_keys(dice, words, commands, single)
                    for key in keys:
                        bench.app.post_message(Key(key, _CHARACTERS.get(key, key if len(key) == 1 else None)))
                    await bench.pilot.pause()
                    bench.app.refresh_frame()
                    pressed += len(keys)
                    screens.add(bench.on)
    written = set(denying.asked) - READS
    note = f"{len(single) + len(QUITS)} keys on {len(screens)} screens"
    table(
        Row(
            "any keys in a locked production; requests that change something: 0",
            pressed,
            pressed if not written else 0,
            note=note,
        )
    )
    assert written == set()
    assert "GetQueueAttributes" in denying.asked, "it did look"
    assert receive_counts(ministack_sqs, dead) == [1] * 5
