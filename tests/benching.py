"""A dashboard with an engine on the bench of a queue, for tests by keys."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from consuming import bodies_in, fill
from sqs_core.bench import JobState, LookState
from sqs_core.engine import Engine
from sqs_core.handlers import make_handler
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.options import DashboardOptions
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest
    from mypy_boto3_sqs import SQSClient
    from textual.pilot import Pilot

    from servers import QueueFactory, TestQueue
    from sqs_core.bench import BenchView
    from sqs_core.message import Message
    from sqs_core.settings import ConnectionSettings


SLOWEST_SECONDS = 20.0


class Bench:
    """A dashboard with an engine, on the bench of a queue."""

    def __init__(self, app: DashboardApp, pilot: Pilot[int], engine: Engine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine

    @property
    def view(self) -> BenchView:
        return self.engine.workbench().view()

    @property
    def on(self) -> str:
        return type(self.app.screen).__name__

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, true: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + SLOWEST_SECONDS
        while not true():
            assert time.monotonic() < give_up, f"{what}: {self.view.state} {self.view.text} {self.view.job}"
            self.app.refresh_frame()
            await asyncio.sleep(0.02)
        self.app.refresh_frame()
        await self.pilot.pause()

    async def seen(self) -> None:
        await self.until(lambda: self.view.state is LookState.SHOWN, "the look")

    async def job(self, state: JobState) -> None:
        await self.until(lambda: self.view.job is not None and self.view.job.state is state, f"work {state}")

    def text(self) -> str:
        screen = self.app.screen
        lines = screen._compositor.render_strips(screen.size)
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


@asynccontextmanager
async def dashboard(
    connection: ConnectionSettings, queue: str, handler: Callable[[Message], None] | None = None
) -> AsyncIterator[Bench]:
    """With a handler its consumer runs; without one the queues are only listed."""
    consumers = [(queue, make_handler(handler))] if handler else []
    engine = Engine(connection, ConsumerSettings(wait_seconds=1, drain_timeout_seconds=5), consumers)
    app = DashboardApp(engine, DashboardOptions(fps=0.001), Departure(engine, lambda _code: None))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        bench = Bench(app, pilot, engine)
        if handler is None:
            table = app.screen.query_one("#browser", LiveTable)
            await bench.until(lambda: queue in {row.key for row in table.rows}, "the queue")
            table.move_to(queue)
        else:
            await bench.until(lambda: queue in app._main.frame.queues, "the queue")
        await pilot.pause()
        try:
            yield bench
        finally:
            engine.stop_now()
            engine.close()


def dead_letters(sqs: SQSClient, factory: QueueFactory, count: int) -> tuple[TestQueue, TestQueue]:
    queue = factory(max_receive_count=3)
    fill(sqs, queue.dead_letters, [json.dumps({"n": number, "type": "refund"}) for number in range(count)])
    return queue, queue.dead_letters


def numbers(sqs: SQSClient, url: str) -> list[int]:
    return sorted(json.loads(body)["n"] for body in bodies_in(sqs, url))


class Nothing:
    """Nothing is suspended in a test: there is no terminal."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def deployed(env: str, url: str, monkeypatch: pytest.MonkeyPatch) -> ConnectionSettings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPLANTED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    return make_connection_settings(env=env, endpoint_url=url, region="us-east-1", allow_endpoints=("127.0.0.1",))
