"""A piece of work of the workbench, from its plan to its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sqs_core.bench import JobState
from sqs_core.errors import ConfigurationError
from sqs_core.putting import check_rate
from sqs_tui.format import bar
from sqs_tui.safe_text import content
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady
from sqs_tui.screens.typed import Typed
from sqs_tui.summary import MUTED_STYLE

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.bench import JobView, WorkbenchFacade
    from sqs_tui.viewer import Frame

_BAR_CELLS = 30
_LINE_LIMIT = 1_000


class JobScreen(Scrolling, Steady, ModalScreen[None]):
    """Shows the work and answers its plan. `canary` says that our own consumer handles what is sent, so it can be watched."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "answer(True, False)", "Yes"),
        ("c", "answer(True, True)", "Canary first"),
        ("r", "choose_rate", "Messages a second"),
        ("n,escape,q", "leave", "No, cancel or close"),
        ("left", "app.focus_previous", "Other answer"),
        ("right", "app.focus_next", "Other answer"),
        *SCROLL_BINDINGS,
    ]
    AUTO_FOCUS = None

    def __init__(self, bench: WorkbenchFacade, where: str, *, canary: bool, edited: dict[str, str] | None = None) -> None:
        super().__init__()
        self._bench, self._where, self._can_watch = bench, where, canary
        self._edited = edited or {}
        self._answered = False
        self._rate: float | None = None
        self._shown = Content("")
        self._asks: bool | None = None

    def compose(self) -> ComposeResult:
        """The plan, what is being done, and the answers."""
        with VerticalScroll(id="job", classes="dialog wide") as dialog:
            dialog.border_title = Content("Work")
            yield Static(id="job-text")
            with Horizontal(classes="answers"):
                yield Button(Content("No, leave it (n)"), id="no")
                if self._can_watch:
                    yield Button(Content("One first, then ten (c)"), id="canary")
                yield Button(Content("Yes (y)"), id="yes", variant="warning")

    def on_mount(self) -> None:
        """Draw what is known, once there is something to draw on."""
        self.call_after_refresh(self.draw_frame, None)

    def draw_frame(self, _: Frame | None) -> None:
        """Show the work as it is now."""
        job = self._bench.view().job
        if job is None or not self.is_mounted:
            return
        dialog = self.query_one("#job", VerticalScroll)
        title = content(f"{job.title} · {self._where}", 100)
        if dialog.border_title != str(title):
            dialog.border_title = title
        dialog.border_subtitle = Content(_hint(job))
        text = _text(job, self._edited, self._rate)
        if not text.is_same(self._shown):
            self._shown = text
            self.query_one("#job-text", Static).update(text)
        asks = job.state is JobState.ASKING
        if asks is not self._asks:
            self._asks = asks
            self.query_one(".answers").display = asks
            self.call_after_refresh((self.query_one("#no") if asks else dialog).focus)

    def action_answer(self, yes: bool, canary: bool) -> None:
        """Answer the plan, once."""
        job = self._bench.view().job
        if job is not None and job.state is JobState.ASKING and not self._answered and (not canary or self._can_watch):
            self._answered = True
            self._bench.answer(yes=yes, canary=canary, edited=self._edited, rate=self._rate)

    def action_choose_rate(self) -> None:
        """Ask how many messages a second may be sent at most; what is typed holds for this plan."""
        job = self._bench.view().job
        if job is None or job.state is not JobState.ASKING or not job.sends:
            return

        def take(text: str) -> str | None:
            try:
                rate = float(text) if text else None
                check_rate("a rate of", rate)
            except ValueError:
                return f"{text!r} is no number"
            except ConfigurationError as error:
                return str(error)
            self._rate = rate
            return None

        question = Content("At most how many messages a second? Nothing typed: as fast as it goes.")
        self.app.push_screen(Typed("Rate", question, "such as 5", take))

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """A button is an answer."""
        if event.button.id == "no":
            self.action_leave()
        else:
            self.action_answer(True, event.button.id == "canary")

    def action_leave(self) -> None:
        """Close what has ended; what has not is told No, or to stop after what is being sent."""
        job = self._bench.view().job
        if job is None or job.state is JobState.ENDED:
            self.dismiss()
        elif job.state is JobState.WORKING:
            self._bench.cancel()
        else:
            self._bench.cancel()
            self.dismiss()


def _hint(job: JobView) -> str:
    if job.state is JobState.ENDED:
        return "esc closes"
    if job.state is JobState.WORKING:
        return "esc stops after what is being sent"
    if job.state is JobState.ASKING:
        return f"esc leaves everything as it is{' · r sets a rate' if job.sends else ''}"
    return "esc cancels"


def _text(job: JobView, edited: dict[str, str], rate: float | None) -> Content:
    lines = [content(line, _LINE_LIMIT) for line in job.lines]
    if job.sends and rate is not None:
        lines.append(content(f"  at most {rate:g} messages a second"))
    said = (f"  edited: its body has {len(body):,} characters now" for body in edited.values())
    lines.extend(content(line, style=MUTED_STYLE) for line in said)
    if job.state is JobState.PLANNING:
        lines.append(content("looking at the messages and holding them …", style=MUTED_STYLE))
    elif job.state is JobState.WORKING:
        share = job.done / job.total if job.total else 0.0
        lines.append(content(f"{bar(min(share, 1.0), _BAR_CELLS)} {job.done:,} of {job.total:,}", style="bold"))
    elif job.state is JobState.ENDED:
        lines.append(content("✗ not all went well" if job.failed else "✓ done", style="bold"))
    return Content("\n").join(lines)
