"""The line that is left in the shell after a dashboard over own consumers: the report's figures, and what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_core.plain_text import one_line
from sqs_tui.terminal import say

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS = {"handled": "handled", "failed": "failed", "released": "given back", "in_flight_at_exit": "in flight at exit"}
_WHERE_ANY = {"discarded": "discarded", "leases_lost": "leases lost"}
_WRITTEN = {"log_file": "log", "record": "recording"}


def farewell(report: Mapping[str, Any], flags: Mapping[str, Any], what: str = "sqs-tui", *, cut_short: bool = False) -> str:
    """The line. `report` is the headless one, `what` the subject of the sentence, `cut_short` why the exit code is not 0."""
    words = _ALWAYS | {name: word for name, word in _WHERE_ANY.items() if report.get(name)}
    figures = ", ".join(f"{word} {report.get(name, 0):,}{_of_them(report, name)}" for name, word in words.items())
    written = "".join(f"; {word}: {one_line(str(flags[name]))}" for name, word in _WRITTEN.items() if flags.get(name))
    return f"{what}: {figures}{'; the drain was cut short' if cut_short else ''}{written}"


def _of_them(report: Mapping[str, Any], name: str) -> str:
    return f" ({report['given_up']:,} given up)" if name == "failed" and report.get("given_up") else ""


def say_farewell(report: Mapping[str, Any], flags: Mapping[str, Any], what: str = "sqs-tui", *, cut_short: bool = False) -> None:
    """Say it on the terminal that the dashboard was drawn on."""
    say(farewell(report, flags, what, cut_short=cut_short))
