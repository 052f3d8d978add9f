"""What the audience may change of the load while a scene plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.demo.telling import counted
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sqs_core.demo.stage import Stage

BURST = 100


@dataclass(frozen=True, slots=True)
class Knob:
    """One figure and the values it may be turned to, the smallest first. `unit` goes behind the value."""

    id: str
    title: str
    unit: str
    values: tuple[int, ...]


KNOBS = (
    Knob("rate", "orders", "a second", (0, 1, 2, 5, 10, 20, 50, 100, 200)),
    Knob("size", "padding of a body", "bytes", (0, 1_000, 5_000, 20_000)),
    Knob("failures", "handlers that fail once", "%", (0, 5, 10, 25, 50, 100)),
    Knob("hopeless", "orders that always fail", "%", (0, 1, 2, 5, 10, 25)),
    Knob("groups", "customers, each a message group", "", (1, 2, 6, 24, 99)),
)
_BY_ID = {knob.id: knob for knob in KNOBS}


class LoadDesk:
    """Of one scene. Rates are the scene's, before `--speed`; shares matter where the scene has the usual handler."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def value(self, knob_id: str) -> int:
        """What it is now, rounded."""
        load, begun = self._stage.load, self._stage.begun
        return {
            "rate": round(load.rate_per_second),
            "size": self._stage.producer.padding_bytes if begun else 0,
            "failures": round(load.failure_share * 100),
            "hopeless": round(load.unknown_share * 100),
            "groups": load.groups,
        }[knob_id]

    def turn(self, knob_id: str, by: int) -> None:
        """To the next value above (`by` 1) or below (−1), if there is one. Raises `ConfigurationError`."""
        knob, value = _BY_ID[knob_id], self.value(knob_id)
        further = [each for each in knob.values if (each > value if by > 0 else each < value)]
        if not further:
            return
        chosen = further[0] if by > 0 else further[-1]
        if knob_id == "size":
            self._stage.producer.padding_bytes = chosen
        else:
            self._stage.change_load(**_load(knob_id, chosen))
        self._stage.say(f"{knob.title}: {chosen:,} {knob.unit}".rstrip() + " from now on")

    def burst(self) -> None:
        """As many at once as `BURST`. Raises `ConfigurationError` before the scene has begun."""
        self._stage.producer.burst(BURST)
        self._stage.say(f"a burst of {counted(BURST, 'order')}")

    def sent(self) -> str:
        """What the producer has done, in words."""
        if not self._stage.begun:
            raise ConfigurationError("the scene has not begun yet")
        producer = self._stage.producer
        errors = f", {counted(producer.errors, 'error')}: {producer.last_error}" if producer.errors else ""
        return f"{counted(producer.sent, 'order')} sent{errors}"


def _load(knob_id: str, value: int) -> dict[str, float | int]:
    """The figures of `Load` that go with it."""
    figures: dict[str, dict[str, float | int]] = {
        "rate": {"rate_per_second": float(value)},
        "failures": {"failure_share": value / 100},
        "hopeless": {"unknown_share": value / 100},
        "groups": {"groups": value},
    }
    return figures[knob_id]
