"""Where consumers of this machine can be reached: Unix sockets in a private folder, named after the process.

`$XDG_RUNTIME_DIR/sqs-tui`, else `$TMPDIR/sqs-tui-UID`; the folder 0700, the sockets 0600. Never TCP.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".sock"
OPEN_SUFFIX = ".open"
"""Of a folder within that of the sockets, made by a process for its own: what listens in there can be attached to as well."""
LONGEST_PATH_BYTES = 100
"""Systems take between 103 and 107 bytes."""
_CONNECT_SECONDS = 2.0
_BACKLOG = 64
_NAMES_TRIED = 16


def runtime_directory() -> Path:
    """The folder of this user's sockets, whether it is there or not."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base, "sqs-tui") if base else Path(tempfile.gettempdir(), f"sqs-tui-{os.getuid()}")


def make_private(folder: Path) -> Path:
    """The folder, made with mode 0700. Raises `ConfigurationError` where it is not ours alone: somebody may have planted it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}): set XDG_RUNTIME_DIR to a folder of yours"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigurationError(f"{folder} is not a folder of this user's: set XDG_RUNTIME_DIR to one that is")
    return folder


def listen(folder: Path | None = None) -> tuple[socket.socket, Path]:
    """A socket that listens, in `folder` or where viewers look; those of dead processes are removed. Raises `ConfigurationError`.

    Two processes can have the same id where containers share the folder: the second gets a number behind it.
    """
    folder = make_private(folder or runtime_directory())
    for number in range(1, _NAMES_TRIED):
        path = folder / f"{os.getpid()}{f'-{number}' if number > 1 else ''}{SUFFIX}"
        if len(os.fsencode(path)) > LONGEST_PATH_BYTES:
            raise ConfigurationError(f"{path} is too long for a socket: set XDG_RUNTIME_DIR to a shorter folder of yours")
        if path.exists() and not remove_stale(path):
            continue
        return _bound(path), path
    raise ConfigurationError(
        f"{folder} has sockets of {_NAMES_TRIED} processes with this id: set XDG_RUNTIME_DIR to another folder"
    )


def _bound(path: Path) -> socket.socket:
    """It gets its name once it listens: one that does not yet would be taken for one that does no more, and removed."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    unnamed = path.with_suffix(".new")
    try:
        unnamed.unlink(missing_ok=True)
        listening.bind(str(unnamed))
        unnamed.chmod(0o600)  # until then the folder keeps others out
        listening.listen(_BACKLOG)
        unnamed.rename(path)
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"{path} cannot be listened on ({error.strerror}): set XDG_RUNTIME_DIR to a folder of yours"
        ) from error
    return listening


def remove_stale(path: Path) -> bool:
    """Remove a socket that nobody listens on. False where somebody does, or where it cannot be removed."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.settimeout(_CONNECT_SECONDS)
        probe.connect(str(path))
    except (ConnectionRefusedError, FileNotFoundError):
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return not path.exists()
    except OSError:
        return False
    finally:
        probe.close()
    return False


def living_sockets() -> list[Path]:
    """The sockets of this user that somebody may listen on, the newest first; for root those of all users.

    What dead processes left is removed where it is ours.
    """
    kinds = (f"*{SUFFIX}", f"*{OPEN_SUFFIX}/*{SUFFIX}")
    found = [path for folder in _folders() for kind in kinds for path in folder.glob(kind)]
    return sorted((path for path in found if not remove_stale(path)), key=_made_at, reverse=True)


def _folders() -> Iterator[Path]:
    own = runtime_directory()
    yield own
    if os.getuid() == 0:
        yield from (folder for folder in Path(tempfile.gettempdir()).glob("sqs-tui-*") if folder != own and folder.is_dir())


def _made_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def connect(path: Path) -> socket.socket:
    """A connection to a consumer's socket. Raises `OSError`."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer.settimeout(_CONNECT_SECONDS)
        peer.connect(str(path))
    except OSError:
        peer.close()
        raise
    return peer


def peer_user(peer: socket.socket) -> int:
    """The user id of who is at the other end, as the system says. Raises `OSError`."""
    if sys.platform == "darwin":  # struct xucred: version, uid, groups
        return int(struct.unpack_from("II", peer.getsockopt(0, 0x001, 76))[1])
    return int(struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[1])


def may_connect(user: int) -> bool:
    """Our own user, and root, who could read this process's memory anyway."""
    return user in (os.getuid(), 0)
