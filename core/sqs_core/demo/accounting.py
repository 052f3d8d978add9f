"""Whether anything was lost: what was sent against what was handled and what the server still has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.demo.scene import Finding

if TYPE_CHECKING:
    from sqs_core.demo.stage import Stage


@dataclass(frozen=True, slots=True)
class Account:
    """Messages: `sent`; `handled` to the end at least once; `waiting` on the server, visible or hidden; `dead` letters."""

    sent: int
    handled: int
    waiting: int
    dead: int

    @property
    def lost(self) -> int:
        """Those that are nowhere. One that was handled and not deleted is counted twice, so it may be less than is true."""
        return max(0, self.sent - self.handled - self.waiting - self.dead)

    def words(self) -> str:
        """In one line."""
        return f"{self.sent} sent = {self.handled} handled + {self.waiting} waiting + {self.dead} dead; {self.lost} lost"

    def finding(self) -> Finding:
        """That nothing was lost."""
        return Finding("nothing was lost", self.sent > 0 and not self.lost, self.words())


def account(stage: Stage, queue: str, handled_elsewhere: int = 0) -> Account:
    """Of a scene with one queue; once nothing is sent any more it is exact. Asks the server; raises what the SDK raises."""
    sent, depth = stage.producer.sent, stage.depth(queue)
    waiting = depth.visible + depth.in_flight + depth.delayed
    return Account(sent, stage.delivered(queue).distinct + handled_elsewhere, waiting, stage.dead_letters(queue))
