"""A body in the user's own editor: $VISUAL, $EDITOR, else vi."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from sqs_core.errors import ConfigurationError


def edit(body: str) -> str | None:
    """The body after editing; None where it was left as it was. Raises `ConfigurationError` where the editor failed.

    The file is readable by its owner alone and gone afterwards. A newline that the editor added at the end is taken off.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="sqs-tui-") as folder:
        path = Path(folder, "body.json" if body.lstrip().startswith(("{", "[")) else "body.txt")
        path.touch(0o600)
        path.write_bytes(body.encode("utf-8", "surrogatepass"))
        try:
            arguments = [*shlex.split(command), str(path)]
            code = subprocess.run(arguments, check=False).returncode  # noqa: S603 - the user's own editor
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the editor {command!r} cannot be started ({error}): set EDITOR; nothing was sent"
            ) from error
        if code:
            raise ConfigurationError(f"the editor {command!r} ended with {code}: nothing was sent")
        try:
            edited = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"what the editor left is not UTF-8 text ({error}): nothing was sent") from error
    if edited.endswith("\n") and not body.endswith("\n"):
        edited = edited.removesuffix("\n")
    return None if edited == body else edited
