"""Reading what `sqs-tui doctor --json` found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RunDoctor = Callable[..., tuple[int, dict[str, Any]]]
DEPLOYED = ("--env", "staging", "--region", "us-east-1", "--allow-endpoint", "127.0.0.1")


def verdicts(seen: dict[str, Any]) -> dict[str, str]:
    """Check → verdict; of several findings of one check the worst."""
    order = ("ok", "note", "unknown", "warning", "problem")
    worst: dict[str, str] = {}
    for finding in seen["findings"]:
        name, verdict = finding["check"], finding["verdict"]
        worst[name] = max(worst.get(name, "ok"), verdict, key=order.index)
    return worst


def said(seen: dict[str, Any], check: str) -> str:
    """All evidence and remedies of a check."""
    return " | ".join(f"{one['evidence']} -> {one['remedy']}" for one in seen["findings"] if one["check"] == check)


def raising(error: Exception) -> Any:
    """Raise it, where a statement cannot stand."""
    raise error
