"""Targets as people write them: a process id, a socket's path, or pods of Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.remote.targets import local_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.viewing import Target


def resolve(texts: Sequence[str]) -> list[Target]:
    """The targets, each once. Raises `ConfigurationError` for one that cannot be, and where nothing answers to it."""
    return [local_target(text) for text in dict.fromkeys(texts)]
