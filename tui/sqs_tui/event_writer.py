"""Events and log records as JSON Lines, written by a thread of its own: a reader that is stuck must not stop the engine."""

from __future__ import annotations

import logging
import queue
import threading
from typing import IO, TYPE_CHECKING, Any

from sqs_core.errors import LONGEST_TEXT, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqs_core.model import Event

MAXIMUM_WAITING = 10_000
CLOSE_SECONDS = 1.0
_REFUSED_CODE = "consumer.refused"


class EventWriter:
    """Of equal events the first is written, then the 10th, the 100th and so on, so that nothing floods a log.

    Lines that a stuck stream leaves no room for are dropped and counted in the next line that goes out.
    """

    def __init__(self, streams: Iterable[IO[str]]) -> None:
        self._streams = list(streams)
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MAXIMUM_WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        if self._streams:
            self._thread.start()

    def __call__(self, event: Event) -> None:
        """Write one event. A refusal is not written here: it ends the run with a line of its own."""
        if self._streams and event.code != _REFUSED_CODE and str(event.count).strip("0") == "1":
            from sqs_core.wire import event_to_json  # where nothing is written the first frame does not wait for it

            self.write(event_to_json(event))

    def write(self, record: dict[str, Any]) -> None:
        """Hand over one record. Returns at once, whatever the streams do."""
        if not self._streams:
            return
        try:
            self._waiting.put_nowait({**record, **({"dropped_before": self._dropped} if self._dropped else {})})
            self._dropped = 0
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, for a second at most."""
        if self._streams and self._thread.is_alive():
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                return
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        import json

        while (record := self._waiting.get()) is not None:
            line = json.dumps(record, ensure_ascii=True) + "\n"
            for stream in self._streams:
                try:
                    stream.write(line)
                    stream.flush()
                except (OSError, ValueError):
                    continue


class RecordWriter(logging.Handler):
    """Python log records of this process in the same JSON Lines."""

    def __init__(self, writer: EventWriter) -> None:
        super().__init__(logging.INFO)
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        from sqs_core.wire import iso

        fields = {
            "at": iso(record.created),
            "level": record.levelname.lower(),
            "code": record.name,
            "queue": getattr(record, "queue", None),
            "text": record.getMessage()[:LONGEST_TEXT],
        }
        more = {"message_id": getattr(record, "message_id", None), "traceback": record.exc_text}
        self._writer.write({**fields, **{name: value for name, value in more.items() if value}})


def log_through(writer: EventWriter) -> None:
    """Everything that this process logs goes to the writer, and from now on also warnings and what ends a thread."""
    logging.getLogger().addHandler(RecordWriter(writer))
    logging.getLogger("sqs_core").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended


def _thread_ended(arguments: threading.ExceptHookArgs) -> None:
    error, thread = arguments.exc_value, arguments.thread
    if error is not None and not isinstance(error, SystemExit):
        name = thread.name if thread else "unknown"
        logging.getLogger("threading").error("thread %s ended: %s", name, describe(error), exc_info=error)
