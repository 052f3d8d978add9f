"""Run a command that must not outlive the process that asked for it, not even when that process is killed.

A script of its own, without imports from this package: `python -IS guard.py PARENT_PID COMMAND…`. It ends the command
when its standard input is closed (only the parent holds the other end, and the kernel closes that with the parent),
when its parent is no longer PARENT_PID (a fork of the parent may still hold the other end), or on SIGTERM; it ends
itself, with the command's exit code, when the command ends. The command's home and temporary directory is made for it
and removed after it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile

LOOK_SECONDS = 0.25
# A server that waits for its open long polls before it ends would use up any grace.
GRACE_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run `PARENT_PID COMMAND…` to its end or the parent's, whichever is first; the command's exit code."""
    parent, command = int(arguments[0]), arguments[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="sqs-tui-demo-", ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "HOME": home, "TMPDIR": home}
        child = subprocess.Popen(command, cwd=home, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            return _watch(child, parent)
        finally:
            _end(child)


def _watch(child: subprocess.Popen[bytes], parent: int) -> int:
    while child.poll() is None and os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], LOOK_SECONDS)
        if readable and not os.read(0, 1):
            break
    return child.poll() or 0


def _end(child: subprocess.Popen[bytes]) -> None:
    # A second SIGTERM must not cut this short: it is what keeps the promise.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
