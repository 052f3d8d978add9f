"""Queues at another endpoint than the session's: only at one on this machine, and only as their URLs name them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.settings import is_local_host, make_connection_settings, parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable


def session_of(queue: str, session: AwsSession, here: Callable[[], AwsSession]) -> AwsSession:
    """What `here` gives, where a queue is at the endpoint of `session`; else a session for the local endpoint that its URL names.

    Raises `ConfigurationError` for a URL at an endpoint that is not on this machine.
    """
    reference = parse_queue(queue)
    if reference.url is None or _same_place(reference.url, session.service_url()):
        return here()
    return AwsSession(make_connection_settings(env="local", endpoint_url=_endpoint(reference.url)))


def _same_place(url: str, endpoint: str) -> bool:
    """Whether a queue's URL is at the session's endpoint, however this machine is spelled."""
    theirs, ours = urlsplit(url), urlsplit(endpoint)
    if is_local_host(theirs.hostname or "") and is_local_host(ours.hostname or ""):
        return theirs.port == ours.port
    return theirs.hostname == ours.hostname


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if not is_local_host(parts.hostname or ""):
        raise ConfigurationError(f"{url} is not on this machine: name a queue of this session, or one at a local endpoint")
    return f"{parts.scheme}://{parts.netloc}"
