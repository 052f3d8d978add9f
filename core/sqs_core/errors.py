"""The errors the engine speaks of, and what kind of trouble an exception is.

A closed hierarchy: each error's text says what is wrong, which value, and what to do next.
"""

from __future__ import annotations

import re
from enum import StrEnum

from sqs_core.masking import mask_secrets


class SqsTuiError(Exception):
    """Base of all errors raised on purpose."""


class ConfigurationError(SqsTuiError):
    """Refused before anything happened: a bad value, an unknown queue, a handler that cannot be loaded. Exit code 2."""


class UnreachableError(SqsTuiError):
    """Nothing answers at the endpoint."""


class ProtocolError(SqsTuiError):
    """The server answered, but not with what SQS promises (no proof, wrong shape)."""


class NotPermittedError(SqsTuiError):
    """An operation outside the client's allow-list was about to be sent. Nothing was sent."""


class RequestError(SqsTuiError):
    """A request to SQS that did not succeed: what kind of trouble, AWS's code if there is one, and the text.

    `answer_lost` says that SQS may have done what it was asked, and that only its answer did not come. `surely_refused` says
    that it has not: SQS itself said no, or the request never left. Anything between the two is not known.
    """

    def __init__(self, operation: str, error: BaseException) -> None:
        super().__init__(f"{operation}: {describe(error)}")
        self.operation = operation
        self.trouble = classify(error)
        self.code = error_code(error)
        names = {kind.__name__ for kind in type(error).__mro__}
        self.answer_lost = bool(_LOST_CLASSES & names)
        self.surely_refused = bool(_NOT_SENT_CLASSES & names) or 400 <= _status(error) < 500


class Retry(Exception):  # noqa: N818 - a handler raises it as an instruction, not as an error
    """Raised by a handler: hand the message back and let it come again after `delay_seconds` (0–43200)."""

    def __init__(self, delay_seconds: float = 0, reason: str = "") -> None:
        super().__init__(reason or f"retry in {delay_seconds:g} s")
        self.delay_seconds = delay_seconds


class Discard(Exception):  # noqa: N818 - an instruction, as above
    """Raised by a handler: delete the message although it was not handled."""


class Trouble(StrEnum):
    """What kind of trouble an exception from SQS is; it decides how the engine reacts."""

    AUTH = "auth"
    CLOCK = "clock"
    THROTTLE = "throttle"
    TRANSPORT = "transport"
    CONFIG = "config"
    PROTOCOL = "protocol"


REMEDY = {
    Trouble.AUTH: "check the credentials in use and the queue's policy",
    Trouble.CLOCK: "set this machine's clock; AWS refuses requests more than 5 minutes off",
    Trouble.THROTTLE: "SQS is limiting the rate; backing off",
    Trouble.TRANSPORT: "check that the endpoint is up and reachable; backing off",
    Trouble.CONFIG: "check the queue's name, region and account",
    Trouble.PROTOCOL: "something between here and SQS answers in its place; check the endpoint and proxies",
}

_CODES = {
    Trouble.CLOCK: {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"},
    Trouble.THROTTLE: {
        "OverLimit", "RequestThrottled", "RequestThrottledException", "Throttling", "ThrottlingException",
        "ThrottledException", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded", "KmsThrottled",
    },
    Trouble.AUTH: {
        "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
        "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "MissingAuthenticationToken",
        "NotAuthorized", "OptInRequired", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidIdentityToken",
        "KmsAccessDenied",
    },
    Trouble.CONFIG: {
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress", "InvalidParameterValue",
        "AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperation", "InvalidAction", "KmsNotFound", "KmsDisabled",
        "InvalidMessageContents", "InvalidAttributeName", "InvalidAttributeValue", "InvalidParameterCombination",
        "MissingParameter", "MissingRequiredParameter", "KmsInvalidKeyUsage", "KmsInvalidState", "KmsOptInRequired",
    },
}  # fmt: skip
_CODE_TO_TROUBLE = {code: trouble for trouble, codes in _CODES.items() for code in codes}
_AUTH_CLASSES = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "SSOTokenLoadError", "UnauthorizedSSOTokenError", "MissingDependencyException", "RefreshWithMFAUnsupportedError",
}  # fmt: skip
_CONFIG_CLASSES = {"ParamValidationError", "UnknownEndpointError", "ProfileNotFound", "NoRegionError", "InvalidConfigError"}
_LOST_CLASSES = {"ReadTimeoutError", "ConnectionClosedError", "ResponseStreamingError", "IncompleteReadError"}
_NOT_SENT_CLASSES = _AUTH_CLASSES | _CONFIG_CLASSES | {
    "EndpointConnectionError", "ConnectTimeoutError", "NotPermittedError", "ConfigurationError",
}  # fmt: skip
LONGEST_TEXT = 2000


