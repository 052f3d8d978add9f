"""One message, whole: body, attributes, timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sqs_core.masking import MASK, mask_secrets, mask_value
from sqs_tui import format as shown
from sqs_tui.json_text import INPUT_LIMIT, lay_out
from sqs_tui.safe_text import content, many_lines, one_line
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import MUTED_STYLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.model import AttributeValue, MessageDetail

_BINARY_SHOWN_BYTES = 48
_NAME_WIDTH = 34
_VALUE_LIMIT = 2_000
_MILLISECOND_TIMES = frozenset({"SentTimestamp", "ApproximateFirstReceiveTimestamp"})


class MessageScreen(Scrolling, Steady, ModalScreen[None]):
    """A message as it was when opened, secrets masked. `r` switches between the laid-out and the original body."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Close"),
        ("r", "toggle_raw", "Raw body"),
        ("R", "replay", "Replay"),
        *SCROLL_BINDINGS,
    ]
    AUTO_FOCUS = "#message"

    def __init__(self, detail: MessageDetail, replay: Callable[[], None] | None) -> None:
        super().__init__()
        self._detail = detail
        self._replay = replay
        self._raw = False
        self._body = mask_secrets(detail.message.body, INPUT_LIMIT)

    def compose(self) -> ComposeResult:
        """One scrolling text in a frame."""
        message = self._detail.message
        with VerticalScroll(id="message", classes="dialog tall wide") as dialog:
            dialog.border_title = content(f"Message {message.message_id}", 60)
            dialog.border_subtitle = Content(f"esc closes · r raw body{' · R replay' if self._replay else ''}")
            yield Static(self._facts())
            yield Static(id="body-title")
            yield Static(id="body-text")
            yield Static(self._rest())

    def on_mount(self) -> None:
        """Draw the body."""
        self._draw_body()

    def action_toggle_raw(self) -> None:
        """The body as it came, or laid out."""
        self._raw = not self._raw
        self._draw_body()

    def action_replay(self) -> None:
        """Ask whether to send it again, where that is possible."""
        if self._replay:
            self._replay()

    def _draw_body(self) -> None:
        body = self._detail.message.body
        layout = lay_out(self._body, len(body))
        text = self._body if self._raw else layout.text
        notes = [f"{len(body):,} characters"]
        if self._body != body[:INPUT_LIMIT]:
            notes.append("secrets masked as ***")
        notes += [note for note in ("as it came" if self._raw else "", layout.note) if note]
        self.query_one("#body-title", Static).update(_heading("Body", " · ".join(notes)))
        self.query_one("#body-text", Static).update(Content(many_lines(text)))

    def _facts(self) -> Content:
        detail = self._detail
        message = detail.message
        ended = str(detail.outcome) if detail.outcome else "in flight"
        lines = [
            ("id", message.message_id),
            ("queue", message.queue),
            ("state", ended),
            ("received", f"{shown.plural(message.receive_count, 'time')}"),
        ]
        if message.sent_at is not None:
            lines.append(("sent", shown.stamp(message.sent_at)))
        if message.group_id is not None:
            lines.append(("group", message.group_id))
        return Content("\n").join([_pair(name, value, 8) for name, value in lines])

    def _rest(self) -> Content:
        message = self._detail.message
        sections = [
            *_section("Attributes", ((name, _attribute(name, value)) for name, value in message.typed_attributes.items())),
            *_section("System attributes", ((name, _system(name, value)) for name, value in message.system.items())),
            *_section("Timeline", ((shown.clock_time(at), text) for at, text in self._detail.timeline)),
        ]
        return Content("\n").join(sections)


def _heading(title: str, note: str = "") -> Content:
    return Content.assemble("\n", (title, "bold $text-primary"), "  ", content(note, style=MUTED_STYLE))


def _section(title: str, pairs: Iterable[tuple[str, str]]) -> list[Content]:
    known = list(pairs)
    width = min(_NAME_WIDTH, max((len(name) for name, _ in known), default=0))
    return [_heading(title, "" if known else "none"), *(_pair(name, value, width) for name, value in known)]


def _pair(name: str, value: str, width: int) -> Content:
    return Content.assemble(content(f"  {one_line(name, 60):<{width}}  ", style=MUTED_STYLE), content(value, _VALUE_LIMIT))


def _attribute(name: str, value: AttributeValue) -> str:
    if isinstance(value.value, bytes):
        text = value.value[:_VALUE_LIMIT].decode("latin-1")
        if mask_value(name, text) != text:
            return f"{value.type}  {shown.plural(len(value.value), 'byte')}: {MASK}"
        cut = " …" if len(value.value) > _BINARY_SHOWN_BYTES else ""
        return f"{value.type}  {shown.plural(len(value.value), 'byte')}: {value.value[:_BINARY_SHOWN_BYTES].hex(' ')}{cut}"
    return f"{value.type}  {mask_value(name, value.value, _VALUE_LIMIT)}"


def _system(name: str, value: str) -> str:
    if name in _MILLISECOND_TIMES and value.isascii() and value.isdigit() and len(value) < 15:
        return f"{value}  ({shown.stamp(int(value) / 1000)})"
    return value
