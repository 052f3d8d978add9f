"""One command to many consumers at once, with what came of it for each; bounded in time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.errors import SqsTuiError, describe
from sqs_core.plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a command at one member; `ok` is None until it has answered."""

    name: str
    ok: bool | None = None
    text: str = ""


class Errand:
    """A command on its way to its members, each on a thread of its own. Safe from any thread."""

    def __init__(self, title: str, names: Mapping[str, str]) -> None:
        self.title = title
        self._lock = threading.Lock()
        self._results = {key: Result(name) for key, name in names.items()}

    def start(self, tasks: Mapping[str, Callable[[], str]]) -> None:
        """Do them all; each returns what was said, or raises."""
        for key, task in tasks.items():
            threading.Thread(target=self._do, args=(key, task), name=f"errand {key}", daemon=True).start()

    def results(self) -> dict[str, Result]:
        """By member, as it is now."""
        with self._lock:
            return dict(self._results)

    def summary(self) -> str:
        """`pause: 38 done, 2 failed`."""
        results = list(self.results().values())
        counted = [
            (sum(result.ok is True for result in results), "done"),
            (sum(result.ok is False for result in results), "failed"),
            (sum(result.ok is None for result in results), "to answer"),
        ]
        return f"{self.title}: {', '.join(f'{number} {word}' for number, word in counted if number)}"

    def _do(self, key: str, task: Callable[[], str]) -> None:
        try:
            ok, text = True, task()
        except TimeoutError:
            ok, text = False, "no answer in time; it may have been done all the same"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this member's result
            ok, text = False, str(error) if isinstance(error, SqsTuiError) else describe(error)
        with self._lock:
            self._results[key] = Result(self._results[key].name, ok, one_line(text, _LONGEST_TEXT))
