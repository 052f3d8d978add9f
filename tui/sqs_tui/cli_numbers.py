"""Numbers on the command line: a refusal names the option, the value and what it may be, in one line."""

from __future__ import annotations

import math
from typing import Any

import click


class WholeNumber(click.IntRange):
    """A whole number, between bounds where there are any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Click's."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            raise _refusal("whole number", self, value, param) from error


class Number(click.FloatRange):
    """A number, between bounds where there are any; neither infinite nor `nan`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Click's."""
        try:
            number = super().convert(value, param, ctx)
        except click.BadParameter as error:
            raise _refusal("number", self, value, param) from error
        if not math.isfinite(number):
            raise _refusal("number", self, value, param)
        return number


def _refusal(
    kind: str, bounds: click.IntRange | click.FloatRange, value: object, param: click.Parameter | None
) -> click.UsageError:
    option = param.opts[0] if param else "a number"
    return click.UsageError(f"{option} {value} is not a {kind}{_between(bounds)}")


def _between(bounds: click.IntRange | click.FloatRange) -> str:
    low, high = bounds.min, bounds.max
    if low is None:
        return ""
    if bounds.min_open:
        return f" above {low:g}" + ("" if high is None else f" and up to {high:g}")
    return f" of at least {low:g}" if high is None else f" from {low:g} to {high:g}"
