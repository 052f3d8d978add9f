"""What is painted: all that differs, and little more; in bytes, on a real terminal."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region

from sqs_tui.commands import Pane
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.widgets.columns import both_ends, fit, line, placed
from sqs_tui.widgets.live_table import LiveTable
from terminals import FlowingTerminal
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

COLUMNS = (Column("a", 4), Column("b", 3, right=True), Column("hidden", 5, needs=500), Column("c", 4), Column("d", 4, grows=True))
LOADED_MESSAGES_PER_SECOND = 1_000
# At 80x24 and one frame a second: half of what a link of 64 kbit/s carries.
LOADED_BYTES_PER_SECOND = 4_000
IDLE_BYTES_PER_SECOND = 200

rows = st.lists(
    st.tuples(*[st.sampled_from(["", "日本", "longer than it"])] * 5, st.sampled_from([Tone.PLAIN, Tone.BAD])),
    max_size=5,
).map(lambda made: tuple(Row(str(at), tuple(Cell(text, tone) for text in cells)) for at, (*cells, tone) in enumerate(made)))


class Table(App[None]):
    """A table alone."""

    def compose(self) -> ComposeResult:
        yield LiveTable(COLUMNS, id="table", empty="nothing")


def cells(table: LiveTable) -> list[list[tuple[str, Style | None]]]:
    """Each line, cell by cell; of a blank only its background counts."""
    return [
        [
            (character, segment.style if character != " " else Style(bgcolor=(segment.style or Style()).bgcolor))
            for segment in table.render_line(y)
            for character in segment.text
            for _ in range(cell_len(character))
        ]
        for y in range(table.size.height)
    ]


async def test_a_row_that_cannot_be_made_is_an_error_of_the_frame_wherever_the_cursor_takes_the_page() -> None:
    def made(key: str) -> Row:
        return Row(key, make=lambda: (Cell(key),) * len(COLUMNS))

    def broken() -> tuple[Cell, ...]:
        raise ValueError(key)

    app, key = Table(), "19"
    async with app.run_test(size=(40, 8)):
        table = app.query_one(LiveTable)
        before = tuple(made(str(number)) for number in range(40))
        table.show(before)
        table.action_move(20)
        rows = [made(f"new {number}") for number in range(5)] + [made(str(number)) for number in range(40)]
        rows[5 + int(key)] = Row(key, make=broken)
        with pytest.raises(ValueError, match=key):
            table.show(rows)
        assert table.rows is before
        assert key in {row.key for row in table.in_sight}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(frames=st.lists(rows, min_size=2, max_size=6))
async def test_every_cell_that_differs_is_painted(frames: list[tuple[Row, ...]]) -> None:
    app = Table()
    async with app.run_test(size=(40, 8)) as pilot:
        table = app.query_one(LiveTable)
        painted: list[Region] = []

        def note(*regions: Region, **_: object) -> LiveTable:
            painted.extend(regions or [table.size.region])
            return table

        table.refresh = note  # type: ignore[method-assign]
        for frame in frames:
            before = cells(table)
            painted.clear()
            table.show(frame)
            for y, (old, new) in enumerate(zip(before, cells(table), strict=True)):
                wrong = [x for x in range(max(len(old), len(new))) if old[x : x + 1] != new[x : x + 1]]
                assert all(any(region.contains(x, y) for region in painted) for x in wrong), (y, wrong, painted)
        await pilot.pause()


def test_cells_of_one_style_are_one_segment_and_blanks_keep_the_one_before() -> None:
    plain, strong = Style(color="blue"), Style(bold=True)
    drawn = line(placed(COLUMNS, 40), [("a", plain), ("1", plain), ("", plain), ("", strong), ("d", strong)], Style(), 40)
    assert [(segment.text, segment.style) for segment in drawn] == [("a      1      ", plain), ("d".ljust(26), strong)]


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert [both_ends("orders-staging-dead", cells) for cells in (19, 12, 2, 1, 0)] == [
        "orders-staging-dead",
        "orders…-dead",
        "o…",
        "…",
        "",
    ]
    assert both_ends("日本語の本文", 8) == "日本… 文"
    assert cell_len(both_ends("orders-staging-" + "\N{BLACK TELEPHONE}\N{VARIATION SELECTOR-16}" * 3, 12)) <= 12
    assert [fit("日本語", 5), fit("abc", 2), fit("abc", 0), fit("a", 3, right=True)] == ["日本…", "a…", "", "  a"]


async def test_words_in_a_border_paint_their_line_alone() -> None:
    async with dashboard() as running:
        table = running.main.table(Pane.WORKERS)
        await running.frame()
        table._exchange_repaint_regions()
        table.write_title("Workers  99 of 99 busy")
        assert table._exchange_repaint_regions() == {Region(0, 0, table.outer_size.width, 1)}
        assert "Workers  99 of 99 busy" in running.text()
        table.write_subtitle("below")
        assert table._exchange_repaint_regions() == {Region(0, table.outer_size.height - 1, table.outer_size.width, 1)}
        assert "below" in running.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_an_idle_dashboard_writes_next_to_nothing(size: tuple[int, int]) -> None:
    with FlowingTerminal(0, 10, *size) as terminal:
        assert written_per_second(terminal) <= IDLE_BYTES_PER_SECOND


def test_a_loaded_dashboard_at_one_frame_a_second_fits_a_slow_link() -> None:
    with FlowingTerminal(LOADED_MESSAGES_PER_SECOND, 1) as terminal:
        written = written_per_second(terminal)
        assert 0 < written <= LOADED_BYTES_PER_SECOND


def written_per_second(terminal: FlowingTerminal, seconds: float = 3.0) -> float:
    """Bytes, once the first frames are out; a slow machine draws less and writes less."""
    terminal.until(b"running")
    terminal.read_for(1.5)
    before, began = len(terminal.seen), time.monotonic()
    terminal.read_for(seconds)
    return (len(terminal.seen) - before) / (time.monotonic() - began)
