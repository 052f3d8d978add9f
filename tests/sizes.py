"""How much of a long test is done: a slice in `make test`, all of it with SQS_TUI_FULL=1."""

from __future__ import annotations

import os

FULL = os.environ.get("SQS_TUI_FULL") == "1"


def size(few: int, full: int) -> int:
    """As many as there is time for."""
    return full if FULL else few
