"""No test waits for ever: what waits for a thread, a process or a result says for how long at most."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
WAITS = frozenset({"wait", "join", "communicate", "result"})
RUNS = frozenset({"run", "call", "check_call", "check_output"})
WORTH_READING = re.compile(rf"\.({'|'.join(WAITS)})\(\)|subprocess\.({'|'.join(RUNS)})\(")


def unbounded(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each wait without an end. What is awaited is not meant: the event loop's tests end with their thread."""
    tree = ast.parse(text)
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and id(node) not in awaited:
            given, name = {keyword.arg for keyword in node.keywords}, node.func.attr
            bare = name in WAITS and not node.args and not given
            if bare or (ast.unparse(node.func.value) == "subprocess" and name in RUNS and not given & {"timeout", None}):
                yield node.lineno, ast.unparse(node.func)


def test_every_wait_says_for_how_long() -> None:
    texts = {path.relative_to(TESTS): path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
    found = [
        f"{path}:{line} {call}" for path, text in texts.items() if WORTH_READING.search(text) for line, call in unbounded(text)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["event.wait()", "a.b.join()", "subprocess.run(x, check=True)", "subprocess.check_output(x)"])
def test_what_a_wait_without_an_end_is(text: str) -> None:
    assert WORTH_READING.search(text)
    assert [line for line, _ in unbounded(text)] == [1]


@pytest.mark.parametrize(
    "text", ["event.wait(1)", "', '.join(x)", "subprocess.run(x, timeout=1)", "async def f():\n await e.wait()"]
)
def test_what_none_is(text: str) -> None:
    assert list(unbounded(text)) == []
