"""Back-off and lease extension as value objects; the dice are an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.settings import MAXIMUM_VISIBILITY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off between `base_seconds` and `cap_seconds`; half of each pause is fixed, half is jitter."""

    base_seconds: float = 0.5
    cap_seconds: float = 30.0

    def delay_seconds(self, failures: int, dice: Callable[[], float] = random.random) -> float:
        """The pause after `failures` (≥ 1) failures in a row."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures - 1, 32))
        return ceiling / 2 + dice() * ceiling / 2


@dataclass(frozen=True, slots=True)
class RedeliveryDelay:
    """How long a failed message stays away: 1 s × 2^(receive count − 1), at most 15 minutes, full jitter."""

    base_seconds: float = 1.0
    cap_seconds: float = 900.0

    def delay_seconds(self, receive_count: int, dice: Callable[[], float] = random.random) -> int:
        """Whole seconds, as ChangeMessageVisibility takes them."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(max(receive_count - 1, 0), 32))
        return round(dice() * ceiling)


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """When to extend a visibility timeout and by how much. `visibility_seconds` is 1–43200."""

    visibility_seconds: int

    @property
    def margin_seconds(self) -> float:
        """Extend when less than this is left: room for several tries, yet no request for messages that end in time."""
        return min(self.visibility_seconds / 2, 30.0)

    @property
    def retry_seconds(self) -> float:
        """The pause after an extension that failed."""
        return self.margin_seconds / 6

    def extension_seconds(self, held_seconds: float) -> int:
        """The new visibility for a message held this long; 0 when SQS's 12 hours are used up."""
        left = MAXIMUM_VISIBILITY_SECONDS - held_seconds - 1
        return max(0, min(self.visibility_seconds, int(left)))
