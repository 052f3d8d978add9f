"""Answers of SQS: whatever went wrong on the way becomes a `RequestError`, and nothing else passes for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_core.errors import ProtocolError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType


def call(operation: str, request: Callable[[], Any]) -> dict[str, Any]:
    """The answer of one SDK call. Raises `RequestError` for whatever the SDK raises."""
    try:
        answer = request()
    except Exception as error:
        raise RequestError(operation, error) from error
    return answer if isinstance(answer, dict) else {}


class reading:  # noqa: N801 - used as a `with` statement's own word
    """An answer in the wrong shape is trouble with the protocol, not a defect that ends a thread."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if isinstance(error, AttributeError | KeyError | TypeError | ValueError):
            problem = ProtocolError(f"the answer is not in SQS's shape ({type(error).__name__}: {error})")
            raise RequestError(self._operation, problem) from error


def require_sqs_answer(operation: str, headers: Mapping[str, str]) -> None:
    """Raise `RequestError` for a page that something in between answered in SQS's place."""
    kind = headers.get("content-type", "")
    if not ("json" in kind or "xml" in kind) or headers.get("content-length") == "0":
        shown = kind or "no content type"
        raise RequestError(operation, ProtocolError(f"HTTP 200 with a body that is not SQS's ({shown})"))


_LONGEST_NOTHING = 64
"""Bytes of an answer that names nothing, at most: `{}`, or empty lists by their names."""


def require_empty_answer(operation: str, headers: Mapping[str, str]) -> None:
    """For an answer in which nothing was found. Raises `RequestError` as `require_sqs_answer` does, and where it is so long
    that something was in it: boto3 1.44 takes an answer that was cut short for an empty one."""
    require_sqs_answer(operation, headers)
    length = headers.get("content-length", "")
    if "json" in headers.get("content-type", "") and length.isdecimal() and int(length) > _LONGEST_NOTHING:
        problem = f"an answer of {length} bytes in which nothing could be read: was it cut short?"
        raise RequestError(operation, ProtocolError(problem))
