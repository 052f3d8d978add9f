"""What these credentials may do, as far as it can be seen without receiving, deleting or sending anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqs_core.answers import call, reading, require_sqs_answer
from sqs_core.client import ClientProfile
from sqs_core.doctor_queue import DeadLetterView
from sqs_core.errors import REMEDY, ConfigurationError, RequestError, Trouble
from sqs_core.findings import Finding, Verdict, refusal
from sqs_core.queue_facts import MISSING_QUEUE, read_facts, resolve_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession
    from sqs_core.settings import QueueReference

LOOK_ONCE = ClientProfile(
    "doctor", 4.0, 1, frozenset({"GetQueueUrl", "GetQueueAttributes", "ListQueues", "ListDeadLetterSourceQueues"}), 3.0
)
TRY_ONCE = ClientProfile("doctor's probe", 4.0, 1, frozenset({"DeleteMessageBatch", "ChangeMessageVisibilityBatch"}), 3.0)
NO_HANDLE = "sqs-tui-doctor-no-message-has-this-handle"
_UNTRIED = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "SendMessage")
_WRONG_HANDLE = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


@dataclass
class QueueView:
    """What could be read: the queue's URL and attributes (None where they could not), and the findings on the way."""

    url: str | None = None
    attributes: Mapping[str, str] | None = None
    dead: DeadLetterView = field(default_factory=DeadLetterView)
    findings: list[Finding] = field(default_factory=list)


