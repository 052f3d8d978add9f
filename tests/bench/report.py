"""Results as text: the table of the terminal, and the tables of docs/performance.md between its markers.

`python report.py RESULTS.json` draws docs/performance.md and its picture again from a file of results.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goals import GOALS
from plot import picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goals import Results

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
COLUMNS = ("CPU µs/message", "to boto3 loop", "messages/s", "requests/message", "RSS MiB", "server busy")


def peer_rows(results: Results) -> Iterable[Sequence[str]]:
    """The main table, a row a contender."""
    peers = results["peers"]
    to = peers["cpu_ratios_to"]["boto3 loop"]
    for name, row in peers["rows"].items():
        if "skipped" in row:
            yield name, f"skipped: {row['skipped']}"
        else:
            share = f"{row['server_share']:.0%}"
            figures = (f"{row['cpu_us']:.1f}", f"{to[name]:.2f}", f"{row['rate']:,.0f}", f"{row['requests']:.3f}")
            yield name, *figures, f"{row['rss_mib']:.0f}", share


def goal_rows(results: Results) -> Iterable[Sequence[str]]:
    """A row a goal."""
    for goal in GOALS:
        value = goal.value(results)
        sign = "≥" if goal.at_least else "≤"
        yield goal.what, "–" if value is None else f"{value:g}", f"{sign} {goal.bound:g}", goal.verdict(results)


def growth_rows(results: Results) -> Iterable[Sequence[str]]:
    """How the cost depends on one thing at a time."""
    for what in ("workers", "queues", "in_flight"):
        for count, row in results.get(what, {}).items():
            figures = f"{row['cpu_us']:.0f}", f"{row['requests']:.3f}", f"{row['rss_mib']:.0f}"
            yield what.replace("_", " "), count, *figures
    for size, by_name in results.get("sizes", {}).items():
        for name, row in by_name.items():
            yield f"bytes of a body, {name}", size, f"{row['cpu_us']:.0f}", f"{row['requests']:.3f}", f"{row['rss_mib']:.0f}"


def drain_rows(results: Results) -> Iterable[Sequence[str]]:
    """Drains against the ideal."""
    for milliseconds, row in results.get("drains", {}).items():
        yield f"{milliseconds} ms", f"{row['seconds']:.2f}", f"{row['ideal_seconds']:.2f}", f"{row['to_ideal']:.2f}"


def _localstack(results: Results) -> str:
    found: dict[str, Any] = results.get("localstack", {})
    if "messages" not in found:
        return f"End to end on LocalStack: {found.get('skipped', 'not measured')}.\n"
    rates = ", ".join(
        f"{name} {row['rate_with_start']:,.0f} messages/s at {row['cpu_us_with_start']:.0f} µs of CPU each"
        for name, row in found.items()
        if isinstance(row, dict)
    )
    return f"End to end on LocalStack, start included, where the server is the limit: {rates}.\n"


def _closely(results: Results) -> str:
    found: dict[str, Any] = results.get("closely", {})
    if "rows" not in found:
        return f"With fanferro alone: {found.get('skipped', 'not measured')}.\n"
    costs = ", ".join(f"{name} {row['cpu_us']:.1f} µs" for name, row in found["rows"].items())
    return (
        f"With fanferro alone, {found['messages']:,} messages a round, median of {found['rounds']} rounds: {costs},"
        f" ratio {found['cpu_ratio']:.2f}.\n"
    )


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    wide = [[*row, *[""] * (len(columns) - len(row))] for row in rows]
    lines = [columns, ["---"] * len(columns), *wide]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _plain(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    found = [list(columns), *map(list, rows)]
    # A row of two is a name and a remark, which may be as long as it likes.
    widths = [max(len(row[at]) for row in found if len(row) == len(columns)) for at in range(len(columns))]
    widths[0] = max(len(row[0]) for row in found)
    aligned = (
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=False))])
        for row in found
    )
    return "\n".join(aligned)


def heading(results: Results) -> str:
    """Where, when and how."""
    about = results["about"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return f"{about['date']}, `{about['command']}` on {about['machine']}, load {about['load_at_start']}; {versions}"


def terminal_table(results: Results) -> str:
    """What `make bench` prints."""
    parts = [
        heading(results),
        _plain(("", *COLUMNS), peer_rows(results)),
        _closely(results).strip(),
        _plain(("grows with", "", "CPU µs", "requests", "RSS MiB"), growth_rows(results)),
        _plain(("drain, handlers of", "seconds", "ideal", "ratio"), drain_rows(results)),
        _localstack(results).strip(),
        _plain(("goal", "seen", "bound", ""), goal_rows(results)),
    ]
    return "\n\n".join(parts)


def page_part(results: Results) -> str:
    """What stands between the page's markers."""
    peers = results["peers"]
    intro = f"{heading(results)}.\n\n{peers['messages']:,} messages of 256 B a round, median of {peers['rounds']} rounds:\n\n"
    drained = _markdown(("drain at 32 workers, handlers of", "seconds", "ideal", "ratio"), drain_rows(results))
    return (
        f"{intro}{_markdown(('consumer', *COLUMNS), peer_rows(results))}\n{_closely(results)}"
        "\n![CPU per message by consumer, and by workers](performance.svg)\n\n## Goals\n\n"
        f"{_markdown(('goal', 'seen', 'bound', 'verdict'), goal_rows(results))}\n## What it grows with\n\n"
        f"{_markdown(('grows with', 'how many', 'CPU µs/message', 'requests/message', 'RSS MiB'), growth_rows(results))}\n"
        f"{drained}\n{_localstack(results)}"
    )


def write_page(results: Results) -> None:
    """Put the results into the page and draw the picture."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{page_part(results)}{END}{after}", encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    write_page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
