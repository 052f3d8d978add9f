"""What looks like personal data in bodies: hidden outside local environments until somebody asks to see it, which is logged.

By shape: e-mail addresses, telephone numbers, payment cards (with their check digit), IBANs (with theirs). By name: the fields of
JSON that say what they hold. Names in running text are not found: nothing tells them from other words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqs_core.masking import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "•••"
_FIELDS = (
    r"e[-_]?mail(?:[-_]?address)?|(?:(?:tele)?phone|mobile|cell|fax)(?:[-_]?(?:number|no))?|"
    r"(?:first|last|full|given|family|middle|maiden|customer|recipient|contact|cardholder|holder)[-_]?name|surname|"
    r"ssn|social[-_]?security(?:[-_]?number)?|national[-_]?id|tax[-_]?id|passport(?:[-_]?(?:number|no))?|"
    r"date[-_]?of[-_]?birth|birth[-_]?(?:date|day)|dob|"
    r"(?:street|home|postal|billing|shipping|delivery)?[-_]?address(?:[-_]?line)?[-_]?\d?|street|iban|"
    r"card[-_]?(?:number|no)|account[-_]?holder"
)
_NAMED = re.compile(
    rf'(?P<name>(?P<quote>\\{{0,3}}")(?:{_FIELDS})(?P=quote)\s{{0,20}}:\s{{0,20}})'
    rf"(?:(?P=quote)(?P<text>(?:(?!(?P=quote)).){{0,2000}}?)(?P=quote)|(?P<number>[-+\d][\d.eE+-]{{0,40}}))",
    re.IGNORECASE | re.DOTALL,
)
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.ASCII)
_INTERNATIONAL = re.compile(r"(?<![\w+.:/-])\+\d{1,3}(?:[ ().-]{0,2}\d{1,4}){2,6}(?![\w-])", re.ASCII)
_NATIONAL = re.compile(r"(?<![\w+.:/-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w.:-])", re.ASCII)
_CARD = re.compile(r"(?<![\w+.-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|\.\d)", re.ASCII)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", re.ASCII)
_HINTS = re.compile(
    r"@|\d[\d ().-]{8}|[A-Z]{2}\d\d|"
    r"(?:mail|phone|mobile|cell|fax|name|ssn|social|national|tax|passport|birth|dob|address|street|iban|card|holder)",
    re.IGNORECASE,
)
"""Without any of these no pattern above can match."""
_DIGITS_OF_A_PHONE = range(8, 16)
_DIGITS_OF_A_CARD = (14, 15, 16, 19)
_OVERLAP = 256


def mask_personal(text: str) -> str:
    """The text with what looks like personal data as `•••`. Linear in its length."""
    if not _HINTS.search(text):
        return text
    text = _NAMED.sub(_hide_field, text)
    text = _EMAIL.sub(MASK, text)
    text = _IBAN.sub(_unless(_is_iban), text)
    text = _CARD.sub(_unless(_is_card), text)
    return _NATIONAL.sub(MASK, _INTERNATIONAL.sub(_unless(_is_phone), text))


def mask_all(text: str, limit: int | None = None) -> str:
    """Secrets and personal data masked, at most `limit` characters; what lies at the cut is masked before it is cut."""
    if limit is None:
        return mask_personal(mask_secrets(text))
    return mask_personal(mask_secrets(text, limit + _OVERLAP))[:limit]


def body_mask(*, deployed: bool) -> Callable[[str, int | None], str]:
    """How bodies are shown: personal data is hidden where the environment is deployed, secrets everywhere."""
    return mask_all if deployed else mask_secrets


def _hide_field(match: re.Match[str]) -> str:
    if match["number"] is not None:
        return f"{match['name']}{match['quote']}{MASK}{match['quote']}"
    return match[0] if not match["text"] else f"{match['name']}{match['quote']}{MASK}{match['quote']}"


def _unless(is_it: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: MASK if is_it(match[0]) else match[0]


def _is_phone(text: str) -> bool:
    return sum(map(str.isdigit, text)) in _DIGITS_OF_A_PHONE


def _is_card(text: str) -> bool:
    """The check digit of ISO/IEC 7812 (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    if len(digits) not in _DIGITS_OF_A_CARD or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check of ISO 13616: the number modulo 97."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1
