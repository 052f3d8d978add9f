"""Builds the single file: `python build.py OUTPUT`. It runs on any Python from 3.11 on that has its standard library.

Only wheels for any platform go in; of the SDK's data only what SQS, STS and credentials need.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from unpack import DIGEST, SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
OLDEST_PYTHON = "3.11"
SERVICES = ("sqs", "sts", "sso", "sso-oidc", "signin")
WITHOUT_WHEEL = ("localstack-client",)
"""Dependencies that are published as source only."""
MAXIMUM_BYTES = 25_000_000
_UNUSED = ("bin/", "boto3/data/", "boto3/examples/")
_SERVICE_DATA = "botocore/data/"


def build(output: Path) -> None:
    """Write the archive. Raises `SystemExit` where it cannot be made, or is too big."""
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch, "site")
        _install(Path(scratch, "wheels"), site)
        files = [(path.relative_to(site).as_posix(), path.read_bytes()) for path in sorted(_wanted(site))]
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    members = [(name, (HERE / name).read_bytes()) for name in ("__main__.py", "unpack.py")]
    members += [(DIGEST, digest.hexdigest()[:32].encode()), *((f"{SITE}/{name}", content) for name, content in files)]
    output.parent.mkdir(parents=True, exist_ok=True)
    _write(output, members)
    size = output.stat().st_size
    if size > MAXIMUM_BYTES:
        raise SystemExit(f"{output} has {size} bytes, more than {MAXIMUM_BYTES}")
    print(f"{output}: {size / 1e6:.1f} MB, {len(files)} files")


def _install(wheels: Path, site: Path) -> None:
    pip = [sys.executable, "-m", "pip"]
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(REPOSITORY), *WITHOUT_WHEEL], check=True
    )
    (own,) = wheels.glob("sqs_tui-*.whl")
    anywhere = ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", OLDEST_PYTHON]
    quietly = ["--quiet", "--no-warn-conflicts", "--no-compile", "--target", str(site)]
    command = [*pip, "install", *quietly, "--only-binary", ":all:", *anywhere, "--find-links", str(wheels), f"{own}[metrics]"]
    subprocess.run(command, check=True)


def _wanted(site: Path) -> Iterator[Path]:
    for path in site.rglob("*"):
        inside = path.relative_to(site).as_posix()
        unused = inside.startswith(_UNUSED) or path.name in ("RECORD", "direct_url.json")
        service, deeper, _ = inside.removeprefix(_SERVICE_DATA).partition("/")
        other = inside.startswith(_SERVICE_DATA) and deeper and service not in SERVICES
        if path.is_file() and not unused and not other:
            yield path


def _write(output: Path, members: list[tuple[str, bytes]]) -> None:
    """The same bytes from the same files: no times, no owners."""
    with output.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in members:
                info = ZipInfo(name)
                info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
                archive.writestr(info, content)
    output.chmod(0o755)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: build.py OUTPUT")
    build(Path(sys.argv[1]))
