"""A poisoned machine does not reach a local session; each safeguard is proved by taking it away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import identity_servers
from identity_servers import Server, serve

CORE = Path(__file__).parent.parent / "core"
CLOSED = "http://127.0.0.1:9"
HOSTILE = {
    "AWS_PROFILE": "nosuch",
    "AWS_DEFAULT_PROFILE": "nosuch",
    "AWS_SESSION_TOKEN": "poison-token",
    "AWS_SECURITY_TOKEN": "poison-token",
    "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z",
    "AWS_ENDPOINT_URL": CLOSED,
    "AWS_ENDPOINT_URL_SQS": CLOSED,
    "AWS_ENDPOINT_URL_STS": CLOSED,
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": CLOSED,
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{CLOSED}/creds",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/poison",
    "AWS_DEFAULTS_MODE": "auto",
    "AWS_RETRY_MODE": "adaptive",
    "AWS_MAX_ATTEMPTS": "9",
    "AWS_CSM_ENABLED": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_SDK_UA_APP_ID": "poison-app",
    "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
    "AWS_BEARER_TOKEN_SQS": "poison-bearer",
    "AWS_DATA_PATH": "{home}/.aws/models",
    "AWS_CONFIG_FILE": "{home}/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "{home}/.aws/credentials",
    "AWS_CREDENTIAL_FILE": "{home}/.aws/ec2",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/.aws/token",
    "AWS_CA_BUNDLE": "{home}/.aws/bundle.pem",
    "REQUESTS_CA_BUNDLE": "{home}/.aws/bundle.pem",
    "BOTO_CONFIG": "{home}/.aws/boto",
    "HTTP_PROXY": CLOSED,
    "HTTPS_PROXY": CLOSED,
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "evil=evil_plugin",
}
# Runs in a fresh interpreter: the hook cannot be taken out again, and the SDK computes some paths as it is imported.
WATCHED = """
import json, os, sys
seen = {"files": [], "network": []}
def hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and "/.aws" in str(arguments[0]):
        seen["files"].append(str(arguments[0]))
    elif event == "socket.connect":
        seen["network"].append(list(map(str, arguments[1][:2])))
    elif event == "socket.sendto":
        seen["network"].append(list(map(str, arguments[1][:2])))
    elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1",):
        seen["network"].append([str(arguments[0]), str(arguments[1])])
sys.addaudithook(hook)
from sqs_core.client import LOOK, AwsSession
from sqs_core.doctor import Question, examine
from sqs_core.settings import make_connection_settings
try:
    connection = make_connection_settings(endpoint_url=os.environ.pop("TEST_ENDPOINT", None))
    session = AwsSession(connection)
    report = session.credentials()
    client = session.client(LOOK)
    client.list_queues()
    examination = examine(Question(connection, probe=True))
    seen["answers"] = [finding.verdict for finding in examination.findings if finding.check in ("endpoint", "permissions")]
    seen.update(provider=report.provider, endpoint=session.endpoint_url, verify=client._endpoint.http_session._verify)
except Exception as error:
    seen["error"] = f"{type(error).__name__}: {error}"
