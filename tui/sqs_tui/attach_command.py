"""`sqs-tui attach`, `snapshot` and `control`: looking at consumers that run already, and steering them."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.model import SCHEMA
from sqs_core.plain_text import one_line
from sqs_core.remote.once import ask_all, raise_unless_told
from sqs_core.remote.resolving import resolve
from sqs_core.remote.targets import discover
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.once import Told
    from sqs_core.remote.targets import Found
    from sqs_core.remote.viewing import Target

_MEMBER_FAILED = 1
_ATTACHED_FPS = 2


def run_attach(texts: Sequence[str], flags: dict[str, Any]) -> int:
    """List what runs here, or show it. Returns the exit code."""
    if not texts:
        return _list(flags["as_json"])
    (target,) = resolve(texts)
    return _show(target, flags)


def _list(as_json: bool) -> int:
    found = discover()
    if as_json:
        sys.stdout.write(json.dumps([_found_to_json(each) for each in found]) + "\n")
    elif not found:
        sys.stdout.write("No consumer runs here: start one with `sqs-tui consume QUEUE --handler SPEC --headless`.\n")
    for each in [] if as_json else found:
        hello = each.hello
        rights = "takes commands" if hello.control else "view only"
        queues = one_line(", ".join(hello.queues) or "no queues yet")
        line = f"{hello.pid:<8} {hello.environment:<12} since {iso(hello.started_at)}  {rights:<14} {queues}"
        sys.stdout.write(one_line(line, 1000) + "\n")
    return 0


def _found_to_json(found: Found) -> dict[str, Any]:
    hello = found.hello
    return {
        "pid": hello.pid,
        "path": str(found.path),
        "host": hello.host,
        "version": hello.version,
        "environment": hello.environment,
        "started_at": iso(hello.started_at),
        "queues": list(hello.queues),
        "control": hello.control,
    }


def _show(target: Target, flags: dict[str, Any]) -> int:
    from sqs_core.remote.attached import AttachedEngine
    from sqs_tui.flags import watch_limits
    from sqs_tui.options import DashboardOptions
    from sqs_tui.run import require_terminal

    require_terminal("`sqs-tui snapshot TARGET` prints one snapshot")
    fps = flags["fps"] or _ATTACHED_FPS
    engine = AttachedEngine(target, per_second=fps)
    from sqs_tui.app import run_dashboard

    watch = watch_limits(flags)
    options = DashboardOptions(fps=fps, theme=flags["theme"], color=flags["color"], attached=True, watch=watch)
    try:
        return run_dashboard(engine, options)
    finally:
        engine.close()


def run_snapshot(texts: Sequence[str], flags: dict[str, Any]) -> int:  # noqa: ARG001 - every command takes the flags
    """Print one snapshot, or one of a fleet. Returns the exit code."""
    told = ask_all(resolve(texts), "snapshot")
    if len(told) == 1:
        result = raise_unless_told(told[0])
    else:
        result = {"schema": SCHEMA, "at": iso(time.time()), "members": [_member(each) for each in told]}
    sys.stdout.write(json.dumps(result) + "\n")
    return _MEMBER_FAILED if any(each.error for each in told) else 0


def _member(told: Told) -> dict[str, Any]:
    return {"target": told.target.name, "pod": None, "error": told.error, "snapshot": told.result}


def run_control(text: str, command: str, flags: dict[str, Any]) -> int:
    """Send one command to every member and print what came of it. Returns the exit code."""
    sizes = {name: flags[name] for name in ("workers", "pollers") if flags[name] is not None}
    if command == "resize" and not sizes:
        raise ConfigurationError("resize needs --workers N or --pollers N")
    if command != "resize" and sizes:
        raise ConfigurationError(f"--{next(iter(sizes))} goes with resize, not with {command}")
    told = ask_all(resolve([text]), command, queue=flags["queue"], why=flags["reason"], **sizes)
    if len(told) == 1:
        raise_unless_told(told[0])
    for each in told:
        line = {"target": each.target.name, "ok": each.error is None, "result": each.result, "error": each.error}
        said = f"{each.target.name}: {each.result if each.error is None else f'FAILED: {each.error}'}"
        sys.stdout.write((json.dumps(line) if flags["as_json"] else one_line(said, 1000)) + "\n")
    return _MEMBER_FAILED if any(each.error for each in told) else 0
