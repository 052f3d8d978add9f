"""Numbers and times as people read them. What is not known is `?`, never 0; what is approximate says `~`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

UNKNOWN = "?"
_LEASE_BAR_CELLS = 5
_BLOCKS = "▏▎▍▌▋▊▉█"


def clock_time(at_seconds: float) -> str:
    """Epoch seconds as `hh:mm:ss`, UTC."""
    return _clock_time(int(at_seconds // 1))


@lru_cache(maxsize=1024)
def _clock_time(whole_seconds: int) -> str:
    # The rows of a frame share few seconds between them.
    return datetime.fromtimestamp(whole_seconds, UTC).strftime("%H:%M:%S")


def stamp(at_seconds: float) -> str:
    """Epoch seconds as `yyyy-mm-dd hh:mm:ss UTC`."""
    return datetime.fromtimestamp(at_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Coarse on purpose, so that a ticking age changes once a second: `4s`, `2m05`, `3h10`, `5d`."""
    whole = max(0, int(seconds))
    if whole < 100:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}"
    if whole < 100 * 3600:
        return f"{whole // 3600}h{whole // 60 % 60:02}"
    return f"{whole // 86400}d"


def milliseconds(value: float | None) -> str:
    """`12 ms`, `1.2 s`, `2m05`; `–` when there is no sample yet."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1000:
        return f"{value:.0f} ms"
    if value < 99_950:
        return f"{value / 1000:.1f} s"
    return duration(value / 1000)


def count(value: int) -> str:
    """At most five characters: `999`, `9,999`, `12.3k`, `123k`, `1.2M`."""
    if value < 10_000:
        return f"{value:,}"
    for size, unit in ((1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")):
        scaled = value / size
        if scaled < 99.95:
            return f"{scaled:.1f}{unit}"
        if scaled < 999.5:
            return f"{scaled:.0f}{unit}"
    return f"{value / 1e9:.0f}G"


def approximate(value: int | None) -> str:
    """SQS's own counts are approximate: `~12`, or `?` when not read yet."""
    return UNKNOWN if value is None else f"~{count(value)}"


def rate(per_second: float | None) -> str:
    """`4.1/s` below ten, whole above; `?` before two samples exist."""
    if per_second is None:
        return f"{UNKNOWN}/s"
    if per_second == 0:
        return "0/s"
    if per_second < 0.05:
        return "<0.1/s"
    return f"{per_second:.1f}/s" if per_second < 9.95 else f"{count(round(per_second))}/s"


def ratio(part: float, whole: float) -> str:
    """A percentage, or `–` when there is nothing to divide by."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def dollars(amount: float) -> str:
    """An amount of money, rounded to what anybody would ask about: `<$0.01`, `$0.42`, `$138`."""
    if 0 < amount < 0.01:
        return "<$0.01"
    return f"${amount:.2f}" if amount < 100 else f"${amount:,.0f}"


def plural(number: int, noun: str) -> str:
    """`1 message`, `7 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def key_tail(key_hint: str) -> str:
    """The last four of an access key id, marked as a tail: `…MPLE`."""
    return f"…{key_hint[-4:]}" if key_hint else ""


def bar(fraction: float, cells: int) -> str:
    """A horizontal bar of `cells` characters, filled to `fraction` in eighths."""
    eighths = round(max(0.0, min(1.0, fraction)) * cells * 8)
    full, rest = divmod(eighths, 8)
    return (_BLOCKS[-1] * full + (_BLOCKS[rest - 1] if rest else "")).ljust(cells)


def lease(remaining_seconds: float, longest_seconds: float) -> str:
    """What is left of a lease, as a bar against the longest seen and in seconds: `━━━╌╌  18s`."""
    if remaining_seconds <= 0:
        return "expired"
    fraction = remaining_seconds / longest_seconds if longest_seconds > 0 else 1.0
    # Whole cells only: a bar that moves each frame would repaint its row each frame.
    full = max(1, round(min(1.0, fraction) * _LEASE_BAR_CELLS))
    return "━" * full + "╌" * (_LEASE_BAR_CELLS - full) + f" {duration(remaining_seconds):>4}"


def span(seconds: int) -> str:
    """A duration exactly: `4 days`, `1 min 30 s`, `0 s`."""
    parts: list[str] = []
    for size, unit in ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(plural(number, unit) if unit == "day" else f"{number} {unit}")
    return " ".join(parts) or "0 s"


def size(number: int) -> str:
    """Bytes in the largest unit that is exact: `256 KiB`, `1 MiB`, `1,000 bytes`."""
    for unit_bytes, unit in ((2**20, "MiB"), (2**10, "KiB")):
        if number and number % unit_bytes == 0:
            return f"{number // unit_bytes:,} {unit}"
    return plural(number, "byte")
