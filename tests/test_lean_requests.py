"""The requests of the lean client beside the SDK's: the same, signed as they are, sent to whom they go and only where allowed."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any, cast

import pytest
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import HTTPClientError, NoCredentialsError

from identities import deployed
from scripted_server import ScriptedServer
from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError, NotPermittedError
from sqs_core.lean_client import LeanClient
from sqs_core.settings import make_connection_settings
from sqs_core.transports import hot_client
from sqs_core.version import __version__
from sqs_core.words import Transport
from transport_subjects import ACK, BOTH, POLL, Subject

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sdk


def test_the_requests_are_the_sdks_and_signed_as_they_say(scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very secret")
    for transport in BOTH:
        subject = Subject(scripted.url, transport)
        subject.queue.receive(10, 20, 30, "attempt")
        subject.queue.change_visibility_batch([("handle ä", 5)])
        subject.queue.delete_batch(["handle"])
    sdk, lean = scripted.asked[:3], scripted.asked[3:]
    assert [json.loads(body) for _, body in sdk] == [json.loads(body) for _, body in lean]
    for (theirs, _), (ours, body) in zip(sdk, lean, strict=True):
        theirs_by_name, ours_by_name = _headers(theirs), _headers(ours)
        for name in ("host", "accept-encoding", "content-type", "x-amz-target", "x-amzn-query-mode"):
            assert ours_by_name[name] == theirs_by_name[name]
        signed = ours_by_name["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        assert signed == sorted({"host", "content-type", "x-amz-date", "x-amz-target", "x-amzn-query-mode"})
        assert ours_by_name["authorization"] == _signed_by_the_sdk(ours_by_name, body, scripted.url)
        assert ours_by_name["user-agent"] == f"sqs-tui/{__version__}"


def _headers(head: str) -> dict[str, str]:
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}


def _signed_by_the_sdk(headers: dict[str, str], body: bytes, url: str) -> str:
    left_out = {"accept-encoding", "authorization", "content-length", "user-agent", "x-amz-date"}
    plain = {name: value for name, value in headers.items() if name not in left_out}
    request: Any = AWSRequest("POST", f"{url}/", plain, body)
    signer: Any = SigV4Auth(Credentials("AKIDEXAMPLE", "very secret"), "sqs", "us-east-1")
    request.context["timestamp"] = headers["x-amz-date"]
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return str(request.headers["Authorization"])


def test_the_application_that_the_sdk_names_is_named(scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _planted_keys(monkeypatch)
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "billing\r\nx: y")
    for transport in BOTH:
        Subject(scripted.url, transport, AwsSession(deployed(scripted.url, None))).queue.receive(10, 0, 30, None)
    assert all("app/billing--x--y" in _headers(head)["user-agent"].split() for head, _ in scripted.asked)


class Rotating:
    """A credentials object whose keys change, as those of a role do."""

    def __init__(self, *keys: Credentials) -> None:
        self.keys = list(keys)

    def get_frozen_credentials(self) -> Any:
        """The SDK's."""
        return (self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]).get_frozen_credentials()


def _lean(url: str, credentials: object) -> LeanClient:
    session = AwsSession(make_connection_settings(endpoint_url=url))
    return LeanClient(
        session.client(ACK),
        cast("Credentials", credentials),
        None,
        (5.0, 5.0),
        1,
        lambda _operation: None,
        lambda _operation: None,
    )


def test_each_request_is_signed_with_the_keys_of_its_moment(scripted: ScriptedServer) -> None:
    turns = [Credentials(f"AKID{number}", f"secret{number}", f"token{number}") for number in range(20)]
    lean = _lean(scripted.url, Rotating(*turns))
    for _ in turns:
        lean.delete_message_batch(QueueUrl="q", Entries=[])
    seen = [_headers(head) for head, _ in scripted.asked]
    assert [one["x-amz-security-token"] for one in seen] == [f"token{number}" for number in range(20)]
    assert all(f"Credential=AKID{number}/" in one["authorization"] for number, one in enumerate(seen))
    assert len({one["authorization"] for one in seen}) == 20
    assert len(lean._forms) <= 6


def test_without_credentials_or_with_ones_that_no_header_can_hold_nothing_is_sent(scripted: ScriptedServer) -> None:
    with pytest.raises(NoCredentialsError):
        _lean(scripted.url, None).delete_message_batch(QueueUrl="q", Entries=[])
    for keys in (Credentials("AKID\r\nx: y", "secret"), Credentials("AKID", "secret", "token\n")):
        with pytest.raises(HTTPClientError) as caught:
            _lean(scripted.url, keys).delete_message_batch(QueueUrl="q", Entries=[])
        assert "token\n" not in str(caught.value)
    assert scripted.asked == []


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_not_allowed_is_refused_before_the_wire(scripted: ScriptedServer, read_only: bool) -> None:
    session = AwsSession(make_connection_settings(endpoint_url=scripted.url, read_only=read_only))
    subject = Subject(scripted.url, Transport.LEAN, session)
    calls = {
        "ReceiveMessage": (subject.ack.receive_message, subject.poll.receive_message),
        "DeleteMessageBatch": (subject.poll.delete_message_batch, subject.ack.delete_message_batch),
        "ChangeMessageVisibilityBatch": (
            subject.poll.change_message_visibility_batch,
            subject.ack.change_message_visibility_batch,
        ),
    }
    for operation, (foreign, own) in calls.items():
        for call in (foreign, own) if read_only else (foreign,):
            send: Any = call
            with pytest.raises(NotPermittedError, match=f"{operation} was not sent"):
                send(QueueUrl="q")
    assert (scripted.asked, subject.asked) == ([], {})


