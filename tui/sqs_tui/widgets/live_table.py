"""A table for rows that change several times a second: it paints only the lines that differ.

`DataTable.update_cell` repaints the whole table, which costs ten times the bytes over a slow link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.dom import DOMNode
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from sqs_tui.commands import table_bindings
from sqs_tui.rows import Column, Row, Tone, anchored, changed_cells, changed_lines
from sqs_tui.widgets.columns import Place, fit, line, placed, reach
from sqs_tui.widgets.edges import Edged

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.geometry import Size


class LiveTable(Edged, Widget, can_focus=True):
    """Shows rows in columns; the cursor follows its row's key. With `header=False` the column titles are not drawn."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*table_bindings()]

    class Moved(Message):
        """The user moved the cursor to another row."""

        def __init__(self, table: LiveTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> LiveTable:
            """The table, for `@on` selectors."""
            return self.table

    class Opened(Moved):
        """The user asked to open the row under the cursor (enter, or a second click)."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str,  # noqa: A002 - Textual's name
        header: bool = True,
        empty: str = "",
        follows_top: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._header_lines = 1 if header else 0
        self._empty = empty
        self._follows_top = follows_top
        self._rows: Sequence[Row] = ()
        self._cursor_index = 0
        self._cursor_key: str | None = None
        self._first = 0
        self._width = 0
        self._fitted_to: Size | None = None
        self._styles_of_parts: dict[str, Style] = {}
        self._places: tuple[int, Sequence[Column], list[Place]] = (0, (), [])

    @property
    def rows(self) -> Sequence[Row]:
        """What is shown now."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor_index] if self._rows else None

    @property
    def in_sight(self) -> tuple[Row, ...]:
        """The rows that are on the screen."""
        return tuple(self._rows[self._first : self._first + max(0, self._page_lines)])

    @property
    def extent(self) -> str:
        """Which rows are on the screen, as `1–35 of 92`; empty where all are."""
        page, whole = self._page_lines, len(self._rows)
        return f"{self._first + 1}–{min(whole, self._first + page)} of {whole}" if 0 < page < whole else ""

    def show(self, rows: Sequence[Row], columns: Sequence[Column] | None = None) -> None:
        """Replace the rows; equal lines are not painted again. The selected row keeps its place on the screen."""
        if columns is not None and tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self.refresh()
        if self._fitted_to != self.size:
            self._fit_to_size()
        old, old_cursor, old_first = self._rows, self._cursor_index, self._first
        cursor = anchored(rows, self._cursor_key, old_cursor)
        first = self._bounded(old_first + cursor - old_cursor if self._cursor_key else old_first, rows)
        for row in rows[first : first + max(0, self._page_lines)]:
            _ = row.cells  # an error is raised here, where a frame can tell of it, and not where Textual draws
        self._rows, self._cursor_index, self._first = rows, cursor, first
        if len(old) != len(rows) and self._sizes_itself:
            self.clear_cached_dimensions()
            self.refresh(layout=True)
        elif bool(old) != bool(rows) or self._first != old_first:
            self.refresh()
        else:
            moved = self._shows_cursor and self._cursor_index != old_cursor
            self._paint_changes(old, (old_cursor, self._cursor_index) if moved else ())
        self._update_subtitle()

    def say_when_empty(self, text: str) -> None:
        """What stands there while there are no rows."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    def move_to(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        self._cursor_key = key
        self._set_cursor(anchored(self._rows, key, self._cursor_index))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """All rows and the header, for `height: auto`."""
        return max(1, len(self._rows)) + self._header_lines

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of the content area; Textual works out the size each time it is asked."""
        self._width = self.size.width
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the content area."""
        width = self._width
        if y < self._header_lines:
            style = self._style_of("header")
            return line(self._placed(width), [(column.title, style) for column in self._columns], style, width)
        index = self._first + y - self._header_lines
        base = self._style_of(Tone.PLAIN)
        if not self._rows and index == 0:
            return Strip([Segment(fit(self._empty, width), self._style_of(Tone.MUTED))], width)
        if index >= len(self._rows):
            return Strip([Segment(" " * width, base)], width)
        if index == self._cursor_index and self._shows_cursor:
            base = self._style_of("cursor")
            cells = [(cell.text, base) for cell in self._rows[index].cells]
        else:
            cells = [(cell.text, self._style_of(cell.tone)) for cell in self._rows[index].cells]
        return line(self._placed(width), cells, base, width)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw or hide the cursor."""
        super().watch_has_focus(has_focus)
        self._paint([self._cursor_index])

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._fit_to_size()

    def _fit_to_size(self) -> None:
        # Asked for with each frame as well: Textual tells of no new size that somebody had looked at before its own layout.
        self._fitted_to = self.size
        self._set_cursor(self._cursor_index)
        self._update_subtitle()

    def on_click(self, event: events.Click) -> None:
        """Select the row; a second click opens it."""
        index = self._first + event.get_content_offset_capture(self).y - self._header_lines
        if not 0 <= index < len(self._rows):
            return
        if event.chain > 1:
            self.action_open()
        else:
            self._choose(index)

    def on_mouse_scroll_down(self) -> None:
        """Scroll by moving the cursor, so that what is selected is always in sight."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """As above, upwards."""
        self.action_move(-3)

    def action_move(self, lines: int) -> None:
        """Move the cursor by so many rows."""
        self._choose(self._cursor_index + lines)

    def action_page(self, pages: int) -> None:
        """Move the cursor by so many pages."""
        self._choose(self._cursor_index + pages * max(1, self._page_lines))

    def action_top(self) -> None:
        """Go to the first row; where new rows come in at the top, stay there."""
        self._choose(0)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self._choose(len(self._rows) - 1)

    def action_open(self) -> None:
        """Ask for the row under the cursor to be opened. The cursor stays on it: what comes next is meant for what was read."""
        if self._rows:
            self._cursor_key = self._rows[self._cursor_index].key
            self.post_message(self.Opened(self))

    @property
    def _page_lines(self) -> int:
        return self.size.height - self._header_lines

    @property
    def _shows_cursor(self) -> bool:
        return self.has_focus

    @property
    def _sizes_itself(self) -> bool:
        height = self.styles.height
        return height is not None and height.is_auto

    def _bounded(self, first: int, rows: Sequence[Row]) -> int:
        return max(0, min(first, len(rows) - self._page_lines))

    def _choose(self, index: int) -> None:
        if not self._rows:
            return
        self._set_cursor(max(0, min(index, len(self._rows) - 1)))
        at_top = self._follows_top and self._cursor_index == 0
        self._cursor_key = None if at_top else self._rows[self._cursor_index].key
        self.post_message(self.Moved(self))

    def _set_cursor(self, index: int) -> None:
        old_index, old_first = self._cursor_index, self._first
        self._cursor_index = index
        page = max(1, self._page_lines)
        self._first = self._bounded(min(max(old_first, index - page + 1), index), self._rows)
        if self._first != old_first:
            self.refresh()
            self._update_subtitle()
        else:
            self._paint([old_index, index])

    def _paint_changes(self, old: Sequence[Row], whole: Collection[int]) -> None:
        """Mark the cells that differ for painting, and these rows as a whole."""
        width, height = self.size  # which Textual works out each time it is asked
        places, rows = self._placed(width), self._rows
        regions = []
        in_sight = range(self._first, self._first + max(0, height - self._header_lines))
        for index in sorted({*changed_lines(old, rows, in_sight), *(index for index in whole if index in in_sight)}):
            y = index - self._first + self._header_lines
            cells = changed_cells(old[index], rows[index]) if index < len(old) and index < len(rows) else None
            reached = width if cells is None or index in whole else reach(places, cells)
            if reached:
                regions.append(Region(0, y, reached, 1))
        if regions:
            self.refresh(*regions)

    def _paint(self, indices: Sequence[int]) -> None:
        """Mark rows for painting, those in sight only."""
        self._paint_changes(self._rows, set(indices))

    def _placed(self, width: int) -> list[Place]:
        if self._places[0] != width or self._places[1] is not self._columns:
            self._places = (width, self._columns, placed(self._columns, width))
        return self._places[2]

    def _update_subtitle(self) -> None:
        self.write_subtitle(self.extent)

    def notify_style_update(self) -> None:
        """The theme, the focus or a class has changed."""
        self._styles_of_parts.clear()
        super().notify_style_update()

    def _style_of(self, part: str) -> Style:
        """The style that the stylesheet gives the header, the cursor or a tone, found when it is drawn for the first time.

        Of component classes Textual finds all anew for each table whenever the style of anything changes.
        """
        style = self._styles_of_parts.get(part)
        if style is None:
            node = DOMNode(classes=f"live-table--{part}")
            node._attach(self)  # noqa: SLF001 - as Textual does for component classes
            self.app.stylesheet.apply(node)
            style = self._styles_of_parts[part] = node.rich_style
        return style
