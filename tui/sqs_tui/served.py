"""Whether this process draws for a browser instead of a terminal."""

from __future__ import annotations

import os

DRIVER = "sqs_tui.web.driver:ServedDriver"
"""What `TEXTUAL_DRIVER` says in a process that `sqs-tui serve` has started."""


def is_served() -> bool:
    """Whether what is drawn here goes to a browser."""
    return os.environ.get("TEXTUAL_DRIVER") == DRIVER
