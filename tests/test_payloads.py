"""Bodies that lie in S3: read when somebody asks, within bounds, logged where deployed; on the emulator's own S3."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sqs_core import payloads
from sqs_core.action_log import newest_lines
from sqs_core.client import AwsSession
from sqs_core.environment import Environment
from sqs_core.errors import ConfigurationError, NotPermittedError
from sqs_core.facade import Link
from sqs_core.message import Message
from sqs_core.model import MessageDetail
from sqs_core.payloads import PAYLOAD, fetch_payload
from sqs_core.settings import make_connection_settings
from sqs_core.unwrap import Pointer, unwrap
from sqs_core.words import LinkPhase
from sqs_tui.screens.fetching import Fetching
from sqs_tui.screens.message import MessageScreen, Privacy
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "payloads"
BODY = json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": BUCKET, "s3Key": "orders/[b]1"}])


@pytest.fixture(scope="module")
def put(ministack: str) -> Iterator[Callable[[str, bytes], None]]:
    """Puts an object into the emulator's bucket."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=ministack, config=Config(s3={"addressing_style": "path"}))
    s3.create_bucket(Bucket=BUCKET)
    yield lambda key, body: s3.put_object(Bucket=BUCKET, Key=key, Body=body) and None
    s3.close()


@pytest.fixture
def session(ministack: str) -> AwsSession:
    """A session of the emulator."""
    return AwsSession(make_connection_settings(endpoint_url=ministack))


def test_a_pointer_says_where_the_body_lies() -> None:
    (layer,) = unwrap(BODY)
    assert layer.pointer == Pointer(BUCKET, "orders/[b]1")
    assert str(layer.pointer) == "s3://payloads/orders/[b]1"


def test_an_object_is_read(session: AwsSession, put: Callable[[str, bytes], None]) -> None:
    put("whole", '{"größe": 1}'.encode())
    assert fetch_payload(session, Pointer(BUCKET, "whole")) == ('{"größe": 1}', "14 bytes of s3://payloads/whole")
    assert newest_lines(5) == [], "in local nothing is logged"


def test_of_a_large_object_the_beginning_is_read(
    session: AwsSession, put: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "MOST_BYTES", 5)
    put("large", "ab€€€".encode())
    text, note = fetch_payload(session, Pointer(BUCKET, "large"))
    assert text == "ab€", "cut between characters"
    assert note == "11 bytes of s3://payloads/large; the first 2 MiB of it"


def test_what_is_no_text_and_what_is_not_there_are_said(session: AwsSession, put: Callable[[str, bytes], None]) -> None:
    put("binary", b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"is no text \(3 bytes\): aws s3 cp s3://payloads/binary FILE"):
        fetch_payload(session, Pointer(BUCKET, "binary"))
    with pytest.raises(ClientError, match="NoSuchKey"):
        fetch_payload(session, Pointer(BUCKET, "nowhere"))


def test_where_deployed_who_reads_is_in_the_action_log_first(
    session: AwsSession, put: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("logged", b"x")
    deployed = session.acting_as(replace(session.connection, environment=Environment.STAGING, reason="ticket 7"))
    # The session itself stays the emulator's.
    monkeypatch.setattr(deployed, "payload_client", session.payload_client)
    assert fetch_payload(deployed, Pointer(BUCKET, "logged"))[0] == "x"
    (line,) = newest_lines(5)
    assert (line["operation"], line["object"], line["reason"]) == ("fetch", "s3://payloads/logged", "ticket 7")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    with pytest.raises(ConfigurationError, match="XDG_STATE_HOME"):
        fetch_payload(deployed, Pointer(BUCKET, "logged"))


def test_the_client_reads_objects_and_nothing_else(session: AwsSession) -> None:
    client: Any = session.payload_client(PAYLOAD)
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: client.put_object(Bucket=BUCKET, Key="x", Body=b""),
        lambda: client.delete_object(Bucket=BUCKET, Key="x"),
        lambda: client.list_objects_v2(Bucket=BUCKET),
        client.list_buckets,
    )
    for attempt in attempts:
        with pytest.raises(NotPermittedError, match="the payload client does not send it"):
            attempt()
    client.close()


async def test_the_message_view_asks_then_shows_it_as_one_more_layer() -> None:
    async with dashboard(size=(120, 50)) as running:
        facade = running.facade
        detail = MessageDetail(Message("id-1", BODY, "", "orders"), (), None, False)
        screen = MessageScreen(detail, None, Privacy.of(facade, detail), fetching=Fetching.of(facade))
        await running.app.push_screen(screen)
        await running.pilot.pause()
        assert "F fetch it" in running.text()
        await running.press("F", "enter")
        assert not facade.bench.calls, "the safe answer is the default"
        await running.press("F")
        assert "s3://payloads/orders/[b]1" in running.text()
        assert "with env" in running.text()
        await running.press("y")
        for _ in range(200):
            await running.pilot.pause(0.02)
            if "object" in running.text():
                break
        assert facade.bench.calls == [("fetch", "s3://payloads/orders/[b]1")]
        assert '"from": "S3"' in running.text()
        assert "hunter22" not in running.text()
        assert "F fetch it" not in running.text()


async def test_a_refusal_is_said_and_the_message_stays() -> None:
    async with dashboard(size=(120, 50)) as running:
        facade = running.facade
        facade.bench.refusal = ConfigurationError("AccessDenied [/b]\x1b[31m")
        detail = MessageDetail(Message("id-1", BODY, "", "orders"), (), None, False)
        screen = MessageScreen(detail, None, Privacy.of(facade, detail), fetching=Fetching.of(facade))
        await running.app.push_screen(screen)
        await running.press("F", "y")
        for _ in range(200):
            await running.pilot.pause(0.02)
            if running.app._notifications:
                break
        (said,) = [str(toast.message) for toast in running.app._notifications]
        assert said.startswith("not fetched: AccessDenied [/b]")
        assert "\x1b" not in said
        assert running.app.screen is screen


def test_through_an_attached_consumer_nothing_is_fetched() -> None:
    far = Link("pid 7", LinkPhase.LIVE, 0.0, "", control=True, dropped=0)
    assert Fetching.of(FakeFacade(far=far)) is None
