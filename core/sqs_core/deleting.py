"""Deleting chosen messages of a queue: found by receiving, written to a backup, and only then deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.backups import Backup
from sqs_core.capabilities import require_write
from sqs_core.move_report import MoveReport, MoveResult, State
from sqs_core.sweep import open_sweep

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqs_core.client import AwsSession
    from sqs_core.message import Message
    from sqs_core.peek import Place


class Deleter:
    """Deletes messages by id. `stop` may be set at any time: the rest is handed back."""

    def __init__(self, session: AwsSession, source: Place, only: frozenset[str], stop: threading.Event) -> None:
        self.report = MoveReport()
        self._session, self._source, self._only, self._stop = session, source, only, stop

    def run(self, agree: Callable[[int], bool]) -> MoveReport:
        """Find them, ask with how many were found, and delete them. A deleted one counts as moved: into the backup.

        Raises `ConfigurationError` and `RequestError` before anything was deleted.
        """
        require_write(self._session.connection, f"deleting messages of {self._source.name}")
        with open_sweep(self._session, self._source) as (_, sweep):
            found: dict[str, Message] = {}
            for messages in sweep.receive(self._stop):
                found |= {message.message_id: message for message in messages if message.message_id in self._only}
                if len(found) == len(self._only):
                    break
            if not found or self._stop.is_set() or not agree(len(found)):
                return self.report
            action = Action(self._session, self._source, "delete")
            backup = Backup(self._source.name)
            backup.write(found.values())
            self.report.backup = str(backup.path)
            refused = sweep.delete(list(found))
            self.report.results = [
                MoveResult(message_id, State.FAILED if message_id in refused else State.MOVED, None, refused.get(message_id, ""))
                for message_id in found
            ]
            gone = sorted(self._only - set(found))
            self.report.results += [
                MoveResult(each, State.SKIPPED, None, "it did not come: gone, or held by another") for each in gone
            ]
            action.end("deleted", [message_id for message_id in found if message_id not in refused])
        return self.report
