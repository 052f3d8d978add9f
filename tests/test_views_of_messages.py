"""What faces see of a message: its preview is made late, and nothing of it keeps the message."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sqs_core.ended import to_keep
from sqs_core.held import Held
from sqs_core.ledger import History
from sqs_core.masking import MASK, mask_secrets, remember_secrets
from sqs_core.model import PREVIEW_CHARACTERS, Finished, InFlight, Message, Outcome
from sqs_tui.viewer import Viewer
from tui_canned import consumer, snapshot
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watched(Message):
    """One whose end can be seen."""

    __slots__ = ("__weakref__",)


@pytest.fixture
def without_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def held(body: str = "a body", message: type[Message] = Message) -> tuple[Held, list[str]]:
    """A message, and the texts whose secrets were masked."""
    masked: list[str] = []

    def mask(text: str, limit: int | None) -> str:
        masked.append(text)
        return mask_secrets(text, limit)

    return Held(message("id", body, "handle", "orders", {}), 0.0, 0.0, mask), masked


def views(one: Held) -> tuple[InFlight, Finished]:
    """While it is held, and when it has ended."""
    in_flight = one.record()
    one.end(Outcome.HANDLED, 1.0, None)
    return in_flight, one.finished()


def test_a_preview_is_masked_when_somebody_looks_and_once() -> None:
    one, masked = held()
    in_flight, finished = views(one)
    assert masked == []
    assert (in_flight.preview, finished.preview, finished.preview) == ("a body",) * 3
    assert masked == ["a body"]


@pytest.mark.usefixtures("without_collections")
def test_a_message_is_gone_when_nobody_holds_it_whoever_has_looked() -> None:
    one, _ = held("x" * 100_000, Watched)
    there = weakref.ref(one.message)
    seen = views(one)
    del one
    assert there() is None
    assert {len(view.preview) for view in seen} == {PREVIEW_CHARACTERS}


@pytest.mark.usefixtures("without_collections")
def test_a_frozen_screen_and_a_program_that_keeps_snapshots_keep_no_message() -> None:
    one, _ = held("x" * 100_000, Watched)
    there = weakref.ref(one.message)
    one.end(Outcome.HANDLED, 1.0, None)
    history = History()
    history.add(one)
    facade = FakeFacade(snapshot(consumer(history=history.snapshot())))
    viewer = Viewer(facade, lambda: 0.0)
    kept = to_keep(facade.now)
    viewer.pull()
    viewer.toggle_freeze()
    facade.now = snapshot()
    del one, history
    frozen = viewer.pull().snapshot
    assert there() is None
    assert frozen == kept
    assert kept.consumers[0].history[0].message_id == "id"


def test_what_has_ended_does_not_change_any_more() -> None:
    one, _ = held()
    _, finished = views(one)
    one.handler_seconds = 2.0
    assert finished.handler_ms is None


@pytest.mark.parametrize("length", [10, 799, 800, 801, 5_000, 300_000])
def test_a_late_preview_is_what_an_early_one_would_be(length: int) -> None:
    body = ("word " * length)[:length]
    assert views(held(body)[0])[1].preview == mask_secrets(body, PREVIEW_CHARACTERS)


def test_a_secret_across_the_end_of_what_is_kept_is_not_shown() -> None:
    secret = "".join(f"{number:04x}" for number in range(2_000))
    remember_secrets(secret)
    assert views(held(f"{secret} and more")[0])[1].preview.startswith(MASK)


@pytest.mark.parametrize("which", [0, 1])
def test_views_are_records_like_others(which: int) -> None:
    one, _ = held()
    view = views(one)[which]
    plain = (
        InFlight("id", None, 0.0, one.receive_count, 0.0, 0, None, "a body", one.sent_at),
        Finished("id", Outcome.HANDLED, 1.0, None, None, "a body", receive_count=one.receive_count, sent_at=one.sent_at),
    )[which]
    assert view == plain
    assert plain == view
    assert hash(view) == hash(plain)
    assert replace(view, preview="another").preview == "another"
    assert copy.copy(view) == view
    assert pickle.loads(pickle.dumps(view)) == view
