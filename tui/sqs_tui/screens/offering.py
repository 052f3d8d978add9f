"""Screens whose commands the palette offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_tui.commands import Command


@runtime_checkable
class OffersCommands(Protocol):
    """A screen with commands of the table."""

    def offered_commands(self) -> Sequence[Command]:
        """What the palette offers over this screen now."""

    def action_command(self, command_id: str, key: str = "") -> None:
        """Run one of them."""
