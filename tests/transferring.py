"""Messages in files, for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def what_it_says(path: Path) -> list[tuple[Any, ...]]:
    """The parts that a message keeps wherever it goes."""
    kept = ("body", "attributes", "group_id", "dedup_id")
    return sorted((tuple(json.dumps(line[name], sort_keys=True) for name in kept)) for line in lines(path))


def write(path: Path, count: int) -> Path:
    path.write_text("".join(f"{json.dumps({'schema': 1, 'body': f'{number}'})}\n" for number in range(count)))
    return path
