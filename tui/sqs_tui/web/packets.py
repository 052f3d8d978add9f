"""What goes to and fro: frames of the browser's terminal, and packets of the process that draws.

A frame is a JSON array `[kind, value]` (textual-serve's page). A packet is one byte of kind, four of length, big-endian, and
the payload (Textual's driver for browsers).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamReader

WIDEST_COLUMNS, TALLEST_ROWS = 500, 200
_LEAST_COLUMNS, _LEAST_ROWS = 10, 4
_LARGEST_PACKET_BYTES = 16 * 2**20
_PRELUDE = b"__GANGLION__\n"
SCREEN = b"D"


def fit(columns: int, rows: int) -> tuple[int, int]:
    """A size that can be drawn, whatever was asked for: in cells."""
    return max(_LEAST_COLUMNS, min(columns, WIDEST_COLUMNS)), max(_LEAST_ROWS, min(rows, TALLEST_ROWS))


def pack(kind: bytes, payload: bytes) -> bytes:
    """A packet."""
    return kind + len(payload).to_bytes(4, "big") + payload


def packet_of(frame: str) -> bytes | None:
    """The packet for a frame of the browser; None for a ping. Raises `ValueError` for what is no frame."""
    try:
        match json.loads(frame):
            case ["stdin", str(keys)]:
                return pack(SCREEN, keys.encode())
            case ["resize", {"width": int(columns), "height": int(rows)}]:
                columns, rows = fit(columns, rows)
                return _meta({"type": "resize", "width": columns, "height": rows})
            case ["blur" | "focus" as kind]:
                return _meta({"type": kind})
            case ["ping", str()]:
                return None
    except RecursionError as error:
        raise ValueError("a frame nested beyond all measure") from error
    raise ValueError("neither keys, a size, a focus nor a ping")


def _meta(value: dict[str, object]) -> bytes:
    return pack(b"M", json.dumps(value).encode())


async def read_prelude(stream: StreamReader) -> None:
    """Wait until the process draws. Raises `EOFError` when it has ended, `ValueError` when it writes something else."""
    line = await stream.readline()
    if not line:
        raise EOFError
    if line != _PRELUDE:
        raise ValueError("what was started is no dashboard")


async def read_packet(stream: StreamReader) -> tuple[bytes, bytes]:
    """The next packet's kind and payload. Raises `EOFError` at the end, `ValueError` for one that is too large."""
    head = await stream.readexactly(5)
    size = int.from_bytes(head[1:], "big")
    if size > _LARGEST_PACKET_BYTES:
        raise ValueError(f"a packet of {size} bytes")
    return head[:1], await stream.readexactly(size)