def _tls(name: str) -> tuple[trustme.CA, ssl.SSLContext]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return authority, context


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_server_of_a_trusted_authority_is_spoken_to(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    authority, context = _tls("127.0.0.1")
    bundle = clean_environment / "authorities.pem"
    authority.cert_pem.write_to_path(str(bundle))
    _planted_keys(monkeypatch)
    monkeypatch.setenv(variable, str(bundle))
    with ScriptedServer(context=context) as server:
        session = AwsSession(deployed(server.url, None))
        for transport in BOTH:
            subject = Subject(server.url, transport, session)
            for _ in range(2):
                assert subject.queue.receive(10, 0, 30, None).messages == ()
        assert (server.connections, server.spoken) == (2, ["http/1.1", "http/1.1"])


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", False), ("example.com", True)])
def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    authority, context = _tls(name)
    if trusted:
        authority.cert_pem.write_to_path(str(clean_environment / "authorities.pem"))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(clean_environment / "authorities.pem"))
    _planted_keys(monkeypatch)
    with ScriptedServer(context=context) as server:
        session = AwsSession(deployed(server.url, None))
        told = [Subject(server.url, transport, session).trouble("receive") for transport in BOTH]
        assert [one[0] for one in told] == ["SSLError", "SSLError"]
        assert told[0][1:5] == told[1][1:5]
        assert server.asked == []


@pytest.mark.parametrize("transport", BOTH)
def test_a_bundle_that_is_replaced_or_missing_for_a_while_is_read_again(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, transport: Transport
) -> None:
    first, second = _tls("127.0.0.1"), _tls("127.0.0.1")
    bundle = clean_environment / "authorities.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    _planted_keys(monkeypatch)
    with ScriptedServer(context=first[1]) as server:
        subject = Subject(server.url, transport, AwsSession(deployed(server.url, None)))
        missing = subject.trouble("receive")
        assert (missing[0], missing[4]) == ("SSLError", False)
        assert "No such file" in str(missing[5])
        assert transport is Transport.BOTO3 or str(bundle) in str(missing[5])
        for authority, context in (first, second):
            server.use(context)
            new = bundle.with_suffix(".new")
            authority.cert_pem.write_to_path(str(new))
            new.replace(bundle)
            assert subject.queue.receive(10, 0, 30, None).messages == ()
    assert len(server.asked) == 2


def _planted_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very secret")


OBSTACLES = {
    "a proxy": {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
    "FIPS": {"AWS_USE_FIPS_ENDPOINT": "true"},
    "dual-stack": {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
    "plugins": {"BOTOCORE_EXPERIMENTAL__PLUGINS": "none=json"},
}


@pytest.mark.parametrize("reason", OBSTACLES)
def test_what_lean_does_not_do_is_named_and_left_to_the_sdk(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    _planted_keys(monkeypatch)
    for name, value in OBSTACLES[reason].items():
        monkeypatch.setenv(name, value)
    endpoint = None if reason in ("FIPS", "dual-stack") else "http://127.0.0.1:1"
    session = AwsSession(deployed(endpoint, None))
    client: Any
    client, told = hot_client(session, POLL, lambda _operation: None, Transport.AUTO)
    assert told is not None
    assert reason in told
    assert not isinstance(client, LeanClient)
    with pytest.raises(ConfigurationError, match="--transport lean"):
        hot_client(session, POLL, lambda _operation: None, Transport.LEAN)
    assert hot_client(session, POLL, lambda _operation: None, Transport.BOTO3)[1] is None


def test_a_path_is_left_to_the_sdk_and_a_proxy_of_the_environment_is_none_of_local(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(url: str) -> str | None:
        session = AwsSession(make_connection_settings(endpoint_url=url))
        return hot_client(session, POLL, lambda _operation: None, Transport.AUTO)[1]

    assert told("http://127.0.0.1:1/base") == "an endpoint with the path /base"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert told("http://127.0.0.1:1") is None


@pytest.mark.parametrize("variable", ["NO_PROXY", "HTTP_PROXY", "ALL_PROXY"])
def test_a_variable_that_names_no_proxy_for_the_endpoint_is_no_obstacle(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    _planted_keys(monkeypatch)
    for name in (variable, variable.lower()):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert hot_client(AwsSession(deployed(None, None)), POLL, lambda _operation: None, Transport.LEAN)[1] is None


def test_awss_own_endpoint_is_resolved_by_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    _planted_keys(monkeypatch)
    client: Any
    client, told = hot_client(AwsSession(deployed(None, None)), POLL, lambda _operation: None, Transport.AUTO)
    assert told is None
    assert isinstance(client, LeanClient)
    assert (client._host, client._server._place) == ("sqs.us-east-1.amazonaws.com", ("sqs.us-east-1.amazonaws.com", 443))
    client.close()
