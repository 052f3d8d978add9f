"""The hot calls of a consumer without the SDK's cost of each call: signed, sent and read here; all else is the SDK's own.

The SDK still says where SQS is and which credentials to use (refreshing them), reads error answers, and its exceptions are
raised: whoever calls cannot tell. What needs more of the SDK than that is named by `obstacle`, and then its own client is used.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqs_core import json_answers
from sqs_core.errors import Trouble, classify
from sqs_core.keep_alive import Answer, ExchangeError, Server, Stage
from sqs_core.policy import Backoff
from sqs_core.signing import DATE_HEADER, Form, Signer, form_of
from sqs_core.trust import Trust
from sqs_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from botocore.credentials import Credentials
    from mypy_boto3_sqs import SQSClient

_CONTENT_TYPE = "application/x-amz-json-1.0"
_PORTS = {"http": 80, "https": 443}
_FIRST_REFUSAL = 300
"""As the SDK has it: all below are successes."""
_TRANSIENT_STATUSES = (500, 502, 503, 504)
_MOST_FORMS = 6  # keys and tokens come and go
_RETRY = Backoff(base_seconds=0.05, cap_seconds=1.0)
_encode = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii


def obstacle(sdk: SQSClient, *, deployed: bool) -> str | None:
    """What of this client's configuration only the SDK does; None where nothing is."""
    from botocore.utils import get_environ_proxies

    config: Any = sdk.meta.config
    url = urlsplit(sdk.meta.endpoint_url)
    proxies = get_environ_proxies(sdk.meta.endpoint_url) if config.proxies is None else config.proxies
    reasons = {
        "a proxy": bool(proxies.get(url.scheme)),
        "FIPS or dual-stack endpoints": bool(config.use_fips_endpoint or config.use_dualstack_endpoint),
        "a client certificate": bool(config.client_cert),
        f"signature version {config.signature_version}": config.signature_version != "v4",
        f"an endpoint with the path {url.path}": url.path not in ("", "/"),
        "plugins of the SDK": deployed and bool(os.environ.get("BOTOCORE_EXPERIMENTAL__PLUGINS")),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def user_agent(sdk: SQSClient) -> str:
    """Who asks: this program, and the application that `AWS_SDK_UA_APP_ID` or the profile names, as the SDK writes it."""
    from botocore.useragent import sanitize_user_agent_string_component

    config: Any = sdk.meta.config
    sanitize: Any = sanitize_user_agent_string_component
    application = config.user_agent_appid
    return f"sqs-tui/{__version__}{f' app/{sanitize(application, allow_hash=True)}' if application else ''}"


class LeanClient:
    """Three operations, called and answering as the SDK's client does. Safe from any thread.

    `permit` is asked before anything else and raises for what must not be sent; `on_request` hears of every request that is
    put on the wire. With `attempts` above 1 all operations are repeated that failed for a passing reason: those with such
    profiles (deletes and changes of visibility) can be done twice with the same result.
    """

    def __init__(
        self,
        sdk: SQSClient,
        credentials: Credentials | None,
        certificate_bundle: str | None,
        timeouts_seconds: tuple[float, float],
        attempts: int,
        permit: Callable[[str], None],
        on_request: Callable[[str], None],
    ) -> None:
        self._sdk, self._credentials, self._attempts = sdk, credentials, attempts
        self._permit, self._on_request = permit, on_request
        self._url = f"{sdk.meta.endpoint_url.rstrip('/')}/"
        parts = urlsplit(self._url)
        self._host = host_header(parts)
        self._name = user_agent(sdk)
        self._signer = Signer(sdk.meta.region_name, str(sdk.meta.service_model.signing_name))
        make_context = Trust(certificate_bundle).context if parts.scheme == "https" else None
        self._server = Server(parts.hostname or "", parts.port or _PORTS[parts.scheme], make_context, *timeouts_seconds)
        self._forms: dict[tuple[str, str, str | None], tuple[Form, str]] = {}
        # Receives of one second are the same request; a tuple is replaced as a whole, so that no lock is needed.
        self._signed_before: dict[str, tuple[object, bytes]] = {}
        self._pause = threading.Event()

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        """See the SDK's."""
        answer = self._call("ReceiveMessage", asked)
        try:
            for message in answer.get("Messages") or ():
                if attributes := message.get("MessageAttributes"):
                    _decode_binaries(attributes)
        except (AttributeError, TypeError, ValueError) as error:
            raise _malformed(f"not in SQS's shape ({type(error).__name__}: {error})") from error
        return answer

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        """See the SDK's."""
        return self._call("DeleteMessageBatch", asked, _deletes)

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        """See the SDK's."""
        return self._call("ChangeMessageVisibilityBatch", asked)

    def close(self) -> None:
        """Close the connections that are not in use; those that are close after their answers."""
        self._server.close()
        self._sdk.close()

    def _call(self, operation: str, asked: dict[str, Any], encode: Callable[[dict[str, Any]], str] = _encode) -> dict[str, Any]:
        self._permit(operation)
        body, failures = encode(asked).encode(), 0
        while True:
            try:
                return self._read(operation, self._exchange(operation, body), failures)
            except Exception as error:
                failures += 1
                if failures >= self._attempts or not _may_pass(error):
                    raise
            self._pause.wait(_RETRY.delay_seconds(failures))

    def _exchange(self, operation: str, body: bytes) -> Answer:
        data = self._signed(operation, body)
        self._on_request(operation)
        try:
            return self._server.request(data)
        except ExchangeError as error:
            raise self._as_the_sdk_says(error) from error

    def _signed(self, operation: str, body: bytes) -> bytes:
        keys = self._credentials.get_frozen_credentials() if self._credentials else None
        if keys is None or not keys.access_key or not keys.secret_key:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        stamp = self._signer.stamp()
        again = (stamp, keys, body)
        known, data = self._signed_before.get(operation, (None, b""))
        if known != again:
            form, head = self._form(operation, keys.access_key, keys.token)
            authorization = self._signer.authorization(form, keys.access_key, keys.secret_key, body, stamp)
            lines = f"{head}{stamp}\r\nauthorization: {authorization}\r\ncontent-length: {len(body)}\r\n\r\n"
            data = lines.encode() + body
            self._signed_before[operation] = again, data
        return data

    def _form(self, operation: str, key_id: str, token: str | None) -> tuple[Form, str]:
        known = self._forms.get((operation, key_id, token))
        if known is None:
            if not f"{key_id}{token or ''}".isprintable():
                from botocore.exceptions import HTTPClientError

                raise HTTPClientError(error=ValueError("the credentials hold a character that no header may"))
            headers = {
                "host": self._host,
                "content-type": _CONTENT_TYPE,
                "x-amz-target": f"AmazonSQS.{operation}",
                "x-amzn-query-mode": "true",
            }
            if token:
                headers["x-amz-security-token"] = token
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            # Without the first, HTTP lets a server pack its answers as it likes.
            unsigned = f"accept-encoding: identity\r\nuser-agent: {self._name}\r\n"
            head = f"POST / HTTP/1.1\r\n{lines}{unsigned}{DATE_HEADER}: "
            known = form_of(headers), head
            if len(self._forms) >= _MOST_FORMS:
                self._forms = {}
            self._forms[operation, key_id, token] = known
        return known

    def _as_the_sdk_says(self, error: ExchangeError) -> Exception:
        from botocore import exceptions

        kinds: dict[Stage, type[Any]] = {
            Stage.CONNECT: exceptions.EndpointConnectionError,
            Stage.CONNECT_TIMEOUT: exceptions.ConnectTimeoutError,
            Stage.TLS: exceptions.SSLError,
            Stage.READ_TIMEOUT: exceptions.ReadTimeoutError,
            Stage.CLOSED: exceptions.ConnectionClosedError,
        }
        made: Exception = kinds[error.stage](endpoint_url=self._url, error=error.cause)
        return made

    def _read(self, operation: str, answer: Answer, retries: int) -> dict[str, Any]:
        if answer.status >= _FIRST_REFUSAL:
            raise self._refused(operation, answer, retries)
        parsed = _parse(answer)
        metadata = {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers, "RetryAttempts": retries}
        parsed["ResponseMetadata"] = metadata
        return parsed

    def _refused(self, operation: str, answer: Answer, retries: int) -> Exception:
        """The SDK's reading of an error answer, as the exception it would raise."""
        from botocore.parsers import create_parser

        parser: Any = create_parser("json")
        parsed: dict[str, Any] = parser.parse(
            {"status_code": answer.status, "headers": answer.headers, "body": answer.body}, None
        )
        parsed.setdefault("ResponseMetadata", {}).update(HTTPStatusCode=answer.status, RetryAttempts=retries)
        told = parsed.setdefault("Error", {})
        kind: Any = self._sdk.exceptions.from_code(told.get("QueryErrorCode") or told.get("Code"))
        made: Exception = kind(parsed, operation)
        return made


def _deletes(asked: dict[str, Any]) -> str:
    """As JSON. Ten handles make up most of it, and most of what an encoder's walk through dictionaries costs is saved."""
    entries = [f'{{"Id":{_quote(entry["Id"])},"ReceiptHandle":{_quote(entry["ReceiptHandle"])}}}' for entry in asked["Entries"]]
    return f'{{"QueueUrl":{_quote(asked["QueueUrl"])},"Entries":[{",".join(entries)}]}}'


def _parse(answer: Answer) -> dict[str, Any]:
    """The answer's object; raises the SDK's `ResponseParserError` for a page that something else answers in SQS's place."""
    try:
        parsed = json_answers.parse(answer.body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        kind = answer.headers.get("content-type") or "no content type"
        raise _malformed(f"HTTP {answer.status} with a body that is not SQS's ({kind}, {len(answer.body)} bytes)")
    return parsed


def _malformed(why: str) -> Exception:
    from botocore.parsers import ResponseParserError

    made: Exception = ResponseParserError(why)
    return made


def _decode_binaries(attributes: dict[str, Any]) -> None:
    for value in attributes.values():
        if value.get("BinaryValue") is not None:
            value["BinaryValue"] = base64.b64decode(value["BinaryValue"])


def _may_pass(error: Exception) -> bool:
    """What the SDK's standard mode repeats: trouble with the connection, the server's own, and throttling."""
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.exceptions import HTTPClientError

    if isinstance(error, NoConnectionError | HTTPClientError) or classify(error) is Trouble.THROTTLE:
        return True
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return status in _TRANSIENT_STATUSES


def host_header(url: SplitResult) -> str:
    """The `host` header of an endpoint: the port where it is not the scheme's own, an IPv6 address in brackets."""
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _PORTS.get(url.scheme)) else f"{host}:{url.port}"
