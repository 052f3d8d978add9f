"""Imports that a screen does not wait for, and what they would cost it otherwise."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = "sqs_tui.screens.command_runner"
"""With it comes every screen that a command of the dashboard opens."""


@contextmanager
def sparing_collections() -> Iterator[None]:
    """What is imported here is there to stay; to look through it again and again would hold the screen up each time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def warm_up() -> None:
    """Import on a thread of its own what the first command would wait for."""
    threading.Thread(target=_import_commands, name="warm-up", daemon=True).start()


def _import_commands() -> None:
    with sparing_collections():
        import_module(COMMANDS)