def classify(error: BaseException) -> Trouble:
    """The kind of trouble. Works by names, so that the SDK need not be loaded; anything unknown is transport."""
    if isinstance(error, RequestError):
        return error.trouble
    if isinstance(error, ProtocolError):
        return Trouble.PROTOCOL
    if isinstance(error, ConfigurationError | NotPermittedError):
        return Trouble.CONFIG
    code = error_code(error)
    if code is not None:
        return _CODE_TO_TROUBLE.get(code, Trouble.TRANSPORT)
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _AUTH_CLASSES:
        return Trouble.AUTH
    if "ResponseParserError" in names:
        return Trouble.PROTOCOL
    if names & _CONFIG_CLASSES:
        return Trouble.CONFIG
    return Trouble.TRANSPORT


def trouble_of(code: str) -> Trouble | None:
    """The kind of trouble that one of AWS's codes means; None for one that is not known."""
    return _CODE_TO_TROUBLE.get(code)


def error_code(error: BaseException) -> str | None:
    """AWS's error code of a `ClientError`, else None. (A closed connection's `.response` is None.)"""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return None
    code = response.get("Error", {}).get("Code")
    return str(code) if code is not None else None


def _status(error: BaseException) -> int:
    """The HTTP status of SQS's own error answer; 0 where there is none."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) and error_code(error) else {}
    status = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    return status if isinstance(status, int) else 0


_PREAMBLE = re.compile(r"An error occurred \([^()]*\) when calling the \w+ operation(?: \(reached max retries: \d+\))?: ?")
"""What the SDK writes before SQS's own words. It says the code last, where a narrow column cuts it off."""


def describe(error: BaseException) -> str:
    """One line about an exception: our own text, SQS's code and words, or its class and text; secrets masked.

    Untrusted: faces clean it before they draw it.
    """
    try:
        text = " ".join(mask_secrets(str(error), LONGEST_TEXT).split()) or "no message"
    except Exception:  # noqa: BLE001 - a handler's exception may fail even to say what it is
        text = "its text cannot be had"
    if isinstance(error, SqsTuiError):
        return text
    code = error_code(error)
    if code and (preamble := _PREAMBLE.match(text)):
        return f"{code} – {text[preamble.end() :] or 'no message'}"
    name = type(error).__name__
    return f"{name} {code}: {text}" if code and code not in text else f"{name}: {text}"


def unreachable(error: Exception, endpoint: str, *, local: bool) -> str:
    """One line about an endpoint that did not do what it was asked: the address, and what to do."""
    if isinstance(error, RequestError) and error.trouble is not Trouble.TRANSPORT:
        return f"{error} (at {endpoint})"
    if classify(error) is Trouble.TRANSPORT and local:
        return f"{nothing_answers(endpoint, local=True)}; {describe(error)}"
    return f"{endpoint}: {describe(error)}"


def nothing_answers(endpoint: str, *, local: bool) -> str:
    """One line about an endpoint that has not answered, and nobody said why: the address and, locally, what to do."""
    advice = ": start LocalStack, try `sqs-tui demo`, or pass --endpoint-url" if local else ""
    return f"nothing answers at {endpoint}{advice}"
