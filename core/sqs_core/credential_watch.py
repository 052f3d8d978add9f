"""Keeps the identity known and alive: one thread of the engine, so that no face and no consumer ever waits for it.

It refreshes the report, asks STS who we are, and replaces a session whose credentials the server refuses.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqs_core.credential_chain import ADVISORY_SECONDS, Identity
from sqs_core.errors import describe
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_core.policy import Backoff

if TYPE_CHECKING:
    from sqs_core.client import AwsSession
    from sqs_core.credential_chain import KeyFacts
    from sqs_core.engine import Engine
    from sqs_core.model import CredentialReport

REPORT_SECONDS = 30.0
SAY_SECONDS = 60.0
_STRAGGLERS_SECONDS = 15.0
"""A refresh that was out when another succeeded may fail this much later; it says nothing about now."""
_LOOK_SECONDS = 0.5
_ASK_AGAIN_SECONDS = 300.0
_RENEWAL = Backoff(base_seconds=5.0, cap_seconds=60.0)
_SDK_LOGGER = "botocore.credentials"


class CredentialWatch:
    """See the module. `report` is replaced as a whole and may be read by any thread."""

    def __init__(self, engine: Engine) -> None:
        self.report: CredentialReport | None = None
        self._engine = engine
        self._lock = threading.Lock()
        self._identity = Identity()
        self._asked: tuple[AwsSession, float | None] | None = None
        self._ask_again_at = 0.0
        self._due_at = 0.0
        self._failure: str | None = None
        self._said_at: float | None = None
        self._quiet_until = 0.0
        self._looked_since_failure = False
        self._changed: str | None = None
        self._told: frozenset[str] = frozenset()
        self._renewals = 0
        self._renewal_fails = False
        self._renew_at = 0.0
        self._refused: str | None = None
        self._fails = False

    def meet(self, session: AwsSession) -> None:
        """Find a new session's credentials. Raises as `AwsSession.credentials`; the report then says why."""
        try:
            self.report = session.credentials()
        except Exception:
            self.report = session.report(self._engine.clock.wall(), Identity())
            raise
        self._due_at = 0.0

    def run(self) -> None:
        """The thread's body."""
        failures = _RefreshFailures(self)
        logger = logging.getLogger(_SDK_LOGGER)
        logger.addFilter(failures)
        try:
            while not self._engine.stopping().wait(_LOOK_SECONDS):
                self.step(self._engine.clock.monotonic())
        finally:
            logger.removeFilter(failures)

    def step(self, now: float) -> None:
        """What is due at `now` (monotonic seconds). Never raises."""
        session = self._engine.known_session()
        if session is None:
            return
        if now >= self._renew_at and any(consumer.credentials_expired() for consumer in self._engine.consumers):
            session = self._renew(now, session)
        if now >= self._due_at or self._has_news(session):
            self._due_at = now + REPORT_SECONDS
            try:
                self._refresh(now, session)
            except Exception as error:  # noqa: BLE001 - the report stays as it was; consuming goes on
                self.refresh_failed(describe(error))

    def _has_news(self, session: AwsSession) -> bool:
        """Whether the report says what is no longer so; remembers what it is to say."""
        known = self._refused, self._fails
        self._refused = next((said for each in self._engine.consumers if (said := each.credentials_refused())), None)
        self._fails = self._failure is not None
        renewed = self.report is not None and session.renewed_since(self.report)
        return renewed or known != (self._refused, self._fails)

    def _renew(self, now: float, old: AwsSession) -> AwsSession:
        """A new session in place of one whose credentials the server refuses; less and less often if that does not help."""
        from sqs_core.client import AwsSession

        self._renewals = 1 if now > self._renew_at + _ASK_AGAIN_SECONDS else self._renewals + 1
        self._renew_at = now + _RENEWAL.delay_seconds(self._renewals)
        try:
            session = AwsSession(self._engine.connection)
            session.credentials()
            self._engine.change_session(session)
        except Exception as error:  # noqa: BLE001 - the SDK raises what it likes; it is told and tried again
            self._renewal_fails = True
            self.refresh_failed(describe(error))
            return old
        self._renewal_fails, self._due_at = False, 0.0
        if self._failure is not None:
            self._recovered()
        text = "the server refused the credentials as expired or unknown: found anew, and every client replaced"
        self._engine.events.record(Level.WARNING, Code.CREDENTIALS_RENEWED, None, text, collapse="")
        return session

    def _refresh(self, now: float, session: AwsSession) -> None:
        wall = self._engine.clock.wall()
        key = session.look(wall)
        refreshed = key.last_refresh_at
        if key.error is not None:
            self.refresh_failed(key.error)
        elif self._failure is not None and self._is_fresh(key, wall):
            self._recovered()
        if self._asked != (session, refreshed) or (self._identity.error is not None and now >= self._ask_again_at):
            self._asked, self._ask_again_at = (session, refreshed), now + _ASK_AGAIN_SECONDS
            self._learn(session.identity())
        self.report = session.report(
            wall, self._identity, error=self._failure, changed=self._changed, refused=self._refused
        )  # fmt: skip
        self._tell(self.report)

    def _is_fresh(self, key: KeyFacts, wall: float) -> bool:
        """Whether the keys are newer than the failure. The first look after it may find keys that were got before it."""
        if self._renewal_fails:
            return False
        first, self._looked_since_failure = not self._looked_since_failure, True
        far = key.expires_at is None or key.expires_at - wall > ADVISORY_SECONDS
        return far or (key.last_refresh_at == wall and not first)

    def _learn(self, identity: Identity) -> None:
        old = self._identity
        if old.arn and identity.arn and (old.account, old.role_arn) != (identity.account, identity.role_arn):
            self._changed = f"the identity changed while running: it was {old.arn}"
        self._identity = identity

    def _tell(self, report: CredentialReport) -> None:
        known, self._told = self._told, frozenset(report.warnings)
        for warning in report.warnings:
            if warning not in known and "refreshing them fails" not in warning:  # that one is told by refresh_failed
                self._engine.events.record(Level.WARNING, Code.CREDENTIALS_WARNING, None, warning)

    def refresh_failed(self, error: str) -> None:
        """Say so, once a minute at most. May be called by any thread that signs a request."""
        now = self._engine.clock.monotonic()
        with self._lock:
            if now < self._quiet_until:
                return
            self._looked_since_failure = self._looked_since_failure and self._failure is not None
            self._failure = error
            if self._said_at is not None and now < self._said_at + SAY_SECONDS:
                return
            self._said_at = now
        known = self.report is not None and self.report.provider != "none"
        what = (
            "refreshing the credentials fails, the old ones are used as long as they last"
            if known
            else "no credentials are found"
        )
        text = f"{what}: {error}"
        self._engine.events.record(Level.WARNING, Code.CREDENTIALS_REFRESH_FAILED, None, text, collapse="")

    def _recovered(self) -> None:
        with self._lock:
            self._failure = self._said_at = None
            self._quiet_until = self._engine.clock.monotonic() + _STRAGGLERS_SECONDS
        self._engine.events.close(Code.CREDENTIALS_REFRESH_FAILED, None, "")
        self._engine.events.record(Level.INFO, Code.CREDENTIALS_REFRESHED, None, "the credentials are refreshed again")


class _RefreshFailures(logging.Filter):
    """Takes the SDK's traceback for every request of an outage out of the log, and hands on what went wrong."""

    def __init__(self, watch: CredentialWatch) -> None:
        super().__init__()
        self._watch = watch

    def filter(self, record: logging.LogRecord) -> bool:
        """False for the records that are told as an event instead."""
        if not str(record.msg).startswith("Refreshing temporary credentials failed"):
            return True
        error = record.exc_info[1] if record.exc_info else None
        self._watch.refresh_failed(describe(error) if error is not None else "no reason given")
        return False
