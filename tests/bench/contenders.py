"""Who is measured: a name, the command that consumes, and why it cannot run here where it cannot."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("sqs-tui")
NODE_PACKAGES = Path(sys.prefix) / "node"
FAST_PACKAGES = Path(sys.prefix) / "fast"
PROCESSES = 4
OURS = "engine, lean"
ON_SCREEN = "engine, dashboard"
BOTO3_LOOP = "boto3 loop"
FANFERRO = "fanferro"


@dataclass(frozen=True)
class Contender:
    """A consumer of its endpoint's queues; `missing` says why it is skipped."""

    name: str
    arguments: tuple[str, ...]
    on_screen: bool = False
    missing: str = ""

    def command(self, endpoint_url: str, handler_seconds: float = 0.0) -> list[str]:
        """What to run."""
        values = {"endpoint": endpoint_url, "seconds": str(handler_seconds), "handler": handler(handler_seconds)}
        return [argument.format(**values) for argument in self.arguments]


def handler(seconds: float) -> str:
    """The built-in handler that takes so long."""
    return f"builtin:sleep?seconds={seconds}" if seconds else "builtin:noop"


def engine(
    name: str, *, workers: int = 8, queues: int = 1, processes: int = 1, transport: str = "lean", on_screen: bool = False
) -> Contender:
    """This engine with so many workers a queue."""
    pools = ["--workers", str(workers), "--pollers", "2"]
    more = ["--transport", transport, "--processes", str(processes), *([] if on_screen else ["--headless"])]
    names = [f"bench-{number}" for number in range(queues)]
    arguments = [str(PROGRAM), "consume", *names, "--endpoint-url", "{endpoint}", "--handler", "{handler}", *pools, *more]
    return Contender(name, tuple(arguments), on_screen)


def fast_engine(name: str) -> Contender:
    """This engine with its extra `fast`, which the environment itself is without."""
    missing = "" if (FAST_PACKAGES / "orjson").exists() else "orjson is not installed"
    return Contender(name, ("env", f"PYTHONPATH={FAST_PACKAGES}", *engine(name).arguments), missing=missing)


def peer(name: str, function: str, module: str) -> Contender:
    """A consumer of `peers.py`."""
    missing = "" if importlib.util.find_spec(module) else f"{module} is not installed (it may need a newer Python)"
    return Contender(name, (sys.executable, str(HERE / "peers.py"), function, "{endpoint}", "{seconds}"), missing=missing)


def node_peer() -> Contender:
    """sqs-consumer on Node."""
    node = shutil.which("node")
    missing = "" if node else "there is no node here"
    if node and not (NODE_PACKAGES / "node_modules" / "sqs-consumer").exists():
        missing = "its packages are not installed"
    packages = f"NODE_PACKAGES={NODE_PACKAGES}"
    return Contender(
        "sqs-consumer (Node)",
        ("env", packages, node or "node", str(HERE / "peer_node.mjs"), "{endpoint}", "{seconds}"),
        missing=missing,
    )


def contenders() -> Sequence[Contender]:
    """All of the main table."""
    return (
        engine(OURS),
        engine("engine, boto3", transport="boto3"),
        engine(f"engine, {PROCESSES} processes", processes=PROCESSES),
        engine(ON_SCREEN, on_screen=True),
        peer(FANFERRO, "fanferro", "fanferro"),
        peer("aiobotocore", "aiobotocore", "aiobotocore"),
        peer(BOTO3_LOOP, "boto3_loop", "boto3"),
        node_peer(),
        peer("the article's shape", "article", "boto3"),
    )
