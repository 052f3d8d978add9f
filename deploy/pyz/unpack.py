"""Unpacks the single file into a private folder, once, and runs it from there: the SDK cannot read its data inside a zip.

The folder is named after its content and appears by one rename, so that it is whole as soon as it is there, and a second start
finds it. One that another user has put in its place is never used.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import NoReturn
from zipfile import ZipFile, ZipInfo

DIGEST = "digest"
"""The archive's member that names its content."""
SITE = "site"
"""The archive's folder that goes onto the import path."""
_NAMES_TRIED = 8


class UnpackError(Exception):
    """There is no place to unpack to; says what to do."""


def run() -> None:
    """Unpack this archive where that was not done yet, and run the command line."""
    archive = Path(__file__).parent
    try:
        place = private_copy(archive, Path(tempfile.gettempdir()))
    except FileNotFoundError:
        _refuse("no folder for temporary files can be written to: set TMPDIR to one, such as a mounted emptyDir")
    except UnpackError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"cannot unpack ({error}): set TMPDIR to a folder with 50 MB to spare")
    sys.path[:] = [str(place / SITE), *(entry for entry in sys.path if entry != str(archive))]
    from sqs_tui.cli import main

    main()


def private_copy(archive: Path, base: Path) -> Path:
    """The archive's folder below `base`, whole and nobody else's. Raises `UnpackError` or `OSError`."""
    with ZipFile(archive) as opened:
        members = [info for info in opened.infolist() if info.filename.startswith(f"{SITE}/")]
        stem = f"sqs-tui-{os.geteuid()}-{opened.read(DIGEST).decode()}"
        for number in range(_NAMES_TRIED):
            place = base / (f"{stem}-{number}" if number else stem)
            if not os.path.lexists(place):
                _unpack(opened, members, place)
            if _is_ours(place):
                if not _is_whole(place, members):  # some clean temporary folders file by file
                    _put_away(place)
                    _unpack(opened, members, place)
                return place
    raise UnpackError(f"{base / stem} belongs to somebody else, and so do its likes: set TMPDIR to a folder of yours")


def _is_ours(place: Path) -> bool:
    """A folder, no link, of this user, that nobody else can look into or write to."""
    found = place.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077


def _is_whole(place: Path, members: list[ZipInfo]) -> bool:
    try:
        return all((place / info.filename).stat().st_size == info.file_size for info in members)
    except FileNotFoundError:
        return False


def _unpack(opened: ZipFile, members: list[ZipInfo], place: Path) -> None:
    """Nothing happens where another process was faster."""
    growing = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    before = os.umask(0o077)
    try:
        opened.extractall(growing, [info.filename for info in members])
        growing.rename(place)
    except OSError:
        if not os.path.lexists(place):
            raise
    finally:
        os.umask(before)
        shutil.rmtree(growing, ignore_errors=True)


def _put_away(place: Path) -> None:
    away = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    place.rename(away / "old")
    shutil.rmtree(away, ignore_errors=True)


def _refuse(text: str) -> NoReturn:
    sys.stderr.write(f"sqs-tui: {text}\n")
    sys.exit(2)
