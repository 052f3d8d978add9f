"""What a handler is, and how one is named on a command line.

A handler takes one `Message`. Returning acknowledges it, raising hands it back, `raise Retry(delay_seconds=…)` hands it back
for so long, `raise Discard()` deletes it. `async def` handlers run on their worker's own event loop.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import math
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sqs_core.errors import ConfigurationError, SqsTuiError, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqs_core.failures import Cause
    from sqs_core.model import Message

    Stop = Callable[[Collection[str] | None], None]

_LOG = logging.getLogger("sqs_core.handler")
KINDS = "module:function, exec:COMMAND, http://URL or builtin:echo|noop|sleep|fail"


class HandlerFailedError(SqsTuiError):
    """A handler did not succeed, told without an exception of its own: an exit status, an HTTP status, a wrong return.

    `cause` is what such failures are grouped by; without one, by their text.
    """

    def __init__(self, text: str, cause: Cause | None = None) -> None:
        super().__init__(text)
        self.cause = cause


class Handler:
    """A handler with the name to show. `stop` ends what it started outside this process, such as programs; `close` waits for it.

    `again` makes the same handler anew, where there is something to end.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Message], Any],
        stop: Stop | None = None,
        close: Callable[[], None] | None = None,
        again: Callable[[], Handler] | None = None,
    ) -> None:
        self.name = name
        self._function = function
        self._stop, self._close, self._again = stop, close, again

    def apart(self) -> Handler:
        """The same for one consumer alone: what it stops is not another's."""
        return self if self._again is None else self._again()

    def bind(self) -> BoundHandler:
        """The handler for one worker thread."""
        return BoundHandler(self._function)

    def stop(self, message_ids: Collection[str] | None = None) -> None:
        """End what the handler started outside this process, for these messages or for all; called when nobody waits for it."""
        if self._stop is not None:
            self._stop(message_ids)

    def close(self) -> None:
        """Wait, but not for long, until what was to be ended has ended; called when this process is about to end."""
        if self._close is not None:
            self._close()


