"""Faults that the audience injects while a scene plays: into the proxy before the demo's own emulator, and nowhere else."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.demo.chaos_faults import Fault, Rule
from sqs_core.demo.kinds import MortalConsumer
from sqs_core.errors import ConfigurationError, describe

if TYPE_CHECKING:
    from sqs_core.demo.stage import Stage

GONE = "network-gone"
EXPIRED = "credentials expired"
_SLOW_SECONDS, _SKEW_SECONDS = 3.0, 600.0
_EXPIRY = Rule(Fault.ERROR, code="ExpiredToken", text="the security token is expired", status=403)
ELSEWHERE = "faults are injected into the demo's own emulator and nowhere else: sqs-tui demo has one"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """`words` say what the client meets; `rule` is None where the server cannot be reached at all."""

    id: str
    words: str
    rule: Rule | None


def _error(name: str, words: str, code: str, text: str, status: int) -> FaultKind:
    return FaultKind(name, words, Rule(Fault.ERROR, code=code, text=text, status=status))


FAULT_KINDS = (
    _error("throttled", "refused: too many requests", "RequestThrottled", "too many requests", 400),
    _error("denied", "refused: the role may not", "AccessDenied", "not authorized", 403),
    FaultKind("expired", "refused: the credentials have expired", _EXPIRY),
    _error("server-error", "refused: an internal failure (500)", "InternalFailure", "internal failure", 500),
    FaultKind(GONE, "connections are cut and refused, whatever is asked", None),
    FaultKind("reset", "the connection is reset before SQS hears of it", Rule(Fault.RESET)),
    FaultKind("lost", "SQS does it, and its answer is lost", Rule(Fault.LOST)),
    FaultKind("hung", "no answer, and SQS never hears of it", Rule(Fault.HUNG)),
    FaultKind("stalled", "SQS does it, and never answers", Rule(Fault.STALLED)),
    FaultKind("slow", f"{_SLOW_SECONDS:g} s late", Rule(Fault.SLOW, seconds=_SLOW_SECONDS)),
    FaultKind("truncated", "half of the answer, then the end", Rule(Fault.TRUNCATED)),
    FaultKind("dripped", f"the answer comes in drops, over {_SLOW_SECONDS:g} s", Rule(Fault.DRIPPED, seconds=_SLOW_SECONDS)),
    FaultKind("twice", "SQS gets the request twice", Rule(Fault.TWICE)),
    FaultKind("redelivered", "what is received is visible again at once", Rule(Fault.REDELIVERED)),
    FaultKind("html", "a web page in SQS's place (503)", Rule(Fault.HTML, status=503)),
    FaultKind("empty", "an answer without a body", Rule(Fault.EMPTY)),
    FaultKind("partial", "every second entry of a batch is refused", Rule(Fault.PARTIAL)),
    FaultKind("wrong-md5", "bodies do not match their digests", Rule(Fault.WRONG_MD5)),
    FaultKind("skewed", f"the server's clock is {_SKEW_SECONDS / 60:g} minutes ahead", Rule(Fault.SKEWED, seconds=_SKEW_SECONDS)),
)
OPERATIONS = ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "GetQueueAttributes", "*")
SHARES_PERCENT = (100, 50, 25, 10)
_BY_ID = {kind.id: kind for kind in FAULT_KINDS}


def operation_words(operation: str) -> str:
    """An entry of `OPERATIONS` as people read it."""
    return "every operation" if operation == "*" else operation


class Faults:
    """What is injected into one scene. A scene's own faults are not touched; where both match, the scene's decides."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rules: dict[str, Rule] = {}
        self._gone = self._expired = False

    @property
    def active(self) -> tuple[str, ...]:
        """What is injected now, in words."""
        words = [f"{kind} {_where(rule)}" for kind, rule in self._rules.items()]
        words += [GONE] if self._gone else []
        words += [EXPIRED] if self._expired else []
        mortal = [each for each in self._stage.engine.consumers if isinstance(each, MortalConsumer) and each.freezing]
        return (*words, *(f"{each.frozen or 'the next poller'} of {each.name} frozen" for each in mortal))

    def inject(self, kind_id: str, operation: str, share_percent: int) -> None:
        """From now on; one that is injected already gets this operation and share. Raises `ConfigurationError`."""
        kind, proxy = _BY_ID.get(kind_id), self._stage.proxy
        if kind is None:
            raise ConfigurationError(f"{kind_id!r} is no fault: choose one of {', '.join(_BY_ID)}")
        if kind.rule is None:
            proxy.down()
            self._gone = True
            self._stage.say(f"fault: {kind.words}")
            return
        rule = replace(kind.rule, operation=operation, probability=share_percent / 100)
        if before := self._rules.get(kind_id):
            proxy.remove(before)
        proxy.add(rule)
        self._rules[kind_id] = rule
        self._stage.say(f"fault {kind_id}, {_where(rule)}: {kind.words}")

    def end(self) -> None:
        """No injected fault any more; pollers thaw, and credentials that expired are replaced."""
        for rule in self._rules.values():
            self._stage.proxy.remove(rule)
        if self._gone:
            self._stage.proxy.up()
        for consumer in self._stage.engine.consumers:
            if isinstance(consumer, MortalConsumer):
                consumer.thaw_poller()
        self._rules, self._gone = {}, False
        self._stage.say("no injected fault any more")
        if self._expired:
            self.turn_credentials()

    def kill_worker(self, queue: str) -> None:
        """The next worker of a queue that begins a message dies with it. Raises `ConfigurationError`."""
        self._mortal(queue, "the workers of {} are not the scene's: they cannot be killed").kill_worker()
        self._stage.say(f"the next worker of {queue} that begins a message dies: its message is given back, it is replaced")

    def turn_poller(self, queue: str) -> None:
        """Freeze the poller of a queue that next gets an answer; again: thaw it. Raises `ConfigurationError`."""
        consumer = self._mortal(queue, "the pollers of {} are not the scene's: they cannot be frozen")
        if consumer.freezing:
            consumer.thaw_poller()
            self._stage.say(f"thawed: what the poller of {queue} had received is taken in now, late")
        else:
            consumer.freeze_poller()
            self._stage.say(f"the next poller of {queue} that gets an answer freezes: what it received is hidden, and not here")

    def turn_credentials(self) -> None:
        """Let the credentials expire; again: bring fresh ones, in the background. Raises `ConfigurationError`."""
        if not self._expired:
            self._stage.proxy.add(_EXPIRY)
            self._expired = True
            self._stage.say("the credentials have expired: SQS refuses every request, and asking for others brings the same")
            return
        self._stage.proxy.remove(_EXPIRY)
        self._expired = False
        threading.Thread(target=self._renew, name="fresh credentials", daemon=True).start()

    def _renew(self) -> None:
        engine = self._stage.engine
        before = engine.known_session()
        try:
            self._stage.find_credentials_anew()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and the scene goes on
            if before is not None:
                engine.change_session(before)
            self._stage.say(f"no fresh credentials: {describe(error)}; those of before are used")
        else:
            self._stage.say("fresh credentials: every client has them, and polls go out at once")

    def _mortal(self, queue: str, refusal: str) -> MortalConsumer:
        consumer = self._stage.consumer(queue)
        if not isinstance(consumer, MortalConsumer):
            raise ConfigurationError(refusal.format(queue))
        return consumer


def _where(rule: Rule) -> str:
    return f"{operation_words(rule.operation)} {rule.probability:.0%}"
