"""What a viewer may ask of a consumer, carried out on its engine. Whatever changes something is in the action log first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.action_log import record
from sqs_core.capabilities import require_write
from sqs_core.errors import ConfigurationError, describe
from sqs_core.events import Code
from sqs_core.model import Level, PoolName
from sqs_core.plain_text import one_line
from sqs_core.remote.details import detail_to_json
from sqs_core.remote.records import reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.engine import Engine

_LONGEST_REASON = 500
_LOGGED = ("workers", "pollers", "message_id", "message_ids")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the user id as the system says, and the name and reason that the viewer gives."""

    user_id: int
    who: str
    why: str

    @classmethod
    def of(cls, user_id: int, request: Mapping[str, Any]) -> Asker:
        """Of a request. Raises `MalformedError`."""
        who, why = (one_line(reader(str)(request.get(name) or "", name), _LONGEST_REASON) for name in ("who", "why"))
        return cls(user_id, who, why)


class Commands:
    """Of one engine. Raises `ConfigurationError` for what is refused, `MalformedError` for what is no request."""

    def __init__(self, engine: Engine, *, allowed: bool) -> None:
        self.allowed = allowed
        self._engine = engine

    def control(self, request: Mapping[str, Any], asker: Asker) -> str:
        """Carry out pause, resume, resize, drain or replay; what was begun, in words."""
        kind = request["type"]
        if not self.allowed:
            raise ConfigurationError(f"{kind} is refused: this consumer is view only; start it with --control to allow commands")
        queue = reader(str | None)(request.get("queue"), "queue")
        self._log(kind, asker, queue, "asked", request)
        try:
            said = self._carry_out(kind, queue, request, asker)
        except Exception as error:
            self._log(kind, asker, queue, f"refused: {describe(error)}", request)
            raise
        text = f"{said}, asked for by {asker.who or 'a viewer'} (uid {asker.user_id}){f': {asker.why}' if asker.why else ''}"
        self._engine.events.record(Level.INFO, Code.CONTROL, queue, text)
        return said

    def _carry_out(self, kind: str, queue: str | None, request: Mapping[str, Any], asker: Asker) -> str:
        engine, whose = self._engine, queue or "all queues"
        if kind == "pause":
            engine.pause(queue)
            return f"{whose}: pausing"
        if kind == "resume":
            engine.resume(queue)
            return f"{whose}: receiving"
        if kind == "drain":
            engine.drain()
            return "draining"
        if kind == "resize":
            return f"{whose}: {self._resize(queue, request)}"
        return self._replay(queue, request, asker)

    def _resize(self, queue: str | None, request: Mapping[str, Any]) -> str:
        wanted = {pool: reader(int | None)(request.get(pool.value), pool.value) for pool in PoolName}
        chosen = {pool: target for pool, target in wanted.items() if target is not None}
        if not chosen:
            raise ConfigurationError("resize needs workers or pollers: how many there are to be")
        for name in [queue] if queue else [consumer.name for consumer in self._engine.consumers]:
            for pool, target in chosen.items():
                self._engine.resize(name, pool, target)
        return " and ".join(f"{target} {pool}" for pool, target in chosen.items())

    def _replay(self, queue: str | None, request: Mapping[str, Any], asker: Asker) -> str:
        message_id = reader(str)(request.get("message_id"), "message_id")
        body = reader(str | None)(request.get("body"), "body")
        connection = self._engine.connection
        if not connection.environment.deployed:
            require_write(connection, "a replay")
        elif not asker.why:
            raise ConfigurationError(f"a replay in {connection.environment} needs a reason")
        self._engine.replay(queue or "", message_id, body, allowed=True)
        return f"{queue}: replaying {message_id}"

    def message(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """A message that is held or in the history ring; None when it has been forgotten."""
        queue, message_id = (reader(str)(request.get(name), name) for name in ("queue", "message_id"))
        detail = self._engine.message(queue, message_id)
        return None if detail is None else detail_to_json(detail)

    def unmask(self, request: Mapping[str, Any], asker: Asker) -> str:
        """Write down that somebody looks at a message's personal data."""
        queue, message_id = (reader(str)(request.get(name), name) for name in ("queue", "message_id"))
        self._log("unmask", asker, queue, "shown", {"message_ids": [message_id]})
        return "logged"

    def _log(self, kind: str, asker: Asker, queue: str | None, result: str, request: Mapping[str, Any]) -> None:
        asked = {name: request[name] for name in _LOGGED if name in request}
        named = {"who": asker.who} if asker.who else {}
        more = {"uid": asker.user_id, "endpoint": self._engine.endpoint, "queue": queue, "reason": asker.why or None, **named}
        record(self._engine.connection, kind, result=result, **more, **asked)
