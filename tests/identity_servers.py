"""In front of a real SQS: what refuses or loses as it is told to. And, handed on, the demo's stand-ins for identities."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from sqs_core.demo.identity_servers import ACCOUNT as ACCOUNT
from sqs_core.demo.identity_servers import NO_ANSWER as NO_ANSWER
from sqs_core.demo.identity_servers import ROLE_ARN as ROLE_ARN
from sqs_core.demo.identity_servers import SECRET as SECRET
from sqs_core.demo.identity_servers import Answer as Answer
from sqs_core.demo.identity_servers import Gatekeeper as Gatekeeper
from sqs_core.demo.identity_servers import Seen as Seen
from sqs_core.demo.identity_servers import Server as Server
from sqs_core.demo.identity_servers import hand_on as hand_on
from sqs_core.demo.identity_servers import instance_metadata as instance_metadata
from sqs_core.demo.identity_servers import pod_identity_agent as pod_identity_agent
from sqs_core.demo.identity_servers import serve as serve
from sqs_core.demo.identity_servers import sts as sts

if TYPE_CHECKING:
    from collections.abc import Callable


def empty_sqs(_: Server, __: Seen) -> Answer:
    """An SQS with no queues."""
    return 200, "application/x-amz-json-1.0", "{}"


class Denying:
    """In front of a real SQS: answers operations with the error codes it was told, and hands the others on."""

    def __init__(self, target: str, **codes: str) -> None:
        self.target, self.codes = target, codes
        self.asked: list[str] = []

    def answer(self, _: Server, seen: Seen) -> Answer:
        """What `serve` needs."""
        operation = seen.headers.get("x-amz-target", "").rpartition(".")[2]
        self.asked.append(operation)
        if operation in self.codes:
            body = json.dumps({"__type": f"com.amazonaws.sqs#{self.codes[operation]}", "message": "told to"})
            return 400, "application/x-amz-json-1.0", body
        return hand_on(self.target, seen)


class Losing:
    """In front of a real SQS: hands everything on, and loses the answers to `operation` where `when` says so.

    `when` is asked with the number of the answer, from 1. A lost answer is a closed connection, or with `page` a web page in
    SQS's place.
    """

    def __init__(self, target: str, operation: str, when: Callable[[int], bool], *, page: bool = False) -> None:
        self.target, self.operation, self.when, self.page = target, operation, when, page
        self.number = 0
        self._lock = threading.Lock()

    def answer(self, _: Server, seen: Seen) -> Answer:
        """What `serve` needs."""
        found = hand_on(self.target, seen)
        if seen.headers.get("x-amz-target", "").rpartition(".")[2] not in (self.operation, f"{self.operation}Batch"):
            return found
        with self._lock:
            self.number += 1
            lose = self.when(self.number)
        if not lose:
            return found
        return (200, "text/html", "<html>sorry</html>") if self.page else (NO_ANSWER, "", "")
