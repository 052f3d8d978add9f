"""Keys that were found before the right ones."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.demo.accounting import account
from sqs_core.demo.identity_servers import ACCOUNT, NO_ANSWER, ROLE_ARN, SECRET, Server, hand_on, instance_metadata, serve, sts
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.environment import Environment
from sqs_core.settings import ConnectionSettings, ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.identity_servers import Answer, Seen
    from sqs_core.demo.scene import Pause
    from sqs_core.demo.stage import Stage

_QUEUE, _PROFILE = "orders", "pod"
_SETTINGS = ConsumerSettings(workers=2, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_NODE_KEYS_FROM = 1_007_000
"""So that keys of the node's role and of the pod's role are never the same."""
_LEFT_KEY, _LEFT_BY = "AKIALEFTBEHIND00LEFT", "arn:aws:iam::999988887777:user/somebodys-laptop"
_NODE, _POD = (f"arn:aws:sts::{ACCOUNT}:assumed-role/{who}" for who in ("node-role/i-0123456789", "worker/pod-1"))
_DENIED = {"__type": "com.amazonaws.sqs#AccessDenied", "message": "not authorized to sqs:ReceiveMessage"}


class WrongIdentity(Scene):
    """Somebody's keys lie in a file, the node has a role, and the pod's own role is the only one that may receive."""

    name = "wrong-identity"
    summary = "three identities, and one may receive: keys left in a file, the node's role, the pod's"
    teaches = "the SDK takes the first keys it finds: know who you are (I), and let no key in a file get before a role"
    watch = "I: who this is, and every provider that was asked. M: ignore keys in files. N: give the pod its own role."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 30),)
    load = Load(rate_per_second=3.0, handler_seconds=0.1, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("mend", "ignore keys in files; again: take them"), Offer("next", "give the pod its own role"))

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.sts = Server()
        self.front = Server()
        self.home = Path()
        self.providers: list[str] = []

    def connection(self) -> ConnectionSettings:
        """As in a cluster, with the policy off."""
        return ConnectionSettings(Environment.STAGING, allow_shared_credentials=True, decided_by="the scene")

    def connected(self, connection: ConnectionSettings) -> ConnectionSettings:
        """Stand-ins for STS and for the node's metadata service; and SQS behind a door that only the pod's role passes."""
        enter, proxy = self.stage.resources.enter_context, self.stage.proxy.url
        self.home = Path(enter(tempfile.TemporaryDirectory(prefix="sqs-tui-demo-")))
        self.sts, metadata = enter(serve(sts)), enter(serve(instance_metadata))
        metadata.issued, self.sts.caller = _NODE_KEYS_FROM, self.who
        self.front = enter(serve(lambda _, seen: self.admit(seen, proxy)))
        (self.home / "token").write_text("jwt-1")
        keys = f"aws_access_key_id = {_LEFT_KEY}\naws_secret_access_key = {SECRET}\n"
        (self.home / "config").write_text(
            f"[profile {_PROFILE}]\n{keys}ec2_metadata_service_endpoint = {metadata.url}\n"
        )  # fmt: skip
        return replace(
            connection, endpoint_url=self.front.url, profile=_PROFILE, config_file=str(self.home / "config"),
            sts_endpoint_url=self.sts.url,
        )  # fmt: skip

    def who(self, key_id: str) -> str:
        """The ARN of whose key it is."""
        if key_id == _LEFT_KEY:
            return _LEFT_BY
        number = key_id.removeprefix("ASIAISSUED")
        return _POD if number.isdecimal() and int(number) <= self.sts.issued else _NODE

    def admit(self, seen: Seen, proxy: str) -> Answer:
        """Only keys of the pod's role may receive; everybody may look."""
        receives = seen.headers.get("x-amz-target", "").endswith("ReceiveMessage")
        if receives and self.who(seen.key_id) != _POD:
            return 403, "application/x-amz-json-1.0", json.dumps(_DENIED)
        try:
            return hand_on(proxy, seen)
        except OSError:
            return NO_ANSWER, "", ""

    def story(self) -> Iterator[Pause]:
        """Denied as somebody, denied as the node, and then itself."""
        yield self.denied
        self.meet()
        self.stage.say(f"denied: {self.providers[-1]} found keys that somebody left in a file, and asked nobody else")
        yield from self.invite("mend", 0.5)
        errors = self.errors()
        yield lambda: self.errors() > errors
        self.meet()
        self.stage.say(f"denied again: {self.providers[-1]} is the node's role, which all pods of the node share")
        yield from self.invite("next", 0.5)
        yield lambda: self.stage.seen(_QUEUE).totals.handled > 0
        self.meet()
        self.stage.say(f"received: {self.providers[-1]} is the pod's own role")

    def denied(self) -> bool:
        """Whether a receive was."""
        return self.errors() > 0 and self.provider() is not None

    def errors(self) -> int:
        """How many polls failed."""
        return self.stage.seen(_QUEUE).totals.poll_errors

    def provider(self) -> str | None:
        """Who gave the keys in use."""
        report = self.stage.engine.snapshot().credentials
        return report.provider if report else None

    def meet(self) -> None:
        """Remember whose keys these are."""
        self.providers.append(self.provider() or "nobody")

    def do_mend(self) -> str:
        """The policy on, or off."""
        allowed = not self.stage.engine.connection.allow_shared_credentials
        self.stage.find_credentials_anew(allow_shared_credentials=allowed)
        return "keys in files are taken again" if allowed else "keys in files are ignored from now on: the next provider is asked"

    def do_next(self) -> str:
        """What a service account with a role does to a pod."""
        own = f"role_arn = {ROLE_ARN}\nweb_identity_token_file = {self.home / 'token'}\n"
        config = (self.home / "config").read_text()
        if own not in config:
            (self.home / "config").write_text(config + own)
        self.stage.find_credentials_anew()
        return "the pod has a token and a role of its own, which are asked before files and the node"

    def observed(self) -> list[Finding]:
        """Three identities in turn, and only the last one received."""
        expected = ["config-file", "iam-role", "assume-role-with-web-identity"]
        handled, errors = self.stage.seen(_QUEUE).totals.handled, self.errors()
        return [
            Finding("three identities in turn", self.providers == expected, ", ".join(self.providers)),
            Finding("two of them were denied", errors > 1, counted(errors, "error")),
            Finding("the pod's own role received", handled > 0, counted(handled, "order")),
            account(self.stage, _QUEUE).finding(),
        ]
