"""A consumer that means harm, behind an attached dashboard and in a fleet: what it says is text on a real terminal."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from hostile_peer import MALFORMED, HostilePeer
from hostile_screens import CLASSES
from hostile_terminals import ESCAPE, WALK, Command, leaks
from torturing import Row
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

EVERYTHING = "".join(CLASSES.values())
DRAWABLE = EVERYTHING.replace(CLASSES["surrogate"], "")
"""A terminal that nothing protects cannot even be written half a character."""
WALKS = {
    "attached": ((), (ESCAPE, *WALK), 1),
    "fleet": ((b"j", b"?", ESCAPE, b"\r"), (b"r", ESCAPE, b"e", ESCAPE, b"p", ESCAPE), 2),
}
"""For each face the keys that open a member, those pressed once a message of it is open, and how many members there are."""
HELD = b"1 held"
"""What a dashboard says of the consumer's messages once it knows of them."""
ALONE = {"door": False, "filter": False, "none": True}
"""Whether something leaks where only that layer is left."""


def payloads(each: bool) -> dict[str, str]:
    """All as one text, or each by itself."""
    return CLASSES if each else {"all classes": EVERYTHING}


def shown_to(path: Path, name: str, payload: str, layers: str) -> tuple[list[str], int, list[str]]:
    """What leaked of one payload in that walk, the exit code, and what the consumer was asked."""
    opening, keys, members = WALKS[name]
    with ExitStack() as stack:
        peers = [stack.enter_context(HostilePeer(path / f"{layers}{number}.sock", payload)) for number in range(members)]
        with Command(["attach", *(str(peer.path) for peer in peers)], layers, TEXTUAL_ANIMATIONS="none") as terminal:
            wait_until(lambda: terminal.read(0.05) and _frames_asked(peers) >= members)
            terminal.settle()
            terminal.walk(opening)
            wait_until(lambda: terminal.read(0.05) and HELD in terminal.seen)
            wait_until(lambda: _opens_message(terminal, peers))
            terminal.walk(keys)
            for peer in peers:
                peer.malformed = list(MALFORMED)
            wait_until(lambda: terminal.read(0.05) and not any(peer.malformed for peer in peers))
            terminal.settle()
            for key in (ESCAPE, b"q", b"q"):
                if terminal.process.poll() is None:
                    terminal.press(key)
                    terminal.read(0.3)
            code = terminal.ended(20.0)
            return leaks(terminal.seen), code, [kind for peer in peers for kind in peer.asked]


@pytest.mark.parametrize("name", WALKS)
def test_nothing_of_it_is_obeyed(
    name: str, clean_environment: Path, scale: Callable[[bool, bool], bool], table: Callable[[Row], None]
) -> None:
    found: list[str] = []
    tried = payloads(scale(False, True))
    for payload_name, payload in tried.items():
        leaked, code, asked = shown_to(_short(clean_environment, payload_name), name, payload, "both")
        found += [f"{payload_name}: {leak}" for leak in leaked] + ([f"{payload_name}: exit code {code}"] if code else [])
        assert {"frames", "message"} <= set(asked), "the walk did not see a message"
    table(Row(f"a hostile consumer, {name}", len(tried), len(tried) - bool(found), note=f"{len(found)} leaks"))
    assert found == []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The layers one by one with `--torture`; the made-up strings show them in every run."""
    if "layers" in metafunc.fixturenames:
        metafunc.parametrize("layers", ALONE if metafunc.config.getoption("--torture") else ["none"])


def test_either_layer_holds_alone_and_without_both_it_shows(layers: str, clean_environment: Path) -> None:
    leaked, code, _ = shown_to(_short(clean_environment, layers), "fleet", DRAWABLE, layers)
    assert (bool(leaked), code) == (ALONE[layers], 0), leaked[:10]


def _opens_message(terminal: Command, peers: Sequence[HostilePeer]) -> bool:
    """Press for one, which is no use before the screen of its consumer has come up."""
    terminal.walk((b"i", b"\r"))
    return any("message" in peer.asked for peer in peers)


def _frames_asked(peers: Sequence[HostilePeer]) -> int:
    return sum(kind == "frames" for peer in peers for kind in peer.asked)


def _short(home: Path, name: str) -> Path:
    folder = home / str(abs(hash(name)) % 10_000)
    folder.mkdir(mode=0o700)
    return folder
