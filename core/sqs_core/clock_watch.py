"""Notices that this machine slept, or that its clock was set: both change what leases, polls and signatures are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqs_core.clock import Clock

JUMP_SECONDS = 5.0


class ClockWatch:
    """Compares the three clocks from one `step` to the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = self._read()

    def _read(self) -> tuple[float, float]:
        """How far the lease clock (it counts suspend) and the wall clock are ahead of the monotonic one."""
        monotonic, lease, wall = self._clock.monotonic(), self._clock.lease(), self._clock.wall()
        return lease - monotonic, wall - lease

    def step(self) -> str | None:
        """What happened since the last step, in words, or None. Jumps under `JUMP_SECONDS` are not worth a line."""
        (slept_before, set_before), (slept, set_by) = self._before, self._read()
        if slept - slept_before >= JUMP_SECONDS:
            self._before = slept, set_by
            seconds = slept - slept_before
            return f"this machine slept for {seconds:.0f} s: leases went on running out, and polls may never be answered"
        if abs(set_by - set_before) >= JUMP_SECONDS:
            self._before = slept, set_by
            seconds = set_by - set_before
            return f"this machine's clock was set by {seconds:+.0f} s: AWS refuses requests signed over 5 min off"
        return None
