"""TLS as the SDK does it, with the authorities as they are when a connection is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


class Trust:
    """Contexts with the SDK's options that trust its authorities, or those of the bundle (a file or a directory).

    A bundle may be replaced while we run, as one that is mounted into a pod is: it is read again once it has changed.
    Safe from any thread.
    """

    def __init__(self, certificate_bundle: str | None) -> None:
        from botocore.httpsession import get_cert_path

        find_path: Any = get_cert_path
        self._path = Path(find_path(certificate_bundle or True))
        # Replaced as a whole, so that no lock is needed.
        self._read: tuple[tuple[int, ...], ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """For the next connection. Raises `OSError` for a bundle that is not there or holds no certificate."""
        facts = self._path.stat()
        version = facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size
        read = self._read
        if read is None or read[0] != version:
            read = self._read = version, _trusting(self._path)
        return read[1]


def _trusting(path: Path) -> ssl.SSLContext:
    from botocore.httpsession import create_urllib3_context

    context: ssl.SSLContext = create_urllib3_context()
    context.check_hostname = True
    context.set_alpn_protocols(["http/1.1"])  # some gateways go by it, and turn away who says nothing
    if path.is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    return context
