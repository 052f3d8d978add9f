"""Keys that end and are renewed while a consumer runs."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.demo.accounting import account
from sqs_core.demo.identity_servers import ROLE_ARN, Server, serve, sts
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.environment import Environment
from sqs_core.settings import ConnectionSettings, ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.demo.stage import Stage

_QUEUE, _PROFILE = "orders", "pod"
_SETTINGS = ConsumerSettings(workers=2, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_RENEWED_BEFORE_SECONDS, _USED_SECONDS = 900, 4.0
"""The SDK renews keys when less than 15 minutes of them are left; these last so much longer."""
_ENOUGH_KEYS = 3
_DENIED = 403


class TokenRotation(Scene):
    """A pod's service account: a token in a file, which STS turns into keys, again and again."""

    name = "token-rotation"
    summary = "keys are renewed every few seconds and their token changes: the consumer just goes on"
    teaches = "a role's keys are renewed from the token file, early; a denied renewal hurts only when the last keys have ended"
    watch = "I: key and end: the SDK renews 15 min before it, here every 4 s. N: a new token. M: STS denies, nothing stops."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 30),)
    load = Load(rate_per_second=5.0, handler_seconds=0.1, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("next", "put a new token into the file"), Offer("mend", "deny renewals; again: allow"))

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.server = Server()
        self.token = Path()
        self.tokens = 0
        self.while_denied = 0

    def connection(self) -> ConnectionSettings:
        """As in a cluster: no dummy keys."""
        return ConnectionSettings(Environment.STAGING, decided_by="the scene")

    def connected(self, connection: ConnectionSettings) -> ConnectionSettings:
        """A stand-in for STS, and a profile as the pod's environment would describe it."""
        home = Path(self.stage.resources.enter_context(tempfile.TemporaryDirectory(prefix="sqs-tui-demo-")))
        self.server = self.stage.resources.enter_context(serve(sts))
        self.server.lifetime_seconds = _RENEWED_BEFORE_SECONDS + max(1.0, self.stage.seconds(_USED_SECONDS))
        self.token = home / "token"
        self.do_next()
        profile = f"[profile {_PROFILE}]\nrole_arn = {ROLE_ARN}\nweb_identity_token_file = {self.token}\n"
        (home / "config").write_text(profile)
        return replace(
            connection, profile=_PROFILE, config_file=str(home / "config"), sts_endpoint_url=self.server.url
        )  # fmt: skip

    def story(self) -> Iterator[Pause]:
        """New keys, a new token, denied renewals, and renewals again."""
        yield lambda: self.server.issued >= _ENOUGH_KEYS - 1
        self.stage.say(f"{counted(self.server.issued, 'pair')} of keys so far, each renewed before it ended")
        yield from self.invite("next", 0.5)
        yield lambda: len(self.tokens_seen()) > 1
        self.stage.say("STS was asked with the new token, which is read from the file at each renewal")
        yield from self.invite("mend", 0.5)
        asked, handled = self.asked(), self.handled()
        yield lambda: self.asked() > asked
        yield 2.0
        self.while_denied = self.handled() - handled
        self.stage.say(f"renewals are denied; {counted(self.while_denied, 'order')} handled meanwhile: the keys still last")
        yield from self.invite("mend", 0.5)
        issued = self.server.issued
        yield lambda: self.server.issued > issued
        self.stage.say("renewed again; nothing had to be restarted")

    def asked(self) -> int:
        """How often STS was asked for keys."""
        return self.server.actions().count("AssumeRoleWithWebIdentity")

    def handled(self) -> int:
        """How many orders were handled."""
        return self.stage.seen(_QUEUE).totals.handled

    def tokens_seen(self) -> set[str]:
        """The tokens that STS was asked with."""
        return {seen.form["WebIdentityToken"] for seen in tuple(self.server.seen) if "WebIdentityToken" in seen.form}

    def do_next(self) -> str:
        """What the kubelet does every hour or so."""
        self.tokens += 1
        fresh = self.token.with_suffix(".new")
        fresh.write_text(f"jwt-{self.tokens}")
        fresh.replace(self.token)
        return "a new token is in the file: the next renewal reads it"

    def do_mend(self) -> str:
        """Deny renewals, or allow them."""
        denied = self.server.status == _DENIED
        self.server.status = 200 if denied else _DENIED
        return "STS renews again" if denied else "STS denies renewals: the keys in use last a while yet"

    def observed(self) -> list[Finding]:
        """Many keys, two tokens, no error."""
        errors, issued, tokens = self.stage.seen(_QUEUE).totals.poll_errors, self.server.issued, len(self.tokens_seen())
        return [
            Finding("keys were renewed while it ran", issued >= _ENOUGH_KEYS, f"{counted(issued, 'pair')} of keys"),
            Finding("with the token that was in the file", tokens > 1, f"{tokens} tokens"),
            Finding("denied renewals stopped nothing", self.while_denied > 0, f"{self.while_denied} handled meanwhile"),
            Finding("no poll failed", errors == 0, counted(errors, "error")),
            account(self.stage, _QUEUE).finding(),
        ]
