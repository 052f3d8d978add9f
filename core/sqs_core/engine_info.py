"""The process that consumes: what is known of it before anything else is."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.version import __version__
from sqs_core.words import RunState

if TYPE_CHECKING:
    from sqs_core.settings import ConnectionSettings


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The process that consumes. `environment_decided_by`: `--env`, `APP_ENV` or `default`; `APP_ENV=prod` if misspelled."""

    pid: int
    host: str
    started_at: float
    state: RunState
    environment: str
    read_only: bool
    endpoint: str
    region: str
    version: str
    environment_decided_by: str = "default"


def starting_engine(connection: ConnectionSettings) -> EngineInfo:
    """What an engine of this process says of itself until it is connected."""
    return EngineInfo(
        pid=os.getpid(),
        host=socket.gethostname(),
        started_at=time.time(),
        state=RunState.STARTING,
        environment=connection.environment.value,
        read_only=connection.read_only,
        endpoint=connection.endpoint,
        region=connection.region,
        version=__version__,
        environment_decided_by=connection.decided_by,
    )
