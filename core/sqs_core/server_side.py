"""SQS's own move task: all of a dead-letter queue at once, by SQS. No choice, no proof per message, and no undo."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.action_log import Action
from sqs_core.answers import call
from sqs_core.capabilities import require_write
from sqs_core.client import ClientProfile
from sqs_core.errors import ConfigurationError, ProtocolError, RequestError
from sqs_core.queue_facts import fetch_attributes, looking_client, resolve_queue
from sqs_core.settings import parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.client import AwsSession
    from sqs_core.peek import Place

MOVING = ClientProfile("move task", 10.0, 1, frozenset({"StartMessageMoveTask", "CancelMessageMoveTask", "ListMessageMoveTasks"}))
FASTEST_RATE = 500
_ENDED = frozenset({"COMPLETED", "CANCELLED", "FAILED"})
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TaskState:
    """As SQS tells it, about once a minute on AWS. `state` is RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED."""

    state: str
    moved: int
    total: int | None
    why: str = ""

    @property
    def ended(self) -> bool:
        """Whether SQS works on it no longer."""
        return self.state in _ENDED


class MoveTask:
    """A task for one dead-letter queue. `rate` is messages a second, 1–500, None as SQS thinks best."""

    def __init__(self, session: AwsSession, source: Place, to: str | None, rate: float | None) -> None:
        if rate is not None and not 1 <= rate <= FASTEST_RATE:
            raise ConfigurationError(
                f"--rate {rate:g} is not between 1 and {FASTEST_RATE}, which is what a move task of SQS takes"
            )
        require_write(session.connection, f"a move task for {source.name}")
        self._session, self._source = session, source
        with looking_client(session) as look:
            self._arn = fetch_attributes(look, source.url)["QueueArn"]
            self._options: dict[str, Any] = {}
            if to is not None:
                url = resolve_queue(parse_queue(to), look, session.connection.region)
                self._options["DestinationArn"] = fetch_attributes(look, url)["QueueArn"]
        if rate is not None:
            self._options["MaxNumberOfMessagesPerSecond"] = int(rate)

    def run(self, told: Callable[[TaskState], None], stop: threading.Event) -> TaskState:
        """Start it and wait for its end; `stop` cancels it, which undoes nothing. Raises `RequestError`."""
        client = self._session.client(MOVING)
        action = Action(self._session, self._source, "move task")
        state = TaskState("UNKNOWN", 0, None)
        try:
            request: Any = {"SourceArn": self._arn, **self._options}
            handle = call("StartMessageMoveTask", lambda: client.start_message_move_task(**request)).get("TaskHandle")
            if not handle:
                raise RequestError("StartMessageMoveTask", ProtocolError("the answer names no task: it may or may not run"))
            cancelled, pause = False, threading.Event()
            while not (state := self._state(client)).ended:
                told(state)
                if (pause if cancelled else stop).wait(_LOOK_SECONDS) and not cancelled:
                    call("CancelMessageMoveTask", lambda: client.cancel_message_move_task(TaskHandle=str(handle)))
                    cancelled = True
        finally:
            action.end(f"{state.state}, about {state.moved} moved", [])
            client.close()
        return state

    def _state(self, client: Any) -> TaskState:
        answer = call("ListMessageMoveTasks", lambda: client.list_message_move_tasks(SourceArn=self._arn, MaxResults=1))
        newest = (answer.get("Results") or [{}])[0]
        moved, total = (newest.get(f"ApproximateNumberOfMessages{name}") for name in ("Moved", "ToMove"))
        return TaskState(str(newest.get("Status", "UNKNOWN")), int(moved or 0), total, str(newest.get("FailureReason") or ""))
