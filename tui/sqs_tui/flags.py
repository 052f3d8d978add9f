"""Settings from the flags that the commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_core.settings import make_connection_settings

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
