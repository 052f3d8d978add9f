"""sqs_core: an SQS consumer engine that can be watched and steered.

`Consumer` is the whole library for most programs; `Message`, `Retry` and `Discard` are what a handler meets. Each is loaded
when it is first asked for, so that whoever needs one part of the engine does not wait for all of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sqs_core.version import __version__

if TYPE_CHECKING:
    from sqs_core.errors import ConfigurationError, Discard, Retry, SqsTuiError
    from sqs_core.library import Consumer
    from sqs_core.model import Message, PoolName, Snapshot
    from sqs_core.runner import RunResult

__all__ = [
    "ConfigurationError", "Consumer", "Discard", "Message", "PoolName", "Retry", "RunResult", "Snapshot", "SqsTuiError",
    "__version__",
]  # fmt: skip

_HOMES = {
    **dict.fromkeys(("ConfigurationError", "Discard", "Retry", "SqsTuiError"), "errors"),
    **dict.fromkeys(("Message", "PoolName", "Snapshot"), "model"),
    "Consumer": "library",
    "RunResult": "runner",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
