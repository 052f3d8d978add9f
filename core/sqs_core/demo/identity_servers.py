"""Stand-ins for what hands out identities: STS, the EKS Pod Identity agent, EC2's metadata service; and a gatekeeper of SQS.

Each listens on a free loopback port and keeps the requests it saw, so that they can be counted. The keys are made up.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker"
SECRET = "planted-secret"  # noqa: S105 - made up, to be found where it must not be
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """The fields of an AWS query request."""
        return {name: values[0] for name, values in parse_qs(self.body).items()}

    @property
    def key_id(self) -> str:
        """Whose key signed it; empty where none did."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]


@dataclass
class Server:
    """What a stub shares with who started it: `url`, the requests `seen`, and switches that may be turned while it runs."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    lifetime_seconds: float = 3600
    issued: int = 0
    skew_seconds: float = 0
    role: str = "worker"
    stale: bool = False
    caller: Callable[[str], str] | None = None
    """The ARN of who signs with a key id; without it everybody is `role`."""

    def expiry(self) -> str:
        """When keys that are issued now end."""
        return (datetime.now(UTC) + timedelta(seconds=self.lifetime_seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_key(self) -> str:
        """A key id that was not issued before, or while `stale` the last one again."""
        self.issued += not self.stale
        return f"ASIAISSUED{self.issued:010d}"

    def actions(self) -> list[str]:
        """The query actions that were asked for, in order."""
        return [request.form.get("Action", "") for request in tuple(self.seen)]


Answer = tuple[int, str, str]
NO_ANSWER = 0


@contextlib.contextmanager
def serve(answer: Callable[[Server, Seen], Answer]) -> Iterator[Server]:
    """A server that answers `(status, content type, body)`, or closes for `NO_ANSWER`; it ends with the block."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            state.seen.append(seen)
            status, kind, text = answer(state, seen)
            if status == NO_ANSWER:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + state.skew_seconds)

        do_GET = do_POST = do_PUT = _reply  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            """Nothing: the test looks at `seen`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sts(server: Server, seen: Seen) -> Answer:
    """GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity; with another `status`, that error."""
    action = seen.form.get("Action", "")
    if server.status != 200:
        code = "ServiceUnavailable" if server.status >= 500 else "AccessDenied"
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>told to</Message></Error></ErrorResponse>"
        return server.status, "text/xml", body
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{server.role}/session-1"
    if action == "GetCallerIdentity":
        arn = server.caller(seen.key_id) if server.caller else arn
        result = f"<Arn>{arn}</Arn><UserId>AROAX:session-1</UserId><Account>{arn.split(':')[4]}</Account>"
    else:
        keys = f"<AccessKeyId>{server.next_key()}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        keys += f"<SessionToken>{SECRET}-token</SessionToken><Expiration>{server.expiry()}</Expiration>"
        user = f"<AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>AROAX:session-1</AssumedRoleId></AssumedRoleUser>"
        result = f"<Credentials>{keys}</Credentials>{user}"
    body = f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}</{action}Result>'
    return 200, "text/xml", f"{body}<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"


def pod_identity_agent(server: Server, _: Seen) -> Answer:
    """Keys in the shape of the container credentials endpoint."""
    if server.status != 200:
        return server.status, "text/plain", "told to"
    keys = {
        "AccessKeyId": server.next_key(),
        "SecretAccessKey": SECRET,
        "Token": f"{SECRET}-token",
        "Expiration": server.expiry(),
        "AccountId": ACCOUNT,
    }
    return 200, "application/json", json.dumps(keys)


def instance_metadata(server: Server, seen: Seen) -> Answer:
    """IMDSv2: a token by PUT, the role's name, its keys."""
    if server.status != 200:
        return server.status, "text/plain", "told to"
    if seen.method == "PUT":
        return 200, "text/plain", "imds-token"
    if seen.headers.get("x-aws-ec2-metadata-token") != "imds-token":
        return 401, "text/plain", ""
    if seen.path.endswith("/security-credentials/"):
        return 200, "text/plain", "node-role"
    keys = {
        "Code": "Success",
        "AccessKeyId": server.next_key(),
        "SecretAccessKey": SECRET,
        "Token": f"{SECRET}-token",
        "Expiration": server.expiry(),
    }
    return 200, "application/json", json.dumps(keys)


class Gatekeeper:
    """In front of a real SQS: refuses key ids that were declared dead, with the code it was told."""

    def __init__(self, code: str) -> None:
        self.code, self.dead = code, ""

    def answer(self, _: Server, seen: Seen, target: str) -> Answer:
        """Refuse, or hand on to `target` and back."""
        if self.dead and self.dead in seen.headers.get("authorization", ""):
            return 403, "application/x-amz-json-1.0", f'{{"__type": "com.amazonaws.sqs#{self.code}", "message": "told to"}}'
        return hand_on(target, seen)


def hand_on(target: str, seen: Seen) -> Answer:
    """Ask `target` the same, and answer what it answers."""
    headers = {name: value for name, value in seen.headers.items() if name not in ("host", "content-length", "connection")}
    body = seen.body.encode() if seen.method == "POST" else None
    request = urllib.request.Request(target + seen.path, body, headers, method=seen.method)  # noqa: S310 - the target is a server of ours
    try:
        with _NO_PROXY.open(request) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Content-Type", ""), error.read().decode()
