"""The closed sets of words that snapshots, events and commands speak in."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The life of a consumer, and of the engine that holds consumers."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


class ThreadState(StrEnum):
    """What a thread is doing. `waiting` is a long poll that is out; `blocked` is a poller without room for a batch."""

    STARTING = "starting"
    IDLE = "idle"
    WAITING = "waiting"
    HANDLING = "handling"
    DELETING = "deleting"
    EXTENDING = "extending"
    BLOCKED = "blocked"
    BACKING_OFF = "backing-off"
    PAUSED = "paused"
    HUNG = "hung"
    STOPPING = "stopping"
    DEAD = "dead"


class Role(StrEnum):
    """Which loop a thread runs."""

    POLLER = "poller"
    WORKER = "worker"
    ACKER = "acker"
    LEASE = "lease"


class PoolName(StrEnum):
    """The two pools that can be resized while running."""

    POLLERS = "pollers"
    WORKERS = "workers"


class Outcome(StrEnum):
    """How a received message ended. Every receive ends in exactly one of these."""

    HANDLED = "handled"
    DISCARDED = "discarded"
    RETRIED = "retried"
    GIVEN_UP = "given-up"
    RELEASED = "released"
    LEASE_LOST = "lease-lost"

    __hash__ = str.__hash__  # an enumeration's own is written in Python, and what a message does looks up by these


class Level(StrEnum):
    """How loud an event is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Transport(StrEnum):
    """What the calls of every message go through. `auto` is lean where that does all that is configured, else boto3."""

    AUTO = "auto"
    BOTO3 = "boto3"
    LEAN = "lean"


class LinkPhase(StrEnum):
    """How it stands with a consumer that is seen from another process."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    """Connected, but it says nothing."""
    LOST = "lost"
