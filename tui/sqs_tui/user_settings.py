"""The user's settings file: `$XDG_CONFIG_HOME/sqs-tui/settings.toml`, else `~/.config/sqs-tui/settings.toml`.

Nothing in it can keep the dashboard from starting: what is wrong is left out and told of.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sqs_core.errors import describe
from sqs_core.masking import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_BYTES = 64 * 1024
_KNOWN = ("theme", "fps", "keys")
_FPS = range(1, 11)


class UserSettings(NamedTuple):
    """`fps` is 1 to 10 and `keys` command id → key, not checked against the commands; None is what was not set."""

    theme: str | None = None
    fps: int | None = None
    keys: Mapping[str, str] = MappingProxyType({})
    warnings: tuple[str, ...] = ()


def settings_path() -> Path:
    """Where the file is, or would be."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "sqs-tui" / "settings.toml"


def load_user_settings() -> UserSettings:
    """What the file says. Never raises; without a file there is nothing to say."""
    try:
        path = settings_path()
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
        if len(data) > _LARGEST_BYTES:
            return UserSettings(warnings=(f"{path} is ignored: it is larger than {_LARGEST_BYTES:,} bytes",))
        import tomllib  # most have no such file

        return read_settings(tomllib.loads(data.decode()), str(path))
    except FileNotFoundError:
        return UserSettings()
    except (OSError, ValueError, RuntimeError) as error:  # unreadable, not UTF-8 or not TOML; or there is no home
        return UserSettings(warnings=(f"the settings file is ignored: {describe(error)}",))


def read_settings(values: Mapping[str, Any], where: str) -> UserSettings:
    """The settings of a parsed file."""
    warnings = [f"{where}: unknown setting {name!r}{_meant(name)}" for name in values if name not in _KNOWN]
    theme, fps, keys = (values.get(name) for name in _KNOWN)
    if theme is not None and not isinstance(theme, str):
        warnings.append(f"{where}: theme = {theme!r} is no name of a theme")
        theme = None
    if fps is not None and (isinstance(fps, bool) or fps not in _FPS):
        warnings.append(f"{where}: fps = {fps!r} is not a whole number from 1 to 10")
        fps = None
    if not isinstance(keys or {}, dict):
        warnings.append(f"{where}: keys = {keys!r} is no table: write [keys] and a line for each, as in pause = 'T'")
        keys = None
    good = {name: key for name, key in (keys or {}).items() if isinstance(key, str)}
    warnings += [f"{where}: keys.{name} = {key!r} is no text" for name, key in (keys or {}).items() if name not in good]
    return UserSettings(theme, fps, good, tuple(map(mask_secrets, warnings)))


def _meant(name: str) -> str:
    near = get_close_matches(name, _KNOWN, 1)
    return f": {near[0]} was meant?" if near else f": there are {', '.join(_KNOWN)}"
