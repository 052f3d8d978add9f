"""What a recording may hold: it is made to be shown to others, so personal data is masked in any environment, as secrets are."""

from __future__ import annotations

import re
from typing import Any

from sqs_core.masking import mask_secrets
from sqs_core.model import PREVIEW_CHARACTERS
from sqs_core.personal_data import MASK, mask_all
from sqs_core.wire import to_plain

_FOREIGN = frozenset({"preview", "error", "text", "pattern", "group_id"})
"""Fields whose text comes from messages and handlers."""
_HALF_AN_ADDRESS = re.compile(r"[^\s\"@]*@[^\s\"]*\Z")


def masked_plain(value: object) -> Any:
    """A record, or a value of one, as JSON types with secrets and personal data as their masks."""
    return _masked(to_plain(value), "")


def _masked(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return _masked_text(value, name)
    if isinstance(value, dict):
        return {key: _masked(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name) for each in value]
    return value


def _masked_text(text: str, name: str) -> str:
    if name not in _FOREIGN:
        return mask_secrets(text)
    if name == "preview" and len(text) >= PREVIEW_CHARACTERS:
        # What was cut has no closing quote and no end by which its pattern would know it.
        return _HALF_AN_ADDRESS.sub(MASK, mask_all(f'{text}"').removesuffix('"'))
    return mask_all(text)
