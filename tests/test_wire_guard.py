"""No client sends what its purpose does not need, and a read-only session sends nothing that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import identity_servers
from identity_servers import serve
from sqs_core import client as clients
from sqs_core import server_side, sweep
from sqs_core.client import AwsSession, ClientProfile
from sqs_core.errors import NotPermittedError
from sqs_core.settings import ConsumerSettings, make_connection_settings

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sdk
HARMLESS = {"GetQueueUrl", "GetQueueAttributes", "ListQueues", "ListDeadLetterSourceQueues", "ListQueueTags"}
PROFILES: dict[str, Callable[[], ClientProfile]] = {
    "poll": lambda: clients.poll_profile(ConsumerSettings()),
    "ack": lambda: clients.ack_profile(30),
    "send": lambda: clients.SEND,
    "look": lambda: clients.LOOK,
    "receiving": lambda: sweep.RECEIVING,
    "settling": lambda: sweep.SETTLING,
    "move task": lambda: server_side.MOVING,
}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("name", PROFILES)
def test_every_operation_that_is_not_allowed_is_refused_before_the_wire(name: str, read_only: bool) -> None:
    profile = PROFILES[name]()
    allowed = profile.operations & HARMLESS if read_only else profile.operations
    with serve(identity_servers.empty_sqs) as server:
        client: Any = AwsSession(make_connection_settings(endpoint_url=server.url, read_only=read_only)).client(profile)
        operations = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
        assert len(operations) >= 20
        for operation, method in operations.items():
            if operation not in allowed:
                with pytest.raises(NotPermittedError, match=f"{operation} was not sent"):
                    getattr(client, method)()
        assert server.seen == []
        client.close()
    assert clients.LOOK.operations == HARMLESS
