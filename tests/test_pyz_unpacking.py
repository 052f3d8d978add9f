"""Where the single file unpacks itself to: private, whole, once, and never what somebody else has put there."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn
from zipfile import ZipFile

import pytest

from servers import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

CONTENT = {"site/one.py": "ONE = 1", "site/package/__init__.py": "", "site/package/data.json": "{}"}


def _load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("pyz_unpack", REPOSITORY / "deploy" / "pyz" / "unpack.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


UNPACK: Any = _load()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small archive of the same kind."""
    path = tmp_path / "small.pyz"
    with ZipFile(path, "w") as opened:
        opened.writestr("digest", "abc")
        opened.writestr("unpack.py", "not to be unpacked")
        for name, text in CONTENT.items():
            opened.writestr(name, text)
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder for temporary files."""
    folder = tmp_path / "base"
    folder.mkdir()
    return folder


def _content(place: Path) -> dict[str, str]:
    return {path.relative_to(place).as_posix(): path.read_text() for path in place.rglob("*") if path.is_file()}


def _unpack(archive: Path, base: Path) -> Path:
    place: Path = UNPACK.private_copy(archive, base)
    assert place.parent == base
    assert _content(place) == CONTENT
    assert not [path for path in base.iterdir() if path.name.startswith(".")], "nothing half-done is left"
    return place


def test_it_is_private_and_found_again(archive: Path, base: Path) -> None:
    before = os.umask(0)
    try:
        place = _unpack(archive, base)
        assert os.umask(0) == 0, "the umask is the caller's again"
    finally:
        os.umask(before)
    assert place.name == f"sqs-tui-{os.geteuid()}-abc"
    assert not [path for path in (place, *place.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    inode = place.stat().st_ino
    assert _unpack(archive, base).stat().st_ino == inode


def test_many_at_once_leave_one(archive: Path, base: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: UNPACK.private_copy(archive, base), range(32)))
    assert len(places) == 1
    assert [path.name for path in base.iterdir()] == [_unpack(archive, base).name]


@pytest.mark.parametrize("name", CONTENT)
def test_what_was_cleaned_in_part_is_made_anew(name: str, archive: Path, base: Path) -> None:
    place = _unpack(archive, base)
    (place / name).unlink()
    assert _unpack(archive, base) == place


def test_what_was_cut_short_is_made_anew(archive: Path, base: Path) -> None:
    place = _unpack(archive, base)
    (place / "site" / "one.py").write_text("")
    assert _unpack(archive, base) == place


def _plant(archive: Path, base: Path) -> Path:
    """The folder as it will be called, with other code of the same size."""
    place = _unpack(archive, base)
    (place / "site" / "one.py").write_text("ONE = 2")
    return place


def test_a_link_is_not_followed(archive: Path, base: Path, tmp_path: Path) -> None:
    place = _plant(archive, base)
    place.rename(tmp_path / "evil")
    place.symlink_to(tmp_path / "evil")
    assert _unpack(archive, base) == base / f"{place.name}-1"
    place.unlink()
    place.symlink_to(tmp_path / "nowhere")
    assert _unpack(archive, base) == base / f"{place.name}-1"


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o720, 0o777, 0o1777])
def test_a_folder_that_others_can_get_at_is_not_used(mode: int, archive: Path, base: Path) -> None:
    place = _plant(archive, base)
    place.chmod(mode)
    assert _unpack(archive, base) == base / f"{place.name}-1"


def test_a_file_in_its_place_is_not_used(archive: Path, base: Path) -> None:
    place = _plant(archive, base)
    shutil.rmtree(place)
    place.write_text("")
    place.chmod(0o600)
    assert _unpack(archive, base) == base / f"{place.name}-1"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user needs root")
def test_another_users_folder_is_not_used(archive: Path, base: Path) -> None:
    place = _plant(archive, base)
    os.chown(place, 65534, 65534)
    assert _unpack(archive, base) == base / f"{place.name}-1"


def test_where_all_names_are_taken_it_gives_up(archive: Path, base: Path) -> None:
    name = _unpack(archive, base).name
    shutil.rmtree(base / name)
    for taken in (name, *(f"{name}-{number}" for number in range(1, 8))):
        (base / taken).symlink_to("/nowhere")
    with pytest.raises(UNPACK.UnpackError, match="set TMPDIR"):
        UNPACK.private_copy(archive, base)


def test_a_full_disk_leaves_nothing(archive: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ZipFile, "extractall", fill)
    with pytest.raises(OSError, match="No space left"):
        UNPACK.private_copy(archive, base)
    assert list(base.iterdir()) == []
