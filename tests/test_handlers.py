"""What a handler is, how one is named, and which ends acknowledge a message."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from fakes import NAME
from sqs_core.errors import ConfigurationError
from sqs_core.handlers import HandlerFailedError, load_handler, make_handler
from sqs_core.message import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator
    from pathlib import Path

MESSAGE = Message("id-1", "body", "receipt", NAME)
SOURCE = """
seen = []
class Jobs:
    @staticmethod
    def handle(message): seen.append(message.body)
def handle(message): seen.append(message.body)
def two(first, second): pass
def none(): pass
not_callable = 7
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current directory."""
    name = f"jobs_{uuid.uuid4().hex[:8]}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    return name


@pytest.mark.parametrize("path", ["handle", "Jobs.handle"])
def test_a_function_of_a_module_in_the_current_directory(module: str, path: str) -> None:
    handler = load_handler(f"{module}:{path}")
    handler.bind()(MESSAGE)
    assert sys.modules[module].seen == ["body"]
    assert handler.name == f"{module}:{path}"


@pytest.mark.parametrize(("path", "why"), [
    ("missing", "has no 'missing'"), ("Jobs.missing", "has no 'Jobs.missing'"), ("not_callable", "not callable"),
    ("two", "cannot take one message"), ("none", "cannot take one message"),
])  # fmt: skip
def test_what_is_no_function_of_one_message_is_refused(module: str, path: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as error:
        load_handler(f"{module}:{path}")
    assert repr(f"{module}:{path}") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("source", "why"), [
    ("import nothing_of_this_name", "needs module 'nothing_of_this_name'"), ("import sys; sys.exit(3)", "SystemExit"),
    ("raise ValueError('two\\nlines')", "ValueError: two lines"), ("def broken(:", "SyntaxError"),
])  # fmt: skip
def test_a_module_that_cannot_be_imported_is_refused(module: str, tmp_path: Path, source: str, why: str) -> None:
    (tmp_path / f"bad_{module}.py").write_text(source)
    with pytest.raises(ConfigurationError, match=why) as error:
        load_handler(f"bad_{module}:handle")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spec", ["no_such_module:handle", "no_such.module.at_all:handle", "os.no_such:handle"])
def test_a_module_that_is_not_there_is_refused(module: str, spec: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no module named|is not a package"):
        load_handler(spec)


@pytest.mark.parametrize("spec", ["", "handle", "module", "module:", "exec:", "builtin:", ":handle", ".jobs:handle", "a b:c"])
def test_what_is_no_spec_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_handler(spec)
    assert repr(spec) in str(error.value)


@pytest.mark.parametrize("spec", ["builtin:echo", "builtin:noop", "builtin:sleep?seconds=0", "builtin:sleep?seconds=0&jitter=0",
                                  "builtin:fail?rate=0"])  # fmt: skip
def test_a_builtin_that_succeeds(spec: str) -> None:
    load_handler(spec).bind()(MESSAGE)


@pytest.mark.parametrize("spec", ["builtin:fail", "builtin:fail?rate=1", "builtin:sleep?seconds=0&fail=1"])
def test_a_builtin_that_fails(spec: str) -> None:
    with pytest.raises(HandlerFailedError, match="on purpose"):
        load_handler(spec).bind()(MESSAGE)


@pytest.mark.parametrize("spec", [
    "builtin:nothing", "builtin:echo?x=1", "builtin:noop?seconds=1", "builtin:fail?rate=2", "builtin:fail?rate=-0.1",
    "builtin:fail?rate=nan", "builtin:fail?seconds=1", "builtin:sleep?seconds=-1", "builtin:sleep?jitter=-1",
    "builtin:sleep?seconds=x", "builtin:sleep?seconds", "builtin:sleep?fail=7", "builtin:sleep?second=1",
    "builtin:sleep?seconds=inf", "builtin:sleep?seconds=nan",
])  # fmt: skip
def test_a_builtin_with_wrong_options_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_handler(spec)
    assert repr(spec) in str(error.value)


def test_what_is_not_callable_is_no_handler() -> None:
    with pytest.raises(ConfigurationError, match="not callable"):
        make_handler(7)  # type: ignore[arg-type]


async def _coroutine(_message: Message) -> None:
    await asyncio.sleep(0)


async def _failing(_message: Message) -> None:
    await asyncio.sleep(0)
    raise ValueError("no")


class _AsyncCallable:
    async def __call__(self, message: Message) -> None:
        await _failing(message)


# asyncio would warn of an event loop inside the test's own, so these run where workers run: on a thread.
def _on_a_thread(handler: Callable[[Message], Any], calls: int = 1) -> list[BaseException | None]:
    ends: list[BaseException | None] = []

    def run() -> None:
        bound = make_handler(handler).bind()
        for _ in range(calls):
            try:
                bound(MESSAGE)
            except BaseException as error:  # noqa: BLE001 - the ends are what is looked at
                ends.append(error)
            else:
                ends.append(None)
        bound.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    return ends


def test_an_async_handler_is_run() -> None:
    assert _on_a_thread(_coroutine, calls=2) == [None, None]
    for handler in (_failing, _AsyncCallable(), functools.partial(_failing)):
        assert isinstance(_on_a_thread(handler)[0], ValueError)


def test_an_async_handler_keeps_one_loop_for_its_worker() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def handle(_message: Message) -> None:
        loops.append(asyncio.get_running_loop())

    _on_a_thread(handle, calls=3)
    assert len(set(loops)) == 1
    assert loops[0].is_closed()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_an_async_handler_that_wants_to_end_the_process_fails_its_message_alone(kind: type[BaseException]) -> None:
    calls: list[int] = []

    async def handle(_message: Message) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise kind

    first, second = _on_a_thread(handle, calls=2)
    assert isinstance(first, kind)
    assert second is None


def _returns_coroutine(message: Message) -> Awaitable[None]:
    return _coroutine(message)


def _returns_future(_message: Message) -> Awaitable[None]:
    loop = asyncio.new_event_loop()
    try:
        return loop.create_future()
    finally:
        loop.close()


def _generator(_message: Message) -> Generator[int]:
    yield 1


async def _async_generator(_message: Message) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("handler", [
    _returns_coroutine, _returns_future, _generator, _async_generator, functools.partial(_returns_coroutine),
])  # fmt: skip
def test_work_that_nobody_ran_fails_the_message(handler: Callable[[Message], Any]) -> None:
    with pytest.raises(HandlerFailedError, match="async def"):
        make_handler(handler).bind()(MESSAGE)


def test_any_other_value_returned_acknowledges() -> None:
    for value in (None, False, 0, "no", [1], object()):
        make_handler(functools.partial(_constant, value)).bind()(MESSAGE)


def _constant(value: object, _message: Message) -> object:
    return value
