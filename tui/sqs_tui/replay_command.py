"""`sqs-tui replay`: a file's messages to a queue in their rhythm, or straight into a handler."""

from __future__ import annotations

from typing import Any

from sqs_core.errors import ConfigurationError
from sqs_core.importing import ImportOptions
from sqs_tui.transfer_command import put_file


def run_replay(flags: dict[str, Any]) -> int:
    """Replay to a queue or into a handler. Returns the exit code; refusals raise `ConfigurationError`."""
    if (flags["queue"] is None) == (flags["handler"] is None):
        raise ConfigurationError("say where to: either a QUEUE or --handler SPEC")
    if flags["handler"] is not None:
        from sqs_tui.rehearse_command import run_rehearsal

        return run_rehearsal(flags)
    if flags["out"] is not None:
        raise ConfigurationError(f"--out {flags['out']!r} goes with --handler: a queue does not tell how a message ended")
    options = ImportOptions(rate=flags["rate"], replay=True, speed=flags["speed"], skip_unreadable=flags["skip_unreadable"])
    return put_file(flags, options, "replay")
