"""The fault panel: what may go wrong between the demo's consumers and its emulator, injected while one looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sqs_core.demo.faults import FAULT_KINDS, OPERATIONS, SHARES_PERCENT, FaultKind, operation_words
from sqs_tui.rows import Tone
from sqs_tui.screens.choosing import CHOOSING_BINDINGS, Panel
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.demo.deck import Deck

_NAME = 14
_KEY = "bold $text-primary"


class FaultsScreen(Panel, Steady, ModalScreen[None]):
    """Each key acts at once; what came of it is told in the scene's caption.

    Workers and pollers are those of `queue`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,F", "dismiss", "Close"),
        ("o", "operation", "Next operation"),
        ("s", "share", "Next share"),
        ("e", "end", "End all faults"),
        ("w", "kill_worker", "Kill a worker"),
        ("p", "turn_poller", "Freeze or thaw a poller"),
        ("x", "turn_credentials", "Expired or fresh credentials"),
        *CHOOSING_BINDINGS,
    ]

    def __init__(self, deck: Deck, queue: str | None) -> None:
        super().__init__()
        self._deck, self._queue = deck, queue
        self._operation = self._share = 0

    def compose(self) -> ComposeResult:
        """Where, what, and what is injected now."""
        with Vertical(classes="dialog tall") as dialog:
            dialog.border_title = Content("Faults")
            dialog.border_subtitle = Content("enter injects · e ends all · esc closes")
            yield Static(id="fault-target")
            yield OptionList(*(Option(_line(kind), id=kind.id) for kind in FAULT_KINDS), id="faults")
            yield Static(_own_keys(), id="fault-own")
            yield Static(id="fault-active")

    def on_mount(self) -> None:
        """The first of them is under the cursor."""
        self.tell()
        self.choices.focus()

    @on(OptionList.OptionSelected)
    def inject(self, event: OptionList.OptionSelected) -> None:
        """This one, there, to that share."""
        kind = event.option_id
        if kind is not None:
            operation, share = OPERATIONS[self._operation], SHARES_PERCENT[self._share]
            self.attempt(lambda: self._deck.faults.inject(kind, operation, share))

    def action_operation(self) -> None:
        """The next one in turn."""
        self._operation = (self._operation + 1) % len(OPERATIONS)
        self.tell()

    def action_share(self) -> None:
        """The next one in turn."""
        self._share = (self._share + 1) % len(SHARES_PERCENT)
        self.tell()

    def action_end(self) -> None:
        """All well again."""
        self.attempt(self._deck.faults.end)

    def action_kill_worker(self) -> None:
        """One of the selected queue."""
        queue = self._queue
        if queue is not None:
            self.attempt(lambda: self._deck.faults.kill_worker(queue))

    def action_turn_poller(self) -> None:
        """One of the selected queue freezes, or thaws."""
        queue = self._queue
        if queue is not None:
            self.attempt(lambda: self._deck.faults.turn_poller(queue))

    def action_turn_credentials(self) -> None:
        """They expire, or fresh ones come."""
        self.attempt(self._deck.faults.turn_credentials)

    def tell(self) -> None:
        """See `Panel`."""
        operation, share = operation_words(OPERATIONS[self._operation]), f"{SHARES_PERCENT[self._share]} % of the requests"
        target = Content.assemble(
            ("o", _KEY), " ", styled(operation, Tone.STRONG), "   ", ("s", _KEY), " ", styled(share, Tone.STRONG)
        )  # fmt: skip
        self.query_one("#fault-target", Static).update(target)
        active = self._deck.faults.active
        said = f"Now: {' · '.join(active)}" if active else "Now: none injected"
        self.query_one("#fault-active", Static).update(styled(said, Tone.WARNING if active else Tone.MUTED))


def _own_keys() -> Content:
    """What goes by a key of its own."""
    keys = (("w", "kill a worker"), ("p", "freeze, thaw a poller"), ("x", "expire, renew credentials"))
    return Content("   ").join(Content.assemble((key, _KEY), " ", styled(words, Tone.PLAIN)) for key, words in keys)


def _line(kind: FaultKind) -> Content:
    return Content.assemble(styled(f"{kind.id:<{_NAME}}", Tone.STRONG), styled(kind.words, Tone.MUTED))
