"""Handlers that are programs: the body on stdin, the verdict in the exit status."""

from __future__ import annotations

import base64
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, Discard
from sqs_core.failures import Cause
from sqs_core.handlers import HandlerFailedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqs_core.model import Message

DISCARD_STATUS = 100
_LONGEST_VARIABLE = 100_000
"""Linux refuses a single environment string of 128 KiB."""
_ERROR_TAIL = 500
_TERMINATE_SECONDS = 0.3


class ProgramHandler:
    """Run `command` (split as a shell would, but by no shell) for each message.

    Exit status 0 acknowledges, 100 discards, anything else retries. What it prints is not shown; the end of its stderr is
    kept as the error. Attributes are in SQS_ATTRIBUTE_<NAME> (letters, digits and _ only; binary ones in base64).
    """

    def __init__(self, spec: str, command: str) -> None:
        try:
            arguments = shlex.split(command)
        except ValueError as error:
            raise ConfigurationError(f"handler {spec!r} cannot be split into words: {error}") from error
        program = shutil.which(arguments[0]) if arguments else None
        if program is None:
            raise ConfigurationError(f"handler {spec!r}: no program {arguments[0] if arguments else ''!r} here or on PATH")
        self._arguments = [program, *arguments[1:]]
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._killers: set[threading.Thread] = set()
        self._running: dict[subprocess.Popen[bytes], str] = {}
        self._stops = 0

    def __call__(self, message: Message) -> None:
        """Handle one message."""
        stops = self._stops
        with subprocess.Popen(  # noqa: S603 - the user's own command, no shell, nothing of the message in it
            self._arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=_environment(message), start_new_session=True,
        ) as process:  # fmt: skip
            with self._lock:
                self._running[process] = message.message_id
                unseen = self._stops != stops  # a stop came while it was being started, and could not know of it
            try:
                if unseen:
                    self._end([process])
                _, errors = process.communicate(message.body.encode("utf-8", "surrogatepass"))
            finally:
                with self._lock:
                    self._running.pop(process, None)
                    self._ended.notify_all()
        if process.returncode == DISCARD_STATUS:
            raise Discard
        if process.returncode != 0:
            tail = errors.decode("utf-8", "replace").strip()[-_ERROR_TAIL:]
            status = f"exit status {process.returncode}"
            raise HandlerFailedError(f"{status}{': ' + tail if tail else ''}", Cause("exec", status))

    def stop(self, message_ids: Collection[str] | None = None) -> None:
        """End the programs that still run, and what they started: a polite signal first, a final one soon after.

        With ids only those of these messages.
        """
        with self._lock:
            running = [
                process for process, message_id in self._running.items() if message_ids is None or message_id in message_ids
            ]
            self._stops += message_ids is None
        self._end(running)

    def _end(self, running: list[subprocess.Popen[bytes]]) -> None:
        for process in running:
            _signal_group(process, signal.SIGTERM)
        if not running:
            return
        killer = threading.Thread(target=self._kill, args=(running,), name="program-killer", daemon=True)
        with self._lock:
            self._killers = {each for each in self._killers if each.is_alive()} | {killer}
            killer.start()

    def _kill(self, running: list[subprocess.Popen[bytes]]) -> None:
        with self._lock:
            self._ended.wait_for(lambda: not any(process in self._running for process in running), _TERMINATE_SECONDS)
            stubborn = [process for process in running if process in self._running]
        for process in stubborn:
            _signal_group(process, signal.SIGKILL)

    def close(self) -> None:
        """Wait until what was told to end has ended or been killed, a third of a second at most: this process is about to end."""
        with self._lock:
            killers = self._killers
        for killer in killers:
            killer.join()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _environment(message: Message) -> dict[str, str]:
    own = {
        "SQS_MESSAGE_ID": message.message_id,
        "SQS_QUEUE": message.queue,
        "SQS_RECEIVE_COUNT": str(message.receive_count),
    }
    if message.group_id is not None:
        own["SQS_GROUP_ID"] = message.group_id
    for name, attribute in message.typed_attributes.items():
        value = attribute.value
        text = base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value.replace("\0", "")
        if len(text) < _LONGEST_VARIABLE:
            plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
            own[f"SQS_ATTRIBUTE_{plain}"] = own[f"SQS_ATTRIBUTE_{plain.upper()}"] = text
    return {**os.environ, **own}
