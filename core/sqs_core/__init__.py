"""sqs_core: an SQS consumer engine that can be watched and steered.

`Consumer` is the whole library for most programs; `Message`, `Retry` and `Discard` are what a handler meets.
"""

from sqs_core.errors import ConfigurationError, Discard, Retry, SqsTuiError
from sqs_core.library import Consumer
from sqs_core.model import Message, PoolName, Snapshot
from sqs_core.runner import RunResult
from sqs_core.version import __version__

__all__ = [
    "ConfigurationError", "Consumer", "Discard", "Message", "PoolName", "Retry", "RunResult", "Snapshot", "SqsTuiError",
    "__version__",
]  # fmt: skip
