"""Lines of text that are painted only when they say something new."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widget import Widget

from sqs_tui.commands import BY_ID, Command, Place, Situation, bar_commands, open_bindings, place_commands
from sqs_tui.rows import Tone
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events
    from textual.binding import BindingType


class Line(Widget):
    """Draws what a function makes of the width; asks again when either changes."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._draw: Callable[[int], Content] = lambda _: Content("")
        self._shown = Content("")

    def show(self, draw: Callable[[int], Content]) -> None:
        """Draw with this function from now on; paints only when the result differs."""
        self._draw = draw
        now = draw(self.size.width)
        if not now.is_same(self._shown):
            height_changed = now.plain.count("\n") != self._shown.plain.count("\n")
            self._shown = now
            if height_changed:
                self.clear_cached_dimensions()
            self.refresh(layout=height_changed)

    def render(self) -> Content:
        """What the function says at this width."""
        self._shown = self._draw(self.size.width)
        return self._shown


class OpenLine(Line, can_focus=True):
    """A line that can have the focus; `enter` or a click opens what it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [*open_bindings()]

    async def action_open(self) -> None:
        """Run the command."""
        await self.run_action("screen.command('open', '')")

    async def on_click(self) -> None:
        """A click is as good as the key."""
        await self.action_open()


class KeyBar(Line):
    """The keys that do something now; a click is as good as the key."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._situation = Situation()

    def offer(self, situation: Situation) -> None:
        """Show the commands of this situation."""
        self._situation = situation
        self.show(lambda width: Content("  ").join(_entry(command, situation) for command in fitting(situation, width)))

    async def on_click(self, event: events.Click) -> None:
        """Run the command under the mouse."""
        end = 0
        for command in fitting(self._situation, self.size.width):
            start, end = end, end + _entry(command, self._situation).cell_length + 2
            if start <= event.x - self.gutter.left < end:
                await self.run_action("app.leave" if command is BY_ID["quit"] else f"screen.command('{command.id}', '')")
                return


class PlaceKeys(Line):
    """The keys of another screen than the main one; a click is as good as the key."""

    def __init__(self, place: Place, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._place = place
        self._commands: list[Command] = []

    def offer(self, *, view_only: bool) -> None:
        """Show the commands of the place."""
        self._commands = place_commands(self._place, view_only=view_only)
        self.show(lambda width: Content("  ").join(_entry(each, Situation()) for each in _fitting(self._commands, width)))

    async def on_click(self, event: events.Click) -> None:
        """Run the command under the mouse."""
        end = 0
        for command in _fitting(self._commands, self.size.width):
            start, end = end, end + _entry(command, Situation()).cell_length + 2
            if start <= event.x - self.gutter.left < end:
                await self.run_action(f"screen.command('{command.id}', '')")
                return


def fitting(situation: Situation, width: int) -> list[Command]:
    """The commands of the key bar that fit; the least important go first."""
    return _fitting(bar_commands(situation), width, situation)


def _fitting(offered: Sequence[Command], width: int, situation: Situation | None = None) -> list[Command]:
    commands, situation = list(offered), situation or Situation()
    while commands and sum(_entry(command, situation).cell_length + 2 for command in commands) - 2 > width:
        commands.remove(min(commands, key=lambda command: command.rank))
    return commands


def _entry(command: Command, situation: Situation) -> Content:
    return Content.assemble(
        (command.bar_key or command.key, "bold $text-primary"), " ", styled(command.word(situation), Tone.MUTED)
    )