seen["plugin"] = "evil_plugin" in sys.modules
print(json.dumps(seen))
"""


def _poison(home: Path) -> dict[str, str]:
    """A HOME full of decoys, and the variables that point at them."""
    aws = home / ".aws"
    (aws / "models" / "sqs" / "2012-11-05").mkdir(parents=True)
    model = {"version": "2.0", "metadata": {}, "operations": {}, "shapes": {}}
    (aws / "models" / "sqs" / "2012-11-05" / "service-2.json").write_text(json.dumps(model))
    keys = "aws_access_key_id = AKIAPOISON\naws_secret_access_key = poison\n"
    (aws / "config").write_text("[default]\nretry_mode = adaptive\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = a\n")
    (aws / "credentials").write_text(f"[default]\n{keys}[a]\n{keys}")
    (aws / "boto").write_text(f"[Credentials]\n{keys}")
    (aws / "ec2").write_text("AWSAccessKeyId=AKIAPOISON\nAWSSecretKey=poison\n")
    for name in ("token", "bundle.pem"):
        (aws / name).write_text("poison")
    (home / "evil_plugin.py").write_text("def initialize_client_plugin(client): pass\n")
    return {name: value.format(home=home) for name, value in HOSTILE.items()}


def _run(core: Path, home: Path, extra: dict[str, str]) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": f"{core}:{home}",
        **_poison(home),
        **extra,
    }
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def _complaints(seen: dict[str, Any], stub: Server, provider: str = "env") -> list[str]:
    """What a hermetic session would not have done, in words."""
    endpoint = stub.url.removeprefix("http://").split(":")
    foreign = [where for where in seen["network"] if where != endpoint]
    last = stub.seen[-1].headers if stub.seen else {}
    facts = {
        f"error {seen.get('error')}": "error" in seen,
        f"files {seen['files']}": bool(seen["files"]),
        f"network {foreign}": bool(foreign),
        f"plugin {seen['plugin']}": seen["plugin"],
        f"provider {seen.get('provider')}": seen.get("provider") != provider,
        f"verify {seen.get('verify')}": seen.get("verify") is not True,
        f"doctor {seen.get('answers')}": seen.get("answers") != ["ok", "ok"],
        "no request came": not stub.seen,
        "a session token was sent": "x-amz-security-token" in last,
        "a bearer token was sent": "bearer" in last.get("authorization", "").lower(),
        "the application id was sent": "poison-app" in last.get("user-agent", ""),
    }
    return [text for text, wrong in facts.items() if wrong]


PAIR = {"AWS_ACCESS_KEY_ID": "AKIALOCALKEY", "AWS_SECRET_ACCESS_KEY": "local-secret"}


@pytest.mark.sdk
@pytest.mark.parametrize(("pair", "provider"), [(PAIR, "env"), ({}, "dummy")])
def test_a_poisoned_machine_does_not_reach_a_local_session(tmp_path: Path, pair: dict[str, str], provider: str) -> None:
    assert len(HOSTILE) >= 25
    with serve(identity_servers.empty_sqs) as stub:
        seen = _run(CORE, tmp_path, {**pair, "TEST_ENDPOINT": stub.url})
        assert _complaints(seen, stub, provider) == []


@pytest.mark.sdk
def test_the_default_endpoint_is_localstacks_and_not_a_left_over_variables(tmp_path: Path) -> None:
    with serve(identity_servers.empty_sqs) as stub:
        seen = _run(CORE, tmp_path, {**PAIR, "LOCALSTACK_HOST": stub.url.removeprefix("http://")})
        assert _complaints(seen, stub) == []


def test_half_a_pair_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with serve(identity_servers.empty_sqs) as stub:
        seen = _run(CORE, tmp_path, {"AWS_ACCESS_KEY_ID": "AKIALOCALKEY", "TEST_ENDPOINT": stub.url})
    assert "AWS_SECRET_ACCESS_KEY is not set" in seen["error"]
    assert (seen["files"], seen["network"], seen["plugin"]) == ([], [], False)


# Safeguard → the file it stands in, its text, and what stands there once it is gone.
MUTATIONS = {
    "files": ("credentials.py", 'variables["config_file"] = variables["credentials_file"] =', "_ ="),
    "config file": (
        "credentials.py",
        'variables["config_file"] = variables["credentials_file"]',
        'variables["credentials_file"]',
    ),
    "credentials file": (
        "credentials.py",
        'variables["config_file"] = variables["credentials_file"]',
        'variables["config_file"]',
    ),
    "variables": ("credentials.py", "Session(session_vars=variables)", "Session()"),
    "loader": ("credentials.py", 'session.register_component("data_loader", own_models)', "pass"),
    "provider": ("credentials.py", 'session.register_component("credential_provider"', "print(end=str()) or (lambda *_: 0)(0"),
    "only the pair": ("credentials.py", "EnvProvider(environ=pair)", "EnvProvider()"),
    "plugins": ("client.py", "_plugins(allowed=deployed)", "_plugins(allowed=True)"),
    "proxies": ("client.py", 'options["proxies"] = {}', "pass"),
    "certificates": ("client.py", "None if deployed else True", "None"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_without_this_safeguard_the_poison_comes_through(tmp_path: Path, name: str) -> None:
    module, text, instead = MUTATIONS[name]
    core = tmp_path / "core"
    shutil.copytree(CORE, core, ignore=shutil.ignore_patterns("__pycache__"))
    source = (core / "sqs_core" / module).read_text()
    assert source.count(text) == 1
    (core / "sqs_core" / module).write_text(source.replace(text, instead))
    home = tmp_path / "home"
    home.mkdir()
    with serve(identity_servers.empty_sqs) as stub:
        complaints = _complaints(_run(core, home, {**PAIR, "TEST_ENDPOINT": stub.url}), stub)
        assert complaints != []


def test_without_the_mask_a_left_over_variable_moves_the_default_endpoint(tmp_path: Path) -> None:
    core = tmp_path / "core"
    shutil.copytree(CORE, core, ignore=shutil.ignore_patterns("__pycache__"))
    source = (core / "sqs_core" / "client.py").read_text()
    (core / "sqs_core" / "client.py").write_text(source.replace('startswith("AWS_ENDPOINT_URL")', 'startswith("NOTHING")'))
    home = tmp_path / "home"
    home.mkdir()
    with serve(identity_servers.empty_sqs) as stub:
        seen = _run(core, home, {**PAIR, "LOCALSTACK_HOST": stub.url.removeprefix("http://")})
        assert _complaints(seen, stub) != []
