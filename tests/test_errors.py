"""What kind of trouble the SDK's real exceptions are."""

from __future__ import annotations

import botocore.exceptions as sdk
import pytest
from botocore.parsers import ResponseParserError

from sqs_core.errors import (
    REMEDY,
    ConfigurationError,
    NotPermittedError,
    ProtocolError,
    RequestError,
    Trouble,
    classify,
    describe,
    error_code,
)

pytestmark = pytest.mark.sdk


def _client_error(code: str, text: str = "no") -> sdk.ClientError:
    return sdk.ClientError({"Error": {"Code": code, "Message": text}}, "ReceiveMessage")


CODES = {
    Trouble.AUTH: ("AccessDenied", "AccessDeniedException", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch",
                   "UnrecognizedClientException", "InvalidSecurity", "KmsAccessDenied", "AuthFailure"),
    Trouble.CLOCK: ("RequestTimeTooSkewed", "RequestExpired"),
    Trouble.THROTTLE: ("ThrottlingException", "RequestThrottled", "OverLimit", "TooManyRequestsException", "SlowDown"),
    Trouble.CONFIG: ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress",
                     "InvalidParameterValue", "UnsupportedOperation"),
    Trouble.TRANSPORT: ("InternalError", "InternalFailure", "ServiceUnavailable", "503", "SomethingNew"),
}  # fmt: skip


@pytest.mark.parametrize(("trouble", "code"), [(trouble, code) for trouble, codes in CODES.items() for code in codes])
def test_a_code_of_aws_is_classified(trouble: Trouble, code: str) -> None:
    assert classify(_client_error(code)) is trouble


EXCEPTIONS = [
    (sdk.EndpointConnectionError(endpoint_url="http://x"), Trouble.TRANSPORT),
    (sdk.ConnectTimeoutError(endpoint_url="http://x"), Trouble.TRANSPORT),
    (sdk.ReadTimeoutError(endpoint_url="http://x"), Trouble.TRANSPORT),
    (sdk.ConnectionClosedError(endpoint_url="http://x"), Trouble.TRANSPORT),
    (sdk.SSLError(endpoint_url="http://x", error=OSError("bad")), Trouble.TRANSPORT),
    (sdk.ProxyConnectionError(proxy_url="http://x"), Trouble.TRANSPORT),
    (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), Trouble.TRANSPORT),
    (sdk.HTTPClientError(error="bad"), Trouble.TRANSPORT),
    (OSError("no route"), Trouble.TRANSPORT),
    (sdk.NoCredentialsError(), Trouble.AUTH),
    (sdk.PartialCredentialsError(provider="env", cred_var="secret"), Trouble.AUTH),
    (sdk.CredentialRetrievalError(provider="role", error_msg="no"), Trouble.AUTH),
    (sdk.TokenRetrievalError(provider="sso", error_msg="no"), Trouble.AUTH),
    (sdk.UnauthorizedSSOTokenError(), Trouble.AUTH),
    (ResponseParserError("Unable to parse response"), Trouble.PROTOCOL),
    (sdk.ParamValidationError(report="bad"), Trouble.CONFIG),
    (sdk.UnknownEndpointError(service_name="sqs", region_name="x"), Trouble.CONFIG),
    (sdk.ProfileNotFound(profile="nobody"), Trouble.CONFIG),
    (sdk.NoRegionError(), Trouble.CONFIG),
    (ProtocolError("html"), Trouble.PROTOCOL),
    (ConfigurationError("bad"), Trouble.CONFIG),
    (NotPermittedError("no"), Trouble.CONFIG),
]


@pytest.mark.parametrize(("error", "trouble"), EXCEPTIONS, ids=lambda value: type(value).__name__)
def test_an_exception_of_the_sdk_is_classified(error: Exception, trouble: Trouble) -> None:
    assert classify(error) is trouble
    assert classify(RequestError("ReceiveMessage", error)) is trouble


def test_a_request_error_says_the_operation_and_the_code_on_one_line() -> None:
    error = RequestError("ReceiveMessage", _client_error("AccessDenied", "not\nyou"))
    assert (error.operation, error.code, error.trouble) == ("ReceiveMessage", "AccessDenied", Trouble.AUTH)
    assert "ReceiveMessage" in str(error)
    assert "AccessDenied" in str(error)
    assert "\n" not in str(error)


def test_a_connection_that_was_closed_has_a_response_that_is_no_answer() -> None:
    assert error_code(sdk.ConnectionClosedError(endpoint_url="http://x", response=None)) is None


def test_an_exception_without_a_text_is_still_described() -> None:
    assert describe(ValueError()) == "ValueError: no message"


class _Broken(Exception):  # noqa: N818 - it is the text that is broken
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


def test_an_exception_whose_text_cannot_be_had_is_still_described() -> None:
    assert "_Broken" in describe(_Broken())


def test_each_kind_of_trouble_has_a_next_step() -> None:
    assert set(REMEDY) == set(Trouble)