class Permissions:
    """Asks one thing after another, and sorts answers into allowed and faults."""

    def __init__(self, session: AwsSession, queue: QueueReference | None, *, probe: bool) -> None:
        self._session = session
        self._queue = queue
        self._probe = probe
        self._look = session.client(LOOK_ONCE)
        self._allowed: list[str] = []
        self._asked: set[str] = set()
        self._view = QueueView()

    @property
    def view(self) -> QueueView:
        """What was seen so far."""
        return self._view

    def examine(self) -> QueueView:
        """Never raises for what a server answers."""
        self._ask("ListQueues", lambda: self._look.list_queues(MaxResults=1), Verdict.NOTE, "the list of queues stays empty")
        if self._queue is not None and self._find(self._queue):
            self._read_attributes()
            if self._probe:
                self._try_changes(self._session.client(TRY_ONCE))
        self._conclude()
        return self._view

    def _find(self, queue: QueueReference) -> bool:
        try:
            self._view.url = resolve_queue(queue, self._look, self._session.connection.region)
        except ConfigurationError as error:
            self._view.findings.append(refusal("queue", str(error)))
            return False
        except RequestError as error:
            self._fault(error, Verdict.PROBLEM, "no consumer can find the queue")
            return False
        self._allowed.append("GetQueueUrl")
        self._view.findings.append(Finding("queue", Verdict.OK, self._view.url))
        return True

    def _read_attributes(self) -> None:
        url = self._view.url or ""
        why = "its visibility timeout, depth and dead-letter queue are not known"
        answer = self._ask("GetQueueAttributes", lambda: _attributes(self._look, url), Verdict.WARNING, why)
        if answer is None:
            return
        self._view.attributes = _texts(answer.get("Attributes"))
        if not self._view.attributes:
            said = "GetQueueAttributes: the answer names no attributes"
            self._view.findings.append(Finding("queue", Verdict.UNKNOWN, said, REMEDY[Trouble.PROTOCOL]))
            self._view.attributes = None
            return
        facts = read_facts(self._view.attributes, 0.0)
        if facts.dead_letter_name is None:
            self._view.dead = DeadLetterView(sources=self._sources(url))
        else:
            self._view.dead = self._dead_letters(facts.dead_letter_name, facts.dead_letter_account)

    def _sources(self, url: str) -> int | None:
        try:
            answer = call("ListDeadLetterSourceQueues", lambda: self._look.list_dead_letter_source_queues(QueueUrl=url))
        except RequestError:
            return None  # emulators lack it, and it only softens a warning
        found = answer.get("queueUrls")
        return len(found) if isinstance(found, list) else None

    def _dead_letters(self, name: str, account: str | None) -> DeadLetterView:
        owner: dict[str, Any] = {"QueueOwnerAWSAccountId": account} if account else {}
        try:
            url = call("GetQueueUrl", lambda: self._look.get_queue_url(QueueName=name, **owner)).get("QueueUrl")
            attributes = call("GetQueueAttributes", lambda: _attributes(self._look, str(url))).get("Attributes")
        except RequestError as error:
            return DeadLetterView(error=str(error), missing=error.code in MISSING_QUEUE)
        return DeadLetterView(attributes=_texts(attributes))

    def _try_changes(self, client: SQSClient) -> None:
        """A handle that no message has: a server that lets us through says that the handle is wrong, and nothing changes."""
        if self._session.connection.read_only:
            said = "this session is read-only: deleting and extending were not probed"
            self._view.findings.append(Finding("permissions", Verdict.UNKNOWN, said, "leave out --read-only to probe them"))
            return
        url = self._view.url or ""
        entry: Any = {"Id": "0", "ReceiptHandle": NO_HANDLE}
        self._ask(
            "DeleteMessage",
            lambda: client.delete_message_batch(QueueUrl=url, Entries=[entry]),
            Verdict.PROBLEM,
            "handled messages come again and again",
        )
        self._ask(
            "ChangeMessageVisibility",
            lambda: client.change_message_visibility_batch(QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 0}]),
            Verdict.PROBLEM,
            "leases cannot be extended, nor messages handed back",
        )

    def _ask(self, operation: str, request: Callable[[], Any], verdict: Verdict, without: str) -> dict[str, Any] | None:
        """The answer, or None and a finding. What is refused only for its impossible handle is allowed."""
        self._asked.add(operation)
        try:
            answer = call(operation, request)
            with reading(operation):
                require_sqs_answer(operation, answer["ResponseMetadata"]["HTTPHeaders"])
                refused = [str(entry["Code"]) for entry in answer.get("Failed") or ()]
        except RequestError as error:
            if operation not in _UNTRIED or error.code not in _WRONG_HANDLE:
                self._fault(error, verdict, without)
                return None
            refused, answer = [], {}
        other = next((code for code in refused if code not in _WRONG_HANDLE), None)
        if other is None:
            self._allowed.append(operation)
            return answer
        if "AccessDenied" in other:
            self._add(operation, other, verdict, without)
        else:
            said = f"{operation} was answered with {other}: whether it is allowed is not known"
            self._view.findings.append(Finding("permissions", Verdict.UNKNOWN, said, "try again later"))
        return None

    def _fault(self, error: RequestError, verdict: Verdict, without: str) -> None:
        if error.code is not None and "AccessDenied" in error.code:
            self._add(error.operation, error.code, verdict, without)
            return
        # Not about permissions: whatever it is, it will meet a consumer too.
        self._view.findings.append(Finding("permissions", Verdict.PROBLEM, str(error), REMEDY[error.trouble]))

    def _add(self, operation: str, code: str, verdict: Verdict, without: str) -> None:
        said = f"sqs:{operation} is denied ({code}): {without}"
        self._view.findings.append(Finding("permissions", verdict, said, f"allow sqs:{operation} to this identity"))

    def _conclude(self) -> None:
        if not self._allowed:
            return
        said = f"allowed: {', '.join(self._allowed)}"
        untried = [name for name in _UNTRIED if name not in self._asked] if self._queue is not None else []
        if untried:
            said += f"; not tried, for it would change something: {', '.join(untried)}"
        more = "--probe tries DeleteMessage and ChangeMessageVisibility with a handle that no message has"
        remedy = more if "DeleteMessage" in untried and not self._probe else ""
        self._view.findings.insert(0, Finding("permissions", Verdict.OK, said, remedy))


def _attributes(look: SQSClient, url: str) -> dict[str, Any]:
    return dict(look.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))


def _texts(attributes: Any) -> dict[str, str]:
    found = attributes if isinstance(attributes, dict) else {}
    return {str(name): str(value) for name, value in found.items() if value is not None}
