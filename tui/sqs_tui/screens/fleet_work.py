"""What the commands of the fleet screen do beyond the screen itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui import fleet_text
from sqs_tui.commands import Place, Situation
from sqs_tui.drain import PAUSED
from sqs_tui.rows import Tone
from sqs_tui.safe_text import content
from sqs_tui.screens.dialogs import Confirm
from sqs_tui.screens.help import Help
from sqs_tui.screens.member import MemberScreen
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.shared_commands import save_screenshot
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import styled
from sqs_tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.remote.errands import Errand
    from sqs_core.remote.fleet import Fleet
    from sqs_core.remote.fleet_view import MemberView
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.fleet import FleetScreen
    from sqs_tui.viewer import Frame

_LONGEST = 1_000
NOTED_SECONDS = 30.0
"""So long the result of a command stands in the rows; the list of results has it until the next."""


class FleetText(Scrolling, Steady, ModalScreen[None]):
    """A text that may change while it is read."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,enter,r,d", "dismiss", "Close"), *SCROLL_BINDINGS]

    def __init__(self, title: str, lines: Callable[[], list[Content]]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """The text."""
        with VerticalScroll(classes="dialog wide") as dialog:
            dialog.border_title = content(self._title)
            dialog.border_subtitle = Content("esc closes")
            yield Line(id="fleet-text")

    def on_mount(self) -> None:
        """Draw once there is something to draw on."""
        self.call_after_refresh(self.draw_frame, None)

    def draw_frame(self, _: Frame | None) -> None:
        """Show the text as it is now."""
        if self.is_mounted:
            lines = self._lines()
            self.query_one("#fleet-text", Line).show(
                lambda width: Content("\n").join(part for line in lines for part in line.wrap(max(10, width)))
            )


class FleetWork:
    """Runs commands on the members that they are about; `errand` is the last one sent."""

    def __init__(self, screen: FleetScreen, fleet: Fleet, options: DashboardOptions, redraw: Callable[[], None]) -> None:
        self.errand: Errand | None = None
        self._sent_at = 0.0
        self._screen, self._fleet, self._options, self._redraw = screen, fleet, options, redraw

    def run(self, command_id: str) -> None:
        """Run one."""
        actions: dict[str, Callable[[], None]] = {
            "fleet_open": self._open,
            "fleet_pause": lambda: self._to_targets(self._pause),
            "fleet_grow": lambda: self._to_targets(lambda members: self._resize(1, members)),
            "fleet_shrink": lambda: self._to_targets(lambda members: self._resize(-1, members)),
            "fleet_drain": lambda: self._to_targets(self._confirm_drain),
            "fleet_results": self._show_results,
            "fleet_details": self._show_details,
            "fleet_screenshot": lambda: save_screenshot(self._screen, self._options),
            "fleet_help": self._help,
            "fleet_quit": self._leave,
        }
        actions[command_id]()

    def _to_targets(self, do: Callable[[list[MemberView]], None]) -> None:
        members = self._screen.targets
        if members:
            do(members)
        else:
            self._tell("No member is there.")

    def _pause(self, members: list[MemberView]) -> None:
        """Let them receive where none of those that can be told does, else let all pause."""
        states = [member.figures.state for member in members if member.figures and member.answers and member.control]
        kind = "resume" if states and all(state in PAUSED for state in states) else "pause"
        self._send(self._fleet.command(kind, [member.key for member in members]))

    def _resize(self, by: int, members: list[MemberView]) -> None:
        self._send(self._fleet.resize_by(by, [member.key for member in members]))

    def _send(self, errand: Errand) -> None:
        self.errand, self._sent_at = errand, self._options.clock()

    @property
    def noted(self) -> Errand | None:
        """The last command while its results are new."""
        return self.errand if self._options.clock() - self._sent_at < NOTED_SECONDS else None

    def forget(self) -> None:
        """Its results have been seen."""
        self._sent_at = 0.0

    def _confirm_drain(self, members: list[MemberView]) -> None:
        """The answer is about the members that were meant when the question was asked."""
        keys = [member.key for member in members]

        def answer(yes: bool | None) -> None:
            if yes:
                self._send(self._fleet.command("drain", keys))
                self._redraw()

        in_pods = all(member.pod for member in members)
        question = fleet_text.drain_question(members, self._fleet.where, in_pods)
        self._screen.app.push_screen(Confirm("Drain", question, f"Yes, drain {len(keys)}"), answer)

    def _open(self) -> None:
        here = self._screen.current
        member = self._fleet.member(here.key) if here else None
        if here is None or member is None:
            return
        if here.answers:
            self._screen.app.push_screen(MemberScreen(member.viewing, self._options, self._redraw))
        else:
            self._show_details()

    def _show_details(self) -> None:
        here = self._screen.current
        if here is None:
            return

        def lines() -> list[Content]:
            now = next((member for member in self._fleet.view().members if member.key == here.key), here)
            result = self.errand.results().get(here.key) if self.errand else None
            return fleet_text.detail_lines(now, result)

        self._screen.app.push_screen(FleetText(here.name, lines))

    def _show_results(self) -> None:
        errand = self.errand
        if errand is None:
            self._tell("No command was sent yet.")
            return
        self._screen.app.push_screen(FleetText(errand.title, lambda: _result_lines(errand)))

    def _leave(self) -> None:
        self._screen.call_later(self._screen.run_action, "app.leave")

    def _help(self) -> None:
        self._screen.app.push_screen(Help(Situation(view_only=self._screen.view_only), Place.FLEET))

    def _tell(self, text: str) -> None:
        self._screen.notify(text, severity="warning", markup=False)


def _result_lines(errand: Errand) -> list[Content]:
    tones = {True: ("✓", Tone.GOOD), False: ("✗", Tone.BAD), None: ("…", Tone.MUTED)}
    results = sorted(errand.results().values(), key=lambda result: (result.ok is True, result.name))
    lines = [styled(f"{tones[each.ok][0]} {each.name}  {each.text}", tones[each.ok][1], _LONGEST) for each in results]
    return [styled(errand.summary(), Tone.STRONG), *lines]
