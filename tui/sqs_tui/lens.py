"""What a lens shows: a table over the whole screen, what its figures cover, and all that is known of the row under the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_tui.rows import Row


@dataclass(frozen=True, slots=True)
class Lens:
    """One frame of it. All texts went through `safe_text`; `details` are by row key, one line each string."""

    title: str
    about: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty: str = ""
