"""Secrets in foreign text: what is shaped or named like one, and what this process knows to be one, becomes `***`.

Bodies, errors and log lines pass through here before any of them is kept, shown or written. Patterns find the usual shapes and
no more; what is known for sure (the credentials in use) is found whatever it looks like.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
OVERLAP = 600
"""Read so many characters beyond a cut before masking, or the head of a secret at the cut would pass for plain text."""
SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)  # fmt: skip
_SHORTEST_KNOWN = 8
_MOST_KNOWN = 64
_KEPT = 4096
"""Longer than the tokens that may become known meanwhile."""

_WORDS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api[_-]?key", "access[_-]?key", "private[_-]?key",
    "authorization", "credential", "cookie", "signature",
)  # fmt: skip
_LOWER = "|".join(word.replace("key", "[Kk]ey") for word in _WORDS)
_UPPER = "|".join(_WORDS).upper()
_GLUED = (
    "[a-z]{0,20}passw(?:or)?d|(?:auth|access|refresh|session|id|csrf|bearer)token|(?:client|app|shared)secret|(?<=_)pass(?=\\W)"
)
_CAPITAL = "|".join(word[0].upper() + word[1:].replace("key", "[Kk]ey") for word in _WORDS)
# Bounded by case, not by a list of names: `clientSecret`, `db_password` and `X-Api-Key` are meant, `secretary` is not.
_NAME = rf"(?:(?<![A-Za-z])(?:{_LOWER}|{_GLUED})|{_UPPER}|[A-Z_]PASS(?![A-Z])|{_CAPITAL})[sS]?(?![a-z])[\w.-]{{0,40}}"
_ERROR_NAMES = re.compile(r"(?:Expired|Invalid|InvalidClient|InvalidIdentity|Missing|MissingAuthentication|Unrecognized)\Z")
_HARMLESS = re.compile(r"(?:\d{1,3}|[Tt]oken|true|false|null|none|None|True|False|\*{3})\Z")
_WITH_LETTER = re.compile(r"[^\W\d]")


class _Patterns:
    """Compiled when they are first needed: that takes as long as importing ten modules."""

    def __init__(self) -> None:
        self.secret_name = re.compile(_NAME)
        self.named = re.compile(
            rf"""(?P<name>{_NAME}\\*["']?\s{{0,3}}[:=]\s{{0,3}})(?:
                "(?P<double>(?:[^"\\]|\\.)*)
              | '(?P<single>(?:[^'\\]|\\.)*)
              | (?P<quote>\\+["'])(?P<escaped>.*?)(?=(?P=quote)|\Z)
              | (?P<group>\[[^\[\]{{}}]+(?:\]|\Z)|\{{[^\[\]{{}}]+(?:\}}|\Z))
              | (?P<bare>(?:(?:[Bb]earer|[Bb]asic|AWS4-HMAC-SHA256)\s+)?[^\s,;&<>"'\[\]{{}}()\\]+)
            )""",
            re.VERBOSE | re.DOTALL,
        )
        self.element = re.compile(rf"({_NAME}(?:\s[^<>]{{0,80}})?>)([^<]+)")
        self.shapes = (
            (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
            (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), MASK),
            (re.compile(r"\b([Bb]earer|[Bb]asic) +[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
            (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12}([A-Z0-9]{4})\b"), rf"{MASK}\1"),
            (re.compile(r"\b(?:gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|sk_(?:live|test)_\w{10,})"), MASK),
            (re.compile(r"(://[^\s/:@]{0,80}:)[^\s/@]+@"), rf"\1{MASK}@"),
            (re.compile(r"(\b(?:[Ss]et-)?[Cc]ookie2?: )[^\r\n\"']+"), rf"\1{MASK}"),
            # What a credential_process wrote on stderr follows: anything may be in it.
            (
                re.compile(r"(credentials from custom-process: ).*?(?=\n\n(?:During|The above)|\Z)", re.DOTALL),
                rf"\1{MASK} (what the program wrote is not shown, for it may hold secrets)",
            ),
        )


_patterns = cache(_Patterns)
_SIGNS = (
    "pass", "pwd", "secret", "token", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key", "private",
    "authorization", "credential", "cookie", "signature", "eyj", "bearer ", "basic ", "akia", "asia", "ghp_", "gho_", "ghu_",
    "ghs_", "ghr_", "xox", "sk_", "://",
)  # fmt: skip
"""Without any of these, in lower case, no pattern above can match: two microseconds instead of hundreds."""


class _Known:
    """Secrets of this process, for as long as it lives. Bounded: of very many refreshed tokens the oldest are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: dict[str, None] = {}
        self._longest_first: tuple[str, ...] = ()
        self.longest = 0

    def add(self, values: Iterable[str | None]) -> None:
        with self._lock:
            spellings = dict(self._spellings)
            for value in values:
                if value and len(value) >= _SHORTEST_KNOWN:
                    for spelling in (value, quote(value, safe="")):
                        spellings.pop(spelling, None)  # what is named again counts as new
                        spellings[spelling] = None
            self._spellings = dict(list(spellings.items())[-_MOST_KNOWN:])
            # One may be a part of another, which would then be found no more.
            self._longest_first = tuple(sorted(self._spellings, key=len, reverse=True))
            self.longest = len(self._longest_first[0]) if self._longest_first else 0

    def mask(self, text: str) -> str:
        for spelling in self._longest_first:
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text


_KNOWN = _Known()


def remember_secrets(*values: str | None) -> None:
    """Mask these wherever they occur from now on; those under 8 characters are too common in plain text."""
    _KNOWN.add(values)


def remember_environment(environ: Mapping[str, str]) -> None:
    """Mask what the environment's secret variables hold."""
    _KNOWN.add(environ.get(name) for name in SECRET_VARIABLES)


def mask_secrets(text: str, limit: int | None = None) -> str:
    """The text with secrets as `***`, cut to at most `limit` characters after masking."""
    if limit is None:
        return _masked(text)
    overlap = max(OVERLAP, _KNOWN.longest)
    if len(text) <= limit + overlap:
        return _masked(text)[:limit]
    # What lies at the cut may be a part of a secret that no pattern knows: nothing of the overlap is shown.
    masked = _masked(text[: limit + overlap])
    return masked[: max(0, min(limit, len(masked) - overlap))]


def head_characters(limit: int) -> int:
    """How much of a text to keep for `mask_secrets` with this limit, some time later: more than it looks at."""
    return limit + max(_KEPT, _KNOWN.longest + 1)


def mask_end(text: str, limit: int) -> str:
    """The end of a text, at most `limit` characters, with secrets as `***`."""
    overlap = max(OVERLAP, _KNOWN.longest)
    if len(text) <= limit + overlap:
        return _masked(text)[-limit:]
    return _masked(text[-limit - overlap :])[overlap:][-limit:]


def _masked(text: str) -> str:
    text = _KNOWN.mask(text)
    lowered = text.lower()
    if any(sign in lowered for sign in _SIGNS):
        patterns = _patterns()
        for pattern, replacement in patterns.shapes:
            text = pattern.sub(replacement, text)
        text = patterns.element.sub(rf"\1{MASK}", patterns.named.sub(_hide_value, text))
    return text


def mask_value(name: str, value: str, limit: int | None = None) -> str:
    """The value of something named: `***` where the name is a secret's, else as `mask_secrets`."""
    return MASK if value and _patterns().secret_name.search(name) else mask_secrets(value, limit)


def _hide_value(match: re.Match[str]) -> str:
    kind = next(name for name in ("double", "single", "escaped", "group", "bare") if match[name] is not None)
    value = match[kind]
    counts_tokens = "token" in match["name"].lower() and kind in ("bare", "group") and not _WITH_LETTER.search(value)
    before = match.string[max(0, match.start() - 24) : match.start()]
    if "Error" in match["name"] or "Exception" in match["name"] or _ERROR_NAMES.search(before):
        return match[0]  # `ExpiredToken: The security token …` names an error
    if not value or counts_tokens or _HARMLESS.match(value):
        return match[0]
    if kind == "bare" and '"' in match["name"] and "\\" not in match["name"]:
        return f'{match["name"]}"{MASK}"'  # a number in JSON: what parsed before parses still
    if kind == "group":
        return f'{match["name"]}["{MASK}"]' if value[0] == "[" else f'{match["name"]}"{MASK}"'
    opening = {"double": '"', "single": "'"}.get(kind, match["quote"] or "")
    return f"{match['name']}{opening}{MASK}"
