"""Messages from a file into a queue: once, however often it was cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from consuming import depth
from identity_servers import Denying, Losing, serve
from sqs_core.errors import ConfigurationError
from transferring import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


Place = tuple[str, "SQSClient", "QueueFactory"]


def test_an_import_that_was_cut_goes_on_where_it_was(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = write(tmp_path / "in", 60)
    denying = Denying(ministack)

    def answer(server: Any, seen: Any) -> Any:
        if "SendMessageBatch" in denying.asked[-2:]:
            denying.codes["SendMessageBatch"] = "AccessDeniedException"
        return denying.answer(server, seen)

    with serve(answer) as server:
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["failed"]) == (1, 10, 30)
        denying.codes.clear()
        denying.asked.clear()
    with serve(denying.answer) as server:
        pass
    code, seen = run(ministack, "import", str(path), queue.name, "--yes")
    assert (code, seen["moved"]) == (0, 60), "another endpoint is another place"
    code, seen = run(ministack, "import", str(path), queue.name, "--yes")
    assert (code, seen["moved"], seen["skipped"]) == (0, 0, 60)
    code, seen = run(ministack, "import", str(path), queue.name, "--yes", "--again")
    assert (code, seen["moved"]) == (0, 60)
    assert depth(ministack_sqs, queue.url) == (130, 0)


def test_lines_of_an_import_whose_answer_was_lost_are_uncertain(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = write(tmp_path / "in", 30)
    losing = Losing(ministack, "SendMessage", lambda number: number == 2)
    with serve(losing.answer) as server:
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["uncertain"]) == (1, 20, 10)
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["skipped"], seen["uncertain"]) == (1, 0, 20, 10)
        code, seen = run(server.url, "import", str(path), queue.name, "--yes", "--retry-uncertain")
        assert (code, seen["moved"], seen["skipped"]) == (0, 10, 20)
    assert depth(ministack_sqs, queue.url) == (40, 0), "sent again because it was asked for"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: it is no JSON"),
        ("[]", "line 2: it is no JSON object"),
        ('{"schema": 2, "body": "x"}', "line 2: schema is 2, not 1"),
        ('{"schema": 1}', "line 2: body is missing"),
        ('{"schema": 1, "body": 5}', "line 2: body is no text"),
        ('{"schema": 1, "body": "x", "attributes": {"a": 1}}', "line 2: attributes.a is no object"),
        ('{"schema": 1, "body": "x", "attributes": {"a": {"type": "String"}}}', "line 2: attributes.a lacks value"),
        (
            '{"schema": 1, "body": "x", "attributes": {"a": {"type": "Binary", "value": "%"}}}',
            "line 2: attributes.a is no base64",
        ),
        ("[" * 100_000, "line 2: it is no JSON"),
    ],
)
def test_a_line_that_cannot_be_read_stops_an_import_before_it_begins(
    line: str,
    said: str,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = write(tmp_path / "in", 1)
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(ConfigurationError, match=said):
        run(ministack, "import", str(path), queue.name, "--yes")
    assert depth(ministack_sqs, queue.url) == (0, 0)
    code, seen = run(ministack, "import", str(path), queue.name, "--yes", "--skip-unreadable")
    assert (code, seen["moved"], seen["skipped"]) == (0, 1, 1)


def test_what_sqs_took_for_a_repeat_is_told(place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path) -> None:
    endpoint, sqs, factory = place
    queue = factory(fifo=True)
    path = tmp_path / "in"
    message = {"schema": 1, "body": "x", "group_id": "g", "dedup_id": "same"}
    path.write_text(f"{json.dumps(message)}\n{json.dumps({**message, 'body': 'y'})}\n")
    _, seen = run(endpoint, "import", str(path), queue.name, "--yes")
    assert [result["state"] for result in seen["results"]] == ["moved", "skipped"]
    assert "same deduplication id" in seen["results"][1]["why"]
    assert depth(sqs, queue.url) == (1, 0)
