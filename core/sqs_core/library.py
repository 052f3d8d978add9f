"""The consumer as a library: one class, no screen."""

from __future__ import annotations

import threading
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from sqs_core.ended import to_keep
from sqs_core.engine import Engine
from sqs_core.handlers import make_handler
from sqs_core.model import PoolName
from sqs_core.remote.serving import control_socket
from sqs_core.runner import SignalStops, Stops, run_engine
from sqs_core.settings import ConsumerSettings, make_connection_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqs_core.model import Message, Snapshot
    from sqs_core.runner import RunResult


class Consumer:
    """Consume a queue with a function of one message.

        def handle(message):
            print(message.message_id, message.json())

        Consumer("orders", handler=handle, workers=8).run()

    `queue` is a name, a URL or an ARN. `handler` is a function (also `async def`) or a spec such as "exec:./handle".
    Keyword settings are those of `ConsumerSettings`; `env`, `endpoint_url`, `region`, `profile` and `allow_endpoints` say
    where the queue is, with the command line's defaults. With `control=True` a control socket lets `sqs-tui attach` watch and
    steer it while it runs; `control="view"` lets it only watch. Raises `ConfigurationError` for what cannot work.
    """

    def __init__(
        self,
        queue: str,
        *,
        handler: str | Callable[[Message], Any],
        env: str | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        allow_endpoints: tuple[str, ...] = (),
        control: bool | Literal["view"] = False,
        **settings: Any,
    ) -> None:
        chosen = ConsumerSettings(**settings)
        connection = make_connection_settings(
            env=env, endpoint_url=endpoint_url, region=region, profile=profile, allow_endpoints=allow_endpoints
        )
        made = make_handler(handler, chosen.handler_timeout_seconds)
        self._engine = Engine(connection, chosen, [(queue, made)])
        self._queue = self._engine.consumers[0].name
        self._stops = Stops()
        self._control = control
        self._reachable = ExitStack()

    def run(self, *, max_messages: int | None = None, duration_seconds: float | None = None) -> RunResult:
        """Consume until a limit, `stop`, or a signal (SIGTERM and SIGINT drain, when this is the main thread)."""
        with SignalStops() as stops, self._socket():
            self._stops = stops
            return run_engine(self._engine, stops, maximum_messages=max_messages, duration_seconds=duration_seconds)

    def start(self) -> None:
        """Consume in background threads. Installs no signal handler; call `stop` before the process ends."""
        self._reachable.enter_context(self._socket())
        self._engine.start()

    def _socket(self) -> AbstractContextManager[None]:
        if not self._control:
            return nullcontext()
        return control_socket(self._engine, control=self._control is True)

    def stop(self, timeout_seconds: float | None = None) -> bool:
        """Drain, at most so long (default: the drain timeout), and say whether the stop was clean. Works from any thread."""
        self._stops.request()
        self._engine.drain(timeout_seconds)
        deadline = self._engine.settings.drain_timeout_seconds if timeout_seconds is None else timeout_seconds
        clock, pause = self._engine.clock.monotonic, threading.Event()
        end = clock() + deadline
        while not self._engine.ended():
            if clock() >= end:
                self._engine.stop_now()
                end = clock() + 1.0
            pause.wait(0.01)
        self._engine.close()
        self._reachable.close()
        return self._engine.clean()

    def pause(self) -> None:
        """Stop receiving and work off what is held."""
        self._engine.pause()

    def resume(self) -> None:
        """Receive again."""
        self._engine.resume()

    def resize(self, pool: PoolName | Literal["workers", "pollers"], target: int) -> None:
        """Set the number of "workers" or "pollers" while running."""
        self._engine.resize(self._queue, PoolName(pool), target)

    def snapshot(self) -> Snapshot:
        """Everything there is to know at this moment; it may be kept, copied and sent on, and holds no bodies."""
        return to_keep(self._engine.snapshot())
