"""One message, whole: body, attributes, timeline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sqs_core.environment import Environment
from sqs_core.errors import describe
from sqs_core.masking import MASK, mask_secrets, mask_value
from sqs_core.message_json import message_to_json
from sqs_core.personal_data import mask_all, mask_personal
from sqs_core.unwrap import Layer, unwrap, unwrap_small
from sqs_tui import format as shown
from sqs_tui.body_view import NOTHING_YET, QUICK_CHARACTERS, uncollected, view_body
from sqs_tui.commands import BY_ID, Place, Situation, palette_commands, place_bindings
from sqs_tui.json_text import INPUT_LIMIT
from sqs_tui.new_file import write_new
from sqs_tui.safe_text import content, one_line
from sqs_tui.screens.copying import copy_text
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady, drawn
from sqs_tui.summary import MUTED_STYLE
from sqs_tui.widgets.long_text import LongText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker

    from sqs_core.facade import EngineFacade
    from sqs_core.model import AttributeValue, MessageDetail
    from sqs_tui.body_view import BodyView
    from sqs_tui.commands import Command
    from sqs_tui.screens.fetching import Fetching

Result = TypeVar("Result")
_LATER = "later"
_BINARY_SHOWN_BYTES = 48
_NAME_WIDTH = 34
_VALUE_LIMIT = 2_000
_MILLISECOND_TIMES = frozenset({"SentTimestamp", "ApproximateFirstReceiveTimestamp"})


@dataclass(slots=True)
class Privacy:
    """Whether personal data of a message is hidden; `show` writes down that somebody looks, and raises if it cannot."""

    hidden: bool = False
    show: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, facade: EngineFacade, detail: MessageDetail) -> Privacy:
        """Hidden where the environment is deployed."""
        hidden = facade.snapshot().engine.environment != Environment.LOCAL
        message = detail.message
        return cls(hidden, lambda: facade.workbench().unmask(message.queue, message.message_id))


class MessageScreen(Scrolling, Steady, ModalScreen[None]):
    """A message as it was when opened, secrets masked, and personal data too where it is hidden.

    `state` is where it is, if it has not ended here. The innermost of what the body wraps is shown first; `u` goes through the
    layers, `r` shows the body as it came.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Close"),
        *place_bindings(Place.MESSAGE),
        *SCROLL_BINDINGS,
    ]
    AUTO_FOCUS = "#message"

    def __init__(
        self,
        detail: MessageDetail,
        replay: Callable[[], None] | None,
        privacy: Privacy | None = None,
        folder: Path | None = None,
        state: str = "in flight",
        fetching: Fetching | None = None,
    ) -> None:
        super().__init__()
        self._detail = detail
        self._replay = replay
        self._privacy = privacy or Privacy()
        self._folder, self._state, self._fetching = folder, state, fetching
        self._raw = False
        self._view = NOTHING_YET
        self._layers: tuple[Layer, ...] = (Layer("body", "", detail.message.body),)
        self._layer = 0

    def compose(self) -> ComposeResult:
        """One scrolling text in a frame."""
        message = self._detail.message
        with VerticalScroll(id="message", classes="dialog tall wide") as dialog:
            dialog.border_title = content(f"Message {message.message_id}", 60)
            yield Static(self._facts())
            yield Static(id="body-title")
            yield LongText(id="body-text")
            yield Static(id="rest")

    def on_mount(self) -> None:
        """Look what is inside the body, and draw it."""
        self._look_inside()

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(Situation(view_only=self._replay is None), Place.MESSAGE)

    def action_command(self, command_id: str, key: str = "") -> None:  # noqa: ARG002 - the signature of all screens
        """Run one of them."""
        self.call_later(self.run_action, BY_ID[command_id].action)

    def action_toggle_raw(self) -> None:
        """The body as it came, or laid out."""
        self._raw = not self._raw
        self._draw()

    def action_next_layer(self) -> None:
        """The next layer inwards; from the innermost, the body itself."""
        self._layer, self._raw = (self._layer + 1) % len(self._layers), False
        self._draw()

    def action_fetch(self) -> None:
        """Read what the body only points to, after a question; it becomes one more layer."""
        pointer = self._layers[-1].pointer
        if pointer is not None and self._fetching is not None:
            self._fetching.ask(self, pointer, self._take)

    def _take(self, text: str, note: str) -> None:
        self._layers = (*self._layers, Layer("object", note, text))
        self._look_inside()

    def action_copy(self) -> None:
        """What is shown of the body, to the terminal's clipboard."""
        text = self._view.plain
        self.app.copy_to_clipboard(text)
        cut = ", the beginning of it" if len(self._layers[self._layer].text) > INPUT_LIMIT else ""
        self.notify(f"{len(text):,} characters copied{cut}, as they are shown.", markup=False)

    def action_copy_id(self) -> None:
        """The id, to the terminal's clipboard."""
        copy_text(self, self._detail.message.message_id)

    def action_save(self) -> None:
        """The message as a JSON object, masked as it is shown, in a new file."""
        message = self._detail.message
        mask = mask_all if self._privacy.hidden else mask_secrets
        line = message_to_json(message)
        for name, value in line["attributes"].items():
            value["value"] = mask(mask_value(name, value["value"]))
        name = "".join(character for character in message.message_id if character.isalnum() or character == "-")[:40]
        path = (self._folder or Path.cwd()) / f"message-{name or 'unnamed'}.json"
        try:
            written = write_new(path, json.dumps({**line, "body": mask(message.body)}, indent=2) + "\n")
        except OSError as error:
            self.notify(one_line(f"not saved: {describe(error)}"), severity="error", markup=False)
        else:
            self.notify(one_line(f"Saved, masked as shown: {written}"), markup=False)

    def action_show_personal(self) -> None:
        """Show personal data of this message, once that is written down."""
        if not self._privacy.hidden:
            self.notify("Nothing but secrets is hidden here, and those are never shown.", markup=False)
            return
        try:
            self._privacy.show()
        except Exception as error:  # noqa: BLE001 - it stays hidden, and it is said why
            self.notify(one_line(f"still hidden: {describe(error)}"), severity="error", markup=False)
            return
        self._privacy.hidden = False
        self._draw()
        self.notify("Personal data is shown; that you looked is in the action log.", markup=False)

    def action_replay(self) -> None:
        """Ask whether to send it again, where that is possible."""
        if self._replay:
            self._replay()

    def _look_inside(self) -> None:
        """Unwrap the innermost layer, and show what is found to be the innermost then."""
        outer = self._layers
        found = unwrap_small(outer[-1].text, QUICK_CHARACTERS)
        if found is None:
            self._draw()
            self._later(unwrap, (outer[-1].text,), lambda found: self._found(outer, found))
        else:
            self._found(outer, found)

    def _found(self, outer: tuple[Layer, ...], inner: tuple[Layer, ...]) -> None:
        self._layers = (*outer, *inner)
        self._layer, self._raw = len(self._layers) - 1, False
        self._draw()

    def _draw(self) -> None:
        self.query_one("#rest", Static).update(self._rest())
        text, mask, raw = self._layers[self._layer].text, mask_all if self._privacy.hidden else mask_secrets, self._raw
        if len(text) <= QUICK_CHARACTERS:
            self.workers.cancel_group(self, _LATER)
            self._show(view_body(text, mask, raw=raw))
        else:
            self._show(NOTHING_YET)
            self._later(lambda: view_body(text, mask, raw=raw), (), self._show)

    def _later(self, work: Callable[..., Result], arguments: tuple[object, ...], then: Callable[[Result], None]) -> None:
        """Do bounded work on a thread, once what there is has been drawn; only what was asked for last is taken."""

        async def do() -> None:
            await drawn(self)
            then(await asyncio.to_thread(uncollected, work, *arguments))

        _: Worker[None] = self.run_worker(do, group=_LATER, exclusive=True)

    def _show(self, view: BodyView) -> None:
        self._view = view
        layer = self._layers[self._layer]
        notes = [" › ".join(each.kind for each in self._layers[: self._layer + 1]) if len(self._layers) > 1 else ""]
        notes += [layer.note, f"{len(layer.text):,} characters"]
        if view.masked:
            notes.append(
                "secrets masked as ***" if not self._privacy.hidden else "secrets and personal data masked; H shows the latter"
            )
        notes += view.notes
        self.query_one("#body-title", Static).update(_heading("Body", " · ".join(note for note in notes if note)))
        self.query_one("#body-text", LongText).update(view.drawn)
        more = " · u layers" if len(self._layers) > 1 else ""
        more += " · F fetch it" if self._layers[-1].pointer and self._fetching else ""
        hint = f"esc closes · r raw{more} · y copy · s save{' · H personal data' if self._privacy.hidden else ''}"
        self.query_one("#message", VerticalScroll).border_subtitle = Content(f"{hint}{' · R replay' if self._replay else ''}")

    def _facts(self) -> Content:
        detail, message = self._detail, self._detail.message
        lines = {
            "id": message.message_id,
            "queue": message.queue,
            "state": str(detail.outcome) if detail.outcome else self._state,
            "error": detail.error,
            "at": detail.place,
            "received": shown.plural(message.receive_count, "time"),
            "sent": None if message.sent_at is None else shown.stamp(message.sent_at),
            "group": message.group_id,
        }
        return Content("\n").join([_pair(name, value, 8) for name, value in lines.items() if value is not None])

    def _rest(self) -> Content:
        message = self._detail.message
        sections = [
            *_section("Timeline", ((shown.clock_time(at), text) for at, text in self._detail.timeline)),
            *_section("Attributes", ((name, self._attribute(name, value)) for name, value in message.typed_attributes.items())),
            *_section("System attributes", ((name, _system(name, value)) for name, value in message.system.items())),
        ]
        return Content("\n").join(sections)

    def _attribute(self, name: str, value: AttributeValue) -> str:
        shown = _attribute(name, value)
        return mask_personal(shown) if self._privacy.hidden else shown


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
