"""A configuration file of the demo's own: what this machine is configured with plays no part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identities import deployed
from identity_servers import ROLE_ARN
from sqs_core.client import AwsSession

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from identity_servers import Server


def test_keys_and_profiles_of_this_machine_are_not_used(
    sts: Server, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = clean_environment / ".aws"
    decoy.mkdir()
    (decoy / "credentials").write_text("[pod]\naws_access_key_id = AKIADECOY\naws_secret_access_key = decoy\n")
    (decoy / "config").write_text("[profile pod]\nrole_arn = arn:aws:iam::000000000000:role/decoy\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN"):
        monkeypatch.setenv(name, "decoy")
    (clean_environment / "token").write_text("jwt-1")
    config = clean_environment / "config-of-the-demo"
    config.write_text(f"[profile pod]\nrole_arn = {ROLE_ARN}\nweb_identity_token_file = {clean_environment / 'token'}\n")
    connection = replace(deployed("http://127.0.0.1:9", sts.url), profile="pod", config_file=str(config))
    report = AwsSession(connection).credentials()
    assert (report.provider, report.role_arn) == ("assume-role-with-web-identity", ROLE_ARN)
    row = next(row for row in report.chain if row.method == "assume-role-with-web-identity")
    assert (row.status, "no longer" in row.reason) == ("found", False)
    assert not any("decoy" in row.reason.lower() for row in report.chain)
