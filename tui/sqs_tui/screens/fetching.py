"""Fetching what a body only points to: asked first, then read without keeping the screen waiting."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.errors import describe
from sqs_tui.format import key_tail
from sqs_tui.safe_text import content, one_line
from sqs_tui.screens.dialogs import Confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import ModalScreen

    from sqs_core.facade import EngineFacade
    from sqs_core.unwrap import Pointer


@dataclass(frozen=True, slots=True)
class Fetching:
    """How an object is fetched, and `who` reads it. `fetch` gives its text and a note, and raises where it cannot."""

    who: str
    fetch: Callable[[Pointer], tuple[str, str]]

    @classmethod
    def of(cls, facade: EngineFacade) -> Fetching | None:
        """With this session's credentials; None where the engine, and so they, are of another process."""
        if facade.link() is not None:
            return None
        credentials = facade.snapshot().credentials
        who = f"{credentials.provider} {key_tail(credentials.key_hint)}".strip() if credentials else "the session's credentials"
        return cls(who, facade.workbench().fetch_payload)

    def ask(self, screen: ModalScreen[None], pointer: Pointer, then: Callable[[str, str], None]) -> None:
        """Ask whether to fetch; `then` is told the text and the note. A refusal is a toast."""
        question = Content.assemble(
            "Read ", content(str(pointer), 300, style="bold"), "\n\nwith ", content(self.who, style="bold"),
            "? At most 2 MiB of it are shown.\nReading changes nothing in S3 or SQS.",
        )  # fmt: skip

        def answer(yes: bool | None) -> None:
            if yes:
                threading.Thread(target=self._fetch, args=(screen, pointer, then), name="fetch", daemon=True).start()

        screen.app.push_screen(Confirm("Fetch from S3", question, "Yes, read it"), answer)

    def _fetch(self, screen: ModalScreen[None], pointer: Pointer, then: Callable[[str, str], None]) -> None:
        try:
            done = partial(then, *self.fetch(pointer))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and the message stays
            done = partial(_refuse, screen, describe(error))
        with suppress(RuntimeError):  # the screen may have been left meanwhile
            screen.app.call_from_thread(lambda: done() if screen.is_attached else None)


def _refuse(screen: ModalScreen[None], text: str) -> None:
    screen.notify(one_line(f"not fetched: {text}"), severity="error", markup=False)
