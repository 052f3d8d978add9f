"""Exchanges on kept connections: what is an answer, what is none, and when a connection is used again."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme

from scripted_server import ScriptedServer, answer
from sqs_core.clock import SYSTEM_CLOCK, Clock
from sqs_core.demo.emulator import free_port
from sqs_core.keep_alive import ExchangeError, Server, Stage
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\n{}"
READ_TIMEOUT_SECONDS = 0.3


@pytest.fixture
def subject(scripted: ScriptedServer) -> Iterator[Server]:
    made = Server("127.0.0.1", scripted.port, None, 5.0, 5.0)
    yield made
    made.close()


def _impatient(server: ScriptedServer) -> Server:
    return Server("127.0.0.1", server.port, None, 5.0, READ_TIMEOUT_SECONDS)


def test_one_connection_serves_many_requests(scripted: ScriptedServer, subject: Server) -> None:
    scripted.steps.extend(
        [answer(b'{"a": 1}', "200 OK", "X-Odd:  spaces  "), answer(b"", "204 No Content"), answer(b"no", "500 Oh")]
    )
    first, second, third = (subject.request(REQUEST) for _ in range(3))
    assert (first.status, first.body, first.headers["x-odd"]) == (200, b'{"a": 1}', "spaces")
    assert (second.status, second.body) == (204, b"")
    assert (third.status, third.body) == (500, b"no")
    assert scripted.connections == 1


@pytest.mark.parametrize("step", [answer(b"{}") + b"H", answer(b"{}").replace(b"200 OK", b"204 No Content")])
def test_a_connection_on_which_more_came_than_the_answer_is_not_used_again(
    scripted: ScriptedServer, subject: Server, step: bytes
) -> None:
    scripted.steps.append(step)
    subject.request(REQUEST)
    assert subject.request(REQUEST).body == b"{}"
    assert scripted.connections == 2


def test_what_stands_behind_an_answer_in_its_tls_record_is_not_the_next() -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    longest_record = 16_384
    first = answer(b" " * longest_record, "200 OK", "X-Filling: " + "x" * 100)
    with ScriptedServer(first + answer(b"not asked for"), answer(b"2"), context=context) as server:
        subject = Server("127.0.0.1", server.port, lambda: trusting, 5.0, 5.0)
        assert first.endswith(subject.request(REQUEST).body)
        assert subject.request(REQUEST).body == b"2"
        assert server.connections == 2
        subject.close()


def test_what_an_answer_announces_is_none_itself(scripted: ScriptedServer, subject: Server) -> None:
    scripted.steps.append(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"[]"))
    assert subject.request(REQUEST).body == b"[]"


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_header_may_go_on_in_the_next_line(scripted: ScriptedServer, subject: Server, end: str) -> None:
    lines = "HTTP/1.1 200 OK", "Policy: a;", " b:c;", "\td", "Content-Length: 2", "", "{}"
    scripted.steps.append(end.join(lines).encode())
    answered = subject.request(REQUEST)
    assert (answered.body, answered.headers["policy"], len(answered.headers)) == (b"{}", "a; b:c; d", 2)


def test_chunks_are_put_together_and_the_connection_is_kept(scripted: ScriptedServer, subject: Server) -> None:
    scripted.steps.append(
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    )
    assert subject.request(REQUEST).body == b"abc0123456789"
    assert subject.request(REQUEST).body == b"{}"
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "step",
    [
        answer(b"{}", "200 OK", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        answer(b"{}", "200 OK", "Connection: keep-alive, close"),
    ],
)
def test_a_connection_that_the_server_ends_is_not_kept(scripted: ScriptedServer, subject: Server, step: bytes) -> None:
    scripted.steps.append(step)
    scripted.closes = lambda sent: sent == step
    assert subject.request(REQUEST).body == b"{}"
    assert subject.request(REQUEST).body == b"{}"
    assert scripted.connections == 2


def test_what_stands_behind_an_answer_is_not_the_next(scripted: ScriptedServer, subject: Server) -> None:
    scripted.steps.extend(
        [answer(b"1") + answer(b"not asked for"), answer(b"2"), answer(b"", "204 No Content") + b"{}", answer(b"3")]
    )
    assert [subject.request(REQUEST).body for _ in range(4)] == [b"1", b"2", b"", b"3"]


def test_a_connection_closed_while_idle_is_replaced_before_anything_is_sent(scripted: ScriptedServer, subject: Server) -> None:
    subject.request(REQUEST)
    scripted.drop_connections()
    wait_until(lambda: not subject._idle[0].usable())
    assert subject.request(REQUEST).status == 200
    assert (scripted.connections, len(scripted.asked)) == (2, 2), "each request was sent once"


def test_a_connection_that_the_server_may_be_about_to_close_is_not_used_again(
    scripted: ScriptedServer, subject: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject.request(REQUEST)
    subject.request(REQUEST)
    assert scripted.connections == 1
    slept_seconds = 3600.0
    monkeypatch.setattr("sqs_core.keep_alive.SYSTEM_CLOCK", Clock(lease=lambda: SYSTEM_CLOCK.lease() + slept_seconds))
    subject.request(REQUEST)
    assert scripted.connections == 2


@pytest.mark.parametrize(
    "step",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n no header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_an_error_and_its_connection_is_not_used_again(
    scripted: ScriptedServer, subject: Server, step: bytes | None
) -> None:
    scripted.steps.append(step)
    scripted.closes = lambda sent: sent == step
    with pytest.raises(ExchangeError) as error:
        subject.request(REQUEST)
    assert error.value.stage is Stage.CLOSED
    assert len(scripted.asked) == 1, "nothing is sent twice down here"
    assert subject.request(REQUEST).body == b"{}"
    assert scripted.connections == 2


@pytest.mark.parametrize("step", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"])
def test_an_answer_that_does_not_come_is_a_read_timeout(scripted: ScriptedServer, step: bytes) -> None:
    scripted.steps.append(step)
    impatient = _impatient(scripted)
    with pytest.raises(ExchangeError) as error:
        impatient.request(REQUEST)
    assert error.value.stage is Stage.READ_TIMEOUT
    assert impatient.request(REQUEST).body == b"{}", "the late answer is not taken for the next request's"
    impatient.close()


def test_a_server_that_is_not_there_is_a_failed_connection() -> None:
    with pytest.raises(ExchangeError) as error:
        Server("127.0.0.1", free_port(), None, 5.0, 5.0).request(REQUEST)
    assert error.value.stage is Stage.CONNECT


def test_threads_share_no_connection_and_leave_no_more_than_were_needed(scripted: ScriptedServer, subject: Server) -> None:
    meeting = threading.Barrier(4)

    def ask(_: int) -> bytes:
        meeting.wait(10)
        return subject.request(REQUEST).body

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(40))) == {b"{}"}
    assert scripted.connections <= 4
    assert len(scripted.asked) == 40


def test_nothing_is_kept_after_the_end(scripted: ScriptedServer, subject: Server) -> None:
    subject.request(REQUEST)
    subject.close()
    assert subject._idle == []
    subject.request(REQUEST)
    assert subject._idle == []
