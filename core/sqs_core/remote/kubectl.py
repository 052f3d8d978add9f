"""`kubectl` as a program: what is asked of it, how long it may take, and its complaints as one line each.

It is the user's own, with the user's own rights; nothing here reads a kubeconfig or talks to a cluster by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError, UnreachableError
from sqs_core.plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWER_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 64 * 2**20
_LONGEST_COMPLAINT = 300
_LOG_LINE = re.compile(r"[EWI]\d{4} ")
"""What kubectl logs beside what it says."""
_NO_CONTEXT = "context was not found"


@dataclass(frozen=True, slots=True)
class Reach:
    """How pods are reached: the options of `attach`, `snapshot` and `control`. `program` is what is run in the pod."""

    namespace: str | None = None
    container: str | None = None
    context: str | None = None
    program: tuple[str, ...] = ("sqs-tui",)


class Kubectl:
    """Runs it against one context, for as long as it lives.

    Where none is named, the current one is looked up once: another terminal may switch it while somebody watches.
    """

    def __init__(self, context: str | None = None, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self.context = context or self._current_context()

    def _current_context(self) -> str | None:
        """None in a pod, where kubectl takes the pod's own account."""
        try:
            return self._run(["config", "current-context"]).decode("utf-8", "replace").strip() or None
        except UnreachableError:
            return None

    @property
    def where(self) -> str:
        """The context, as people read it."""
        return one_line(self.context) if self.context else "the pod's own cluster"

    def command(self, *arguments: str) -> list[str]:
        """A command line of kubectl in this context."""
        return ["kubectl", *self._options, *arguments]

    @property
    def _options(self) -> list[str]:
        return [f"--context={self.context}"] if self.context else []

    def get(self, *arguments: str) -> dict[str, Any]:
        """The object that `kubectl get … -o json` prints. Raises `ConfigurationError`, `UnreachableError`."""
        timeout = f"--request-timeout={self._answer_seconds:g}s"
        said = self._run([*self._options, "get", *arguments, "--output=json", timeout])
        try:
            answer = json.loads(said)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"kubectl get {arguments[0]} answered what is no JSON object: does `kubectl` mean kubectl?")
        return answer

    def _run(self, arguments: Sequence[str]) -> bytes:
        """Its output. It has no terminal, so that nothing it starts can ask there for a password."""
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, and no shell
                ["kubectl", *arguments],  # noqa: S607 - the one on the user's PATH is meant
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(f"kubectl cannot be run ({error.strerror}): install it, or put it on PATH") from error
        try:
            said, complaint = process.communicate(timeout=self._answer_seconds + 1)
        except subprocess.TimeoutExpired as error:
            raise UnreachableError(
                f"`kubectl {' '.join(arguments[:3])}` said nothing for {self._answer_seconds + 1:g} s: is the cluster reachable?"
            ) from error
        finally:
            _end(process)
        if process.returncode != 0:
            raise complain(complaint.decode("utf-8", "replace"), process.returncode)
        if len(said) > LARGEST_ANSWER_BYTES:
            raise UnreachableError(f"kubectl answered with {len(said):,} bytes: name fewer pods")
        return said


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with whatever it has started, such as a login helper that keeps its output open."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def complain(text: str, code: int | None) -> ConfigurationError | UnreachableError:
    """What kubectl complained of, as the error to raise."""
    said = gist(text) or f"kubectl ended with exit code {code} and said nothing"
    if _NO_CONTEXT in text:
        return ConfigurationError(f"kubectl: {said}: `kubectl config get-contexts` lists the contexts there are")
    return UnreachableError(f"kubectl: {said}")


def gist(text: str) -> str:
    """One line of what was said on stderr, without what is only logged."""
    lines = (line.strip() for line in text.splitlines())
    kept = [line for line in lines if line and not _LOG_LINE.match(line)]
    return one_line(" ".join(kept).removeprefix("error: "), _LONGEST_COMPLAINT)
