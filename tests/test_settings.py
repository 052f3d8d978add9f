"""What is refused before anything happens, and what an environment or a queue's name is taken for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sqs_core.capabilities import require_write
from sqs_core.clock import Clock
from sqs_core.environment import Environment, choose_environment
from sqs_core.errors import ConfigurationError
from sqs_core.settings import ConsumerSettings, guard_endpoint, make_connection_settings, parse_queue
from sqs_core.write_lock import WriteLock

NOWHERE: dict[str, str] = {}


def _one_line(error: pytest.ExceptionInfo[ConfigurationError], *parts: str) -> None:
    text = str(error.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


REFUSED: list[tuple[str, str, Any]] = [
    ("workers", "--workers 0", 0), ("workers", "--workers -1", -1), ("workers", "--workers 513", 513),
    ("pollers", "--pollers 0", 0), ("pollers", "--pollers 513", 513),
    ("wait_seconds", "--wait 25", 25), ("wait_seconds", "--wait -1", -1),
    ("batch", "--batch 0", 0), ("batch", "--batch 11", 11),
    ("visibility_seconds", "--visibility 0", 0), ("visibility_seconds", "--visibility 43201", 43_201),
    ("drain_timeout_seconds", "--drain-timeout -1", -1), ("drain_timeout_seconds", "--drain-timeout nan", math.nan),
    ("drain_timeout_seconds", "--drain-timeout inf", math.inf),
    ("handler_timeout_seconds", "--handler-timeout 0", 0), ("handler_timeout_seconds", "--handler-timeout nan", math.nan),
    ("read_timeout_seconds", "--read-timeout 20", 20.0), ("read_timeout_seconds", "--read-timeout 0", 0.0),
    ("read_timeout_seconds", "--read-timeout nan", math.nan), ("read_timeout_seconds", "--read-timeout inf", math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shown", "value"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_value_out_of_bounds_is_refused_by_option_and_value(name: str, shown: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as error:
        ConsumerSettings(**{name: value})
    _one_line(error, shown)


def test_the_limits_themselves_are_legal() -> None:
    lowest = ConsumerSettings(1, 1, 0, 1, 1, 0.001, 0, 0.001)
    highest = ConsumerSettings(512, 512, 20, 43_200, 10, 20.001, 86_400, 43_200)
    assert (lowest.workers, highest.workers) == (1, 512)


def test_a_poll_is_given_up_well_after_its_wait() -> None:
    assert ConsumerSettings(wait_seconds=7).poll_read_timeout_seconds == 17
    assert ConsumerSettings(wait_seconds=7, read_timeout_seconds=8).poll_read_timeout_seconds == 8


def test_a_read_timeout_within_the_wait_says_what_to_use() -> None:
    with pytest.raises(ConfigurationError) as error:
        ConsumerSettings(wait_seconds=10, read_timeout_seconds=5)
    _one_line(error, "--read-timeout 5", "--wait 10", "--read-timeout 20")


def test_a_queue_is_a_name_a_url_or_an_arn() -> None:
    assert parse_queue("orders").name == "orders"
    assert parse_queue("orders.fifo").name == "orders.fifo"
    url = parse_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/orders")
    assert (url.name, url.account, url.url) == ("orders", "123456789012", url.given)
    assert parse_queue("http://localhost:4566/queue/us-east-1/000000000000/orders").name == "orders"
    arn = parse_queue("arn:aws:sqs:eu-west-1:123456789012:orders.fifo")
    assert (arn.name, arn.account, arn.region, arn.url) == ("orders.fifo", "123456789012", "eu-west-1", None)


@pytest.mark.parametrize("text", [
    "", "a b", "orders.txt", "x" * 81, "käse", "orders\n", "arn:aws:sns:eu-west-1:123456789012:orders",
    "arn:aws:sqs:eu-west-1:orders", "arn:aws:sqs:eu-west-1:1:a b", "http://localhost:4566", "http://localhost:4566/",
    "http://localhost:99999/1/orders", "http:///1/orders", "http://user:secret@localhost/1/orders",
    "http://localhost/1/orders?x=1", "ftp://localhost/1/orders", "../orders", "[red]",
])  # fmt: skip
def test_what_is_no_queue_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_queue(text)
    _one_line(error, repr(text))


@pytest.mark.parametrize("url", [
    "localhost:4566", "http://", "http://localhost:x", "http://localhost:0", "http://localhost:70000", "http://[::1",
    "http://a b", "http://user:secret@localhost", "http://localhost?x", "http://localhost#x", "ftp://localhost", "", "//x",
    "http://-", "http://localhost\n",
])  # fmt: skip
def test_a_malformed_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        make_connection_settings(endpoint_url=url, environ=NOWHERE)
    _one_line(error, "--endpoint-url", repr(url))


LOCAL_HOSTS = [
    "localhost",
    "127.0.0.1",
    "127.1.2.3",
    "[::1]",
    "LOCALHOST",
    "sqs.us-east-1.localhost.localstack.cloud",
    "localstack",
]


@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_local_means_this_machine(host: str) -> None:
    url = f"http://{host}:4566"
    assert make_connection_settings(endpoint_url=url, environ=NOWHERE).endpoint_url == url


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "xlocalhost"])
def test_elsewhere_is_not_local_unless_it_is_allowed(host: str) -> None:
    url = f"http://{host}:4566"
    with pytest.raises(ConfigurationError) as error:
        make_connection_settings(endpoint_url=url, environ=NOWHERE)
    _one_line(error, url, f"--allow-endpoint {host}")
    assert make_connection_settings(endpoint_url=url, allow_endpoints=(host,), environ=NOWHERE).endpoint_url == url


@pytest.mark.parametrize("host", ["sqs.eu-west-1.amazonaws.com", "SQS.eu-west-1.AMAZONAWS.COM.", "sqs.eu-west-1.api.aws"])
def test_aws_itself_is_never_local_even_if_allowed(host: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        guard_endpoint(Environment.LOCAL, f"https://{host}", (host,))
    _one_line(error, "--env")


def test_deployed_means_aws_unless_it_is_allowed() -> None:
    guard_endpoint(Environment.PRODUCTION, "https://sqs.eu-west-1.amazonaws.com")
    guard_endpoint(Environment.PRODUCTION, "https://vpce.example.com", ("vpce.example.com",))
    for url in ("http://localhost:4566", "https://amazonaws.com.example.com", "https://xamazonaws.com"):
        with pytest.raises(ConfigurationError) as error:
            guard_endpoint(Environment.STAGING, url)
        _one_line(error, url, "--allow-endpoint")


def test_a_deployed_environment_needs_a_region_and_a_local_one_has_one() -> None:
    with pytest.raises(ConfigurationError) as error:
        make_connection_settings(env="staging", environ=NOWHERE)
    _one_line(error, "staging", "--region")
    assert make_connection_settings(environ=NOWHERE).region == "us-east-1"
    assert make_connection_settings(environ={"AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"
    assert make_connection_settings(environ={"AWS_REGION": "a-1", "AWS_DEFAULT_REGION": "b-1"}).region == "a-1"
    with pytest.raises(ConfigurationError) as error:
        make_connection_settings(region="eu west", environ=NOWHERE)
    _one_line(error, "'eu west'")


def test_endpoints_from_the_environment_are_ignored_and_that_is_said() -> None:
    settings = make_connection_settings(environ={"AWS_ENDPOINT_URL_SQS": "http://x", "AWS_ENDPOINT_URL": "http://y"})
    assert settings.endpoint_url is None
    assert settings.warnings == ("AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS ignored, use --endpoint-url",)


@pytest.mark.parametrize("name", list(Environment))
def test_an_environment_is_its_exact_name(name: str) -> None:
    choice = choose_environment(None, {"APP_ENV": name})
    assert (choice.environment, choice.decided_by, choice.warning) == (Environment(name), "APP_ENV", None)


@pytest.mark.parametrize(("name", "meant"), [
    ("prod", "production"), ("Production", "production"), ("PRODUCTION", "production"), ("production ", "production"),
    ("prd", "production"), ("live", "production"), ("stage", "staging"), ("stg", "staging"), ("int", "integration"),
])  # fmt: skip
def test_a_look_alike_is_local_and_is_told_how_it_is_spelled(name: str, meant: str) -> None:
    choice = choose_environment(None, {"APP_ENV": name})
    assert choice.environment is Environment.LOCAL
    assert choice.warning == f"APP_ENV={name} is treated as local; {meant} is spelled {meant}"


@pytest.mark.parametrize("name", ["prodution", "prod", "stagging", "Integration"])
def test_where_a_deployed_environment_may_be_meant_writes_are_locked(name: str) -> None:
    settings = make_connection_settings(environ={"APP_ENV": name}, allow_writes=True, reason="a try")
    with pytest.raises(ConfigurationError) as error:
        require_write(settings, "sending to orders")
    _one_line(error, "sending to orders", f"APP_ENV={name} may mean", "--env local")
    state = WriteLock(settings, Clock()).state()
    assert (state.locked, state.unlockable) == (True, False)


@pytest.mark.parametrize("environ", [{}, {"APP_ENV": "development"}, {"APP_ENV": "locl"}, {"APP_ENV": "test"}])
def test_where_none_may_be_meant_local_is_unlocked(environ: dict[str, str]) -> None:
    settings = make_connection_settings(environ=environ)
    require_write(settings, "sending to orders")
    assert not WriteLock(settings, Clock()).state().locked


def test_the_flag_wins_over_the_variable() -> None:
    assert choose_environment("staging", {"APP_ENV": "production"}).environment is Environment.STAGING
    assert not make_connection_settings(env="local", environ={"APP_ENV": "prod"}).doubt


@pytest.mark.parametrize(
    ("name", "told"), [("prodution", "may mean production"), ("PROD", "may mean production"), ("qa", "is no environment")]
)
def test_a_flag_that_is_no_environment_is_local_and_locked(name: str, told: str) -> None:
    settings = make_connection_settings(env=name, environ={"APP_ENV": "production"}, allow_writes=True, reason="a try")
    assert (settings.environment, settings.decided_by) == (Environment.LOCAL, f"--env={name}")
    assert f"--env={name} is treated as local" in " ".join(settings.warnings)
    with pytest.raises(ConfigurationError) as error:
        require_write(settings, "sending to orders")
    _one_line(error, f"--env={name} {told}", "say which with --env")


def test_a_pod_in_local_mode_is_warned() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert "APP_ENV" in (choose_environment(None, pod).warning or "")
    assert choose_environment(None, {**pod, "APP_ENV": "production"}).warning is None


@pytest.mark.parametrize(
    "host",
    [
        "sqs.eu-west-1.amazonaws.com",
        "sqs.cn-north-1.amazonaws.com.cn",
        "sqs-fips.us-east-1.amazonaws.com",
        "sqs.eu-west-1.api.aws",
        "eu-west-1.queue.amazonaws.com",
        "queue.amazonaws.com",
        "vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com",
    ],
)
def test_sqs_itself_is_awss_own(host: str) -> None:
    url = f"https://{host}"
    assert make_connection_settings(env="staging", region="eu-west-1", endpoint_url=url, environ={}).endpoint_url == url


@pytest.mark.parametrize(
    "host",
    [
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "lb-1.eu-west-1.elb.amazonaws.com",
        "abc.execute-api.eu-west-1.amazonaws.com",
        "bucket.s3.amazonaws.com",
        "sqs.eu-west-1.amazonaws.com.evil.example",
        "evil-sqs.eu-west-1.amazonaws.com",
        "sqs.a.b.amazonaws.com",
    ],
)
def test_what_customers_run_under_awss_domains_is_not(host: str) -> None:
    with pytest.raises(ConfigurationError, match="--allow-endpoint"):
        make_connection_settings(env="staging", region="eu-west-1", endpoint_url=f"https://{host}", environ={})
