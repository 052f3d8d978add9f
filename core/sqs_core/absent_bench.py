"""A workbench where there is none: whatever is asked of it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sqs_core.bench import BenchView, LookState
from sqs_core.errors import ConfigurationError
from sqs_core.write_lock import LockState

if TYPE_CHECKING:
    from sqs_core.unwrap import Pointer


class AbsentBench:
    """Implements `WorkbenchFacade` by refusing, with `why`."""

    def __init__(self, why: str) -> None:
        self._why = why

    def view(self) -> BenchView:
        """Nothing to see, and why."""
        return BenchView(state=LookState.FAILED, text=self._why)

    def lock(self) -> LockState:
        """Locked for good."""
        return LockState(locked=True, why=self._why)

    def actions(self) -> list[dict[str, object]]:
        """Nothing is written from here."""
        return []

    def unmask(self, queue: str, message_id: str) -> None:  # noqa: ARG002 - the façade's
        """Refused."""
        self._refuse()

    def fetch_payload(self, pointer: Pointer) -> tuple[str, str]:  # noqa: ARG002 - the façade's
        """Refused."""
        self._refuse()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise ConfigurationError(self._why)

    look = look_at_own = put_back = copy = delete = purge = answer = cancel = unlock = relock = _refuse
