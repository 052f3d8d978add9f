"""A demo whose words are somebody else's."""

from __future__ import annotations

from typing import Any, NoReturn

from sqs_core.errors import ConfigurationError
from test_deck import FakeDeck


class _Refusing:
    """Says its payload and refuses all with it."""

    def __init__(self, payload: str) -> None:
        self._payload = payload
        self.active = (payload,)

    def value(self, _knob: str) -> int:
        return 1

    def sent(self) -> str:
        return self._payload

    def _refuse(self, *_: object) -> NoReturn:
        raise ConfigurationError(self._payload)

    inject = end = kill_worker = turn = burst = _refuse


class HostileDeck(FakeDeck):
    """Says `said` wherever a demo says anything but the names of its scenes."""

    @property
    def faults(self) -> Any:
        return _Refusing(self.said)

    @property
    def desk(self) -> Any:
        return _Refusing(self.said)

    def choose(self, name: str) -> None:
        raise ConfigurationError(self.said)

    def act(self, action: str) -> None:
        raise ConfigurationError(self.said)
