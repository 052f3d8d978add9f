"""`sqs-tui attach`, `snapshot` and `control`: looking at consumers that run already, and steering them."""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.model import SCHEMA
from sqs_core.plain_text import one_line
from sqs_core.remote.kubectl import Reach
from sqs_core.remote.once import ask_all, raise_unless_told
from sqs_core.remote.resolving import candidates, is_fleet, resolve, sources
from sqs_core.remote.targets import discover
from sqs_core.wire import iso, to_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.once import Told
    from sqs_core.remote.sources import Candidate, Source
    from sqs_core.remote.targets import Found
    from sqs_core.remote.viewing import Target
    from sqs_tui.options import DashboardOptions

_MEMBER_FAILED = 1
_ATTACHED_FPS = 2


def run_attach(texts: Sequence[str], flags: dict[str, Any]) -> int:
    """List what runs here, or show it. Returns the exit code."""
    if not texts:
        return _list(flags["as_json"])
    from sqs_tui.run import require_terminal

    found = sources(texts, _reach(flags))
    require_terminal("`sqs-tui snapshot TARGET` prints one snapshot")
    there = candidates(found)
    return _show_fleet(found, there, flags) if is_fleet(texts) else _show(there[0].target, flags)


def _reach(flags: dict[str, Any]) -> Reach:
    try:
        program = tuple(shlex.split(flags["remote_command"] or "sqs-tui"))
    except ValueError as error:
        raise ConfigurationError(f"--remote-command {flags['remote_command']!r} cannot be split into words: {error}") from error
    if not program:
        raise ConfigurationError("--remote-command is empty: name the program in the pod, such as 'python3 /tmp/sqs-tui.pyz'")
    return Reach(flags["namespace"], flags["container"], flags["kube_context"], program)


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
    from sqs_tui.app import run_dashboard

    options = _options(flags)
    engine = AttachedEngine(target, per_second=options.fps)
    try:
        return run_dashboard(engine, options)
    finally:
        engine.close()


def _options(flags: dict[str, Any]) -> DashboardOptions:
    from sqs_tui.flags import dashboard_options

    return replace(dashboard_options(flags, _ATTACHED_FPS), view_only=bool(flags["read_only"]), attached=True)


def _show_fleet(found: Sequence[Source], there: Sequence[Candidate], flags: dict[str, Any]) -> int:
    from sqs_core.remote.fleet import Fleet
    from sqs_tui.app import run_fleet

    return run_fleet(Fleet(found, why=flags["reason"]), there, _options(flags))


def run_snapshot(texts: Sequence[str], flags: dict[str, Any]) -> int:
    """Print one snapshot, or one of a fleet. Returns the exit code."""
    there = resolve(texts, _reach(flags))
    told = ask_all([each.target for each in there], "snapshot")
    if is_fleet(texts):
        members = [_member(each, one) for each, one in zip(there, told, strict=True)]
        result = {"schema": SCHEMA, "at": iso(time.time()), "members": members}
    else:
        result = raise_unless_told(told[0])
    sys.stdout.write(json.dumps(result) + "\n")
    return _MEMBER_FAILED if any(each.error for each in told) else 0


def _member(there: Candidate, told: Told) -> dict[str, Any]:
    pod = None if there.pod is None else to_plain(there.pod)
    return {"target": there.target.name, "pod": pod, "error": told.error, "snapshot": told.result}


def run_control(text: str, command: str, flags: dict[str, Any]) -> int:
    """Send one command to every member and print what came of it. Returns the exit code."""
    sizes = {name: flags[name] for name in ("workers", "pollers") if flags[name] is not None}
    if command == "resize" and not sizes:
        raise ConfigurationError("resize needs --workers N or --pollers N")
    if command != "resize" and sizes:
        raise ConfigurationError(f"--{next(iter(sizes))} goes with resize, not with {command}")
    if flags["read_only"]:
        raise ConfigurationError(f"{command} changes a consumer: leave --read-only out")
    there = [each.target for each in resolve([text], _reach(flags))]
    told = ask_all(there, command, queue=flags["queue"], why=flags["reason"], **sizes)
    if not is_fleet([text]):
        raise_unless_told(told[0])
    for each in told:
        line = {"target": each.target.name, "ok": each.error is None, "result": each.result, "error": each.error}
        said = f"{each.target.name}: {each.result if each.error is None else f'FAILED: {each.error}'}"
        sys.stdout.write((json.dumps(line) if flags["as_json"] else one_line(said, 1000)) + "\n")
    return _MEMBER_FAILED if any(each.error for each in told) else 0
