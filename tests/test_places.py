"""Where a handler failed: the last line of its own code, told cheaply and in a way that stays the same."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from fakes import Bench
from sqs_core.errors import Retry
from sqs_core.failures import Cause
from sqs_core.handlers import Handler, load_handler, make_handler
from sqs_core.places import LONGEST_PLACE, cause_of
from sqs_core.pool import Slot
from sqs_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqs_core.message import Message


def _cause(handler: Handler | Callable[[Message], Any]) -> Cause:
    """What a worker notes of a handler that fails."""
    bench = Bench()
    bench.receive("no JSON")
    worker = Worker(bench.holding, handler if isinstance(handler, Handler) else make_handler(handler))
    slot = Slot("worker-1")
    worker.step(slot)
    worker.close(slot)
    (held,) = bench.holding.settling
    assert held.verdict is not None
    assert held.verdict.cause is not None
    return held.verdict.cause


def _line(function: Callable[..., Any], text: str) -> int:
    """The number of a function's line that holds a text."""
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


def charge(_message: Message) -> None:
    raise ValueError("no such order")


async def charge_later(message: Message) -> None:
    charge(message)


def by_library(message: Message) -> None:
    message.json()


def retried(_message: Message) -> None:
    raise Retry(5)


def chained(message: Message) -> None:
    try:
        charge(message)
    except ValueError as error:
        raise KeyError("order") from error


class Charging:
    def __call__(self, message: Message) -> None:
        charge(message)


def test_the_place_is_where_it_was_raised() -> None:
    place = f"test_places.py:{_line(charge, 'raise')} in charge"
    for handler in (charge, charge_later, Charging(), functools.partial(charge), lambda message: charge(message)):
        assert _cause(handler) == Cause("ValueError", place)


def test_what_a_library_raised_is_placed_where_the_handler_called_it() -> None:
    assert _cause(by_library) == Cause("JSONDecodeError", f"test_places.py:{_line(by_library, 'json()')} in by_library")


def test_an_asked_for_retry_and_a_chained_error_have_their_places() -> None:
    assert _cause(retried) == Cause("Retry", f"test_places.py:{_line(retried, 'raise')} in retried")
    assert _cause(chained) == Cause("KeyError", f"test_places.py:{_line(chained, 'raise')} in chained")


def test_where_only_a_library_failed_there_is_no_place() -> None:
    assert _cause(functools.partial(json.loads)) == Cause("TypeError", None)


@pytest.mark.parametrize(("folder", "module"), [(".", "jobs"), ("app", "app.jobs"), ("a/b/c/d", "a.b.c.d.jobs")])
@pytest.mark.parametrize("installed", [False, True])
def test_the_file_is_named_from_the_import_path_on_even_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, module: str, installed: bool
) -> None:
    base = tmp_path / "site-packages" if installed else tmp_path
    (base / folder).mkdir(parents=True, exist_ok=True)
    (base / folder / "jobs.py").write_text("def charge(message):\n    raise ValueError(message.body)\n")
    monkeypatch.syspath_prepend(str(base))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("jobs", "app", "a")]:
        monkeypatch.delitem(sys.modules, name)
    file = "/".join([*folder.split("/"), "jobs.py"][-4:]).removeprefix("./")
    assert _cause(load_handler(f"{module}:charge")) == Cause("ValueError", f"{file}:2 in charge")


def test_programs_and_services_are_placed_by_their_status() -> None:
    program = load_handler(f"exec:{sys.executable} -c 'import sys; sys.exit(\"order 7 is gone\")'")
    assert _cause(program) == Cause("exec", "exit status 1")
    assert _cause(load_handler("builtin:fail")) == Cause("HandlerFailedError", None)


def test_a_deep_traceback_is_walked_and_a_place_is_short() -> None:
    def deep(left: int) -> None:
        if not left:
            raise ValueError
        deep(left - 1)

    assert _cause(lambda _message: deep(300)).place == f"test_places.py:{_line(deep, 'raise')} in deep"
    scope: dict[str, Any] = {"__name__": "x" * 500}
    exec(compile(f"def {'f' * 500}(message): raise ValueError", "/" + "y" * 500, "exec"), scope)
    place = _cause(scope["f" * 500]).place
    assert place is not None
    assert len(place) == LONGEST_PLACE


def test_an_exception_that_lies_about_itself_is_still_a_failure() -> None:
    class Liar(type):
        def __getattribute__(cls, name: str) -> Any:
            if name == "__name__":
                raise RuntimeError("who asks?")
            return super().__getattribute__(name)

    class Lying(Exception, metaclass=Liar):  # noqa: N818
        pass

    assert cause_of(Lying(), "app") == Cause("exception")


def test_no_source_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("formatted a traceback")

    for name in ("format_exception", "extract_tb", "walk_tb"):
        monkeypatch.setattr(traceback, name, forbidden)
    assert _cause(charge).kind == "ValueError"