class BoundHandler:
    """A handler on one thread. Calling it returns None for an acknowledged message and raises otherwise.

    `package` is the top-level package (or module) of its code.
    """

    def __init__(self, function: Callable[[Message], Any]) -> None:
        self._function = function
        self.package = str(getattr(function, "__module__", "")).partition(".")[0]
        self._asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object whose __call__ is async
        )
        self._runner: asyncio.Runner | None = None

    def __call__(self, message: Message) -> None:
        """Handle one message."""
        result = self._function(message)
        if self._asynchronous:
            self._run(result)
        elif result is None:
            return
        elif inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
            kind = type(result).__name__
            if inspect.iscoroutine(result) or inspect.isgenerator(result):
                result.close()
            raise HandlerFailedError(f"the handler returned a {kind} that nobody ran: make it `async def`, or await it inside")

    def _run(self, awaitable: Any) -> None:
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            self._runner.run(awaitable)
        except Exception:
            raise
        except BaseException:
            self.close()  # a loop that SystemExit went through is not to be trusted with the next message
            raise

    def close(self) -> None:
        """Close the event loop, if one was made."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()


def load_handler(spec: str, timeout_seconds: float | None = None) -> Handler:
    """Make a handler from its spec. Raises `ConfigurationError` with one line for anything that cannot work."""
    kind, separator, rest = spec.partition(":")
    if not separator or not rest.strip():
        raise ConfigurationError(f"handler {spec!r} is not understood: use {KINDS}")
    if kind == "builtin":
        return Handler(spec, _builtin(spec, rest))
    if kind == "exec":
        return _program(spec, rest)
    if kind in ("http", "https"):
        from sqs_core.handler_http import HttpHandler

        return Handler(spec, HttpHandler(spec, timeout_seconds))
    return Handler(spec, _import_function(spec, kind, rest))


def _program(spec: str, command: str) -> Handler:
    from sqs_core.handler_exec import ProgramHandler

    program = ProgramHandler(spec, command)
    return Handler(spec, program, program.stop, program.close, lambda: _program(spec, command))


def make_handler(handler: str | Callable[[Message], Any], timeout_seconds: float | None = None) -> Handler:
    """A handler from a spec or from a function."""
    if isinstance(handler, str):
        return load_handler(handler, timeout_seconds)
    if not callable(handler):
        raise ConfigurationError(f"handler {handler!r} is not callable: pass a function that takes one message")
    name = f"{getattr(handler, '__module__', '?')}:{getattr(handler, '__qualname__', type(handler).__name__)}"
    return Handler(name, handler)


def _import_function(spec: str, module_name: str, path: str) -> Callable[[Message], Any]:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if missing == module_name or module_name.startswith(f"{missing}."):
            raise ConfigurationError(f"handler {spec!r}: no module named {missing!r} here or on the import path") from error
        raise ConfigurationError(f"handler {spec!r}: {module_name} needs module {missing!r}, which is not installed") from error
    except (Exception, SystemExit) as error:
        raise ConfigurationError(f"handler {spec!r}: importing {module_name} failed: {describe(error)}") from error
    for part in path.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as error:
            raise ConfigurationError(f"handler {spec!r}: {module_name} has no {path!r}") from error
    if not callable(target):
        raise ConfigurationError(f"handler {spec!r}: {path!r} is a {type(target).__name__}, not callable")
    return _checked_signature(spec, target)


def _checked_signature(spec: str, function: Callable[[Message], Any]) -> Callable[[Message], Any]:
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise ConfigurationError(f"handler {spec!r} cannot take one message: {error}") from error
    except ValueError:
        return function  # built in C and silent about its arguments
    return function


def _echo(message: Message) -> None:
    _LOG.info("%s", message.body, extra={"message_id": message.message_id, "queue": message.queue})


def _noop(_message: Message) -> None:
    return None


def _builtin(spec: str, rest: str) -> Callable[[Message], Any]:
    name, _, query = rest.partition("?")
    options = _options(spec, query)
    if name == "echo" and not options:
        return _echo
    if name == "noop" and not options:
        return _noop
    if name == "fail" and not options.keys() - {"rate"}:
        return _sleep_and_fail(0.0, 0.0, _rate(spec, options.get("rate", 1.0)))
    if name == "sleep" and not options.keys() - {"seconds", "jitter", "fail"}:
        seconds, jitter = options.get("seconds", 1.0), options.get("jitter", 0.0)
        if min(seconds, jitter) < 0:
            raise ConfigurationError(f"handler {spec!r}: seconds and jitter cannot be negative")
        return _sleep_and_fail(seconds, jitter, _rate(spec, options.get("fail", 0.0)))
    raise ConfigurationError(f"handler {spec!r}: known are echo, noop, sleep?seconds=0.2&jitter=0.1&fail=0.1, fail?rate=0.1")


def _options(spec: str, query: str) -> dict[str, float]:
    try:
        options = {name: float(value) for name, value in parse_qsl(query, strict_parsing=bool(query))}
    except ValueError as error:
        raise ConfigurationError(f"handler {spec!r}: options are name=number, joined by &") from error
    for name, value in options.items():
        if not math.isfinite(value):
            raise ConfigurationError(f"handler {spec!r}: {name} is {value}, which is no finite number")
    return options


def _rate(spec: str, rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ConfigurationError(f"handler {spec!r}: a failure rate is between 0 and 1, not {rate:g}")
    return rate


def _sleep_and_fail(seconds: float, jitter: float, rate: float) -> Callable[[Message], None]:
    def handle(_message: Message) -> None:
        time.sleep(max(0.0, seconds + random.uniform(-jitter, jitter)))
        if random.random() < rate:
            raise HandlerFailedError("this handler fails on purpose")

    return handle
