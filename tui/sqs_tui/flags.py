"""Settings from the flags that the commands share, and how to draw."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sqs_core.settings import make_connection_settings
from sqs_tui.key_choice import use_keys
from sqs_tui.options import DashboardOptions
from sqs_tui.terminal_watch import WatchLimits
from sqs_tui.user_settings import load_user_settings

if TYPE_CHECKING:
    from sqs_core.settings import ConnectionSettings


def connection_settings(flags: dict[str, Any]) -> ConnectionSettings:
    """Connection settings from the global flags."""
    return make_connection_settings(
        env=flags["env"],
        endpoint_url=flags["endpoint_url"],
        region=flags["region"],
        profile=flags["profile"],
        allow_endpoints=tuple(flags["allow_endpoint"]),
        read_only=bool(flags["read_only"]),
        allow_shared_credentials=bool(flags["allow_shared_credentials"]),
        sts_endpoint_url=flags["sts_endpoint_url"],
        allow_writes=bool(flags["allow_writes"]),
        reason=flags["reason"],
    )


DEFAULT_FPS = 4


def dashboard_options(flags: dict[str, Any], default_fps: float = DEFAULT_FPS) -> DashboardOptions:
    """How to draw, from the flags that all commands share and the user's settings; the user's keys are in use from then on."""
    user = load_user_settings()
    wanted_fps = flags["fps"] or user.fps
    return DashboardOptions(
        fps=wanted_fps or default_fps,
        yields=not wanted_fps,
        theme=flags["theme"] or user.theme,
        color=flags["color"],
        watch=watch_limits(flags),
        warnings=(*user.warnings, *use_keys(user.keys)),
    )


def watch_limits(flags: dict[str, Any]) -> WatchLimits | None:
    """Whether the terminal is watched, and how; by default inside Kubernetes only, where clients die without hanging up."""
    wanted = flags["watch_terminal"]
    if wanted is None:
        wanted = bool(os.environ.get("KUBERNETES_SERVICE_HOST"))
    if os.environ.get("TEXTUAL_DRIVER"):
        wanted = False  # shown by something else than a terminal
    limits = flags["terminal_limits"]
    return (WatchLimits(*limits) if limits else WatchLimits()) if wanted else None
