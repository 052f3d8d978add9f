"""The picture of docs/performance.md, as SVG: bars of CPU per message by consumer, and a line of it by workers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goals import Results

WIDTH, LABEL, BAR, ROW = 760, 190, 460, 26
INK, OURS, THEIRS, GRID = "#333", "#2a7f9e", "#b9b3a8", "#ddd"
LINE_HEIGHT = 160
TITLE = 34


def picture(results: Results) -> str:
    """The whole picture."""
    rows = [(name, row["cpu_us"]) for name, row in results["peers"]["rows"].items() if "cpu_us" in row]
    parts = [_text(10, 22, "CPU µs per message (256 B, no-op handler; less is better)", weight="bold")]
    most = max(cost for _, cost in rows)
    for at, (name, cost) in enumerate(sorted(rows, key=lambda row: row[1])):
        parts += _bar(TITLE + ROW * at, name, cost, most)
    top = TITLE + ROW * len(rows) + 20
    growth = [(name, row["cpu_us"]) for name, row in results.get("workers", {}).items()]
    height = top
    if growth:
        parts += _line(top, growth)
        height += LINE_HEIGHT + 70
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _bar(top: int, name: str, cost: float, most: float) -> list[str]:
    colour = OURS if name.startswith("engine") else THEIRS
    width = max(1.0, BAR * cost / most)
    bar = f'<rect x="{LABEL}" y="{top}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>'
    return [_text(LABEL - 8, top + 14, name, anchor="end"), bar, _text(LABEL + width + 6, top + 14, f"{cost:.0f}")]


def _line(top: int, growth: list[tuple[str, float]]) -> list[str]:
    base = top + 30 + LINE_HEIGHT
    most = max(cost for _, cost in growth) * 1.1
    step = BAR / max(1, len(growth) - 1)
    points = [(LABEL + step * at, base - LINE_HEIGHT * cost / most) for at, (_, cost) in enumerate(growth)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [
        _text(10, top + 14, "… of this engine by its workers", weight="bold"),
        f'<line x1="{LABEL}" y1="{base}" x2="{LABEL + BAR}" y2="{base}" stroke="{GRID}"/>',
        f'<polyline points="{path}" fill="none" stroke="{OURS}" stroke-width="2"/>',
    ]
    for (x, y), (count, cost) in zip(points, growth, strict=True):
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{OURS}"/>', _text(x, y - 8, f"{cost:.0f}", anchor="middle")]
        parts.append(_text(x, base + 18, count, anchor="middle"))
    return parts


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
