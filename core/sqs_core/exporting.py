"""Messages of a queue written to a file, a JSON object a line; deleted only where that is asked, once they are on the disk."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.back_door import behind
from sqs_core.capabilities import require_write
from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines, finish_last_line
from sqs_core.message_json import message_to_json
from sqs_core.peek import Rung
from sqs_core.sweep import Sweep, open_sweep

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqs_core.client import AwsSession
    from sqs_core.message import Message
    from sqs_core.peek import Place
    from sqs_core.selecting import Selection


@dataclass(slots=True)
class Exported:
    """What was done: `seen` messages, of which `written` are in the file and `deleted` no longer in the queue.

    `trouble` says why it ended early, or what could not be deleted.
    """

    rung: Rung
    seen: int = 0
    written: int = 0
    deleted: int = 0
    trouble: str = ""


class Exporter:
    """Writes the messages that a selection chooses, at most `maximum` of them."""

    def __init__(
        self, session: AwsSession, place: Place, selection: Selection, maximum: int | None, stop: threading.Event
    ) -> None:
        self._session, self._place, self._selection = session, place, selection
        self._maximum, self._stop = maximum, stop

    def from_page(self, path: Path, *, append: bool) -> Exported | None:
        """From the emulator's own page, at no cost; None where there is none. Nothing is deleted."""
        found = behind(self._session.connection, self._session.service_url(), self._place.name, self._place.url)
        if found is None:
            return None
        done = Exported(Rung.BACK_DOOR)
        with _opened(path, append=append) as descriptor:
            chosen = self._chosen((message for message, _ in found), done)
            append_lines(descriptor, map(message_to_json, chosen))
        return done

    def by_receiving(self, path: Path, told: Callable[[int], None], *, append: bool, delete: bool) -> Exported:
        """By receiving; what is not deleted is handed back at the end. `told` hears how many more were written.

        Raises `ConfigurationError` where a look might harm a message, and `RequestError` where nothing could be received.
        """
        require_write(self._session.connection, f"an export of {self._place.name}, which receives,")
        done = Exported(Rung.RECEIVE)
        with open_sweep(self._session, self._place) as (_, sweep), _opened(path, append=append) as descriptor:
            what = "export and delete" if delete else "export"
            action = Action(self._session, self._place, what)
            ids: list[str] = []
            for messages in sweep.receive(self._stop):
                chosen = list(self._chosen(messages, done))
                at = time.time()
                append_lines(descriptor, (message_to_json(message, at) for message in chosen))
                told(len(chosen))
                ids += [message.message_id for message in chosen]
                if delete:
                    self._delete(sweep, chosen, done)
                if self._enough(done):
                    break
            done.trouble = done.trouble or sweep.trouble
            action.end(done.trouble or ("deleted" if delete else "handed back"), ids)
        return done

    def _chosen(self, messages: Iterable[Message], done: Exported) -> Iterator[Message]:
        for message in messages:
            done.seen += 1
            if not self._enough(done) and self._selection.chooses(message):
                done.written += 1
                yield message

    def _enough(self, done: Exported) -> bool:
        return self._maximum is not None and done.written >= self._maximum

    def _delete(self, sweep: Sweep, messages: list[Message], done: Exported) -> None:
        refused = sweep.delete([message.message_id for message in messages])
        done.deleted += len(messages) - len(refused)
        if refused:
            message_id, why = next(iter(refused.items()))
            done.trouble = f"{len(refused)} are written but not deleted, such as {message_id}: {why}"


@contextlib.contextmanager
def _opened(path: Path, *, append: bool) -> Iterator[int]:
    """A new file, readable by its owner alone, or an old one to add to. Raises `ConfigurationError`."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (0 if append else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists: choose another name, or add to it with --append") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): nothing was exported") from error
    try:
        finish_last_line(descriptor)
        yield descriptor
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): the export was cut, nothing is lost") from error
    finally:
        os.close(descriptor)
