"""The browser of queues under a pilot: at first where nothing is consumed, and with Q over the dashboard."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Input

from queue_canned import details, listing, queue, shop, unread, unreadable
from sqs_core.queue_listing import QueueDetails, QueueListing, Reading
from sqs_tui.screens.browser import BrowserScreen
from sqs_tui.screens.queue_details import QueueScreen
from tui_browsing import looking, table, top
from tui_canned import consumer, empty_snapshot, snapshot
from tui_fakes import FakeFacade
from tui_harness import Dashboard, dashboard, plain_environment  # noqa: F401 - a fixture


def names(running: Dashboard) -> list[str]:
    return [row.key for row in table(running).rows]


async def test_without_consumers_the_queues_are_the_first_screen() -> None:
    async with dashboard(looking(), size=(80, 24)) as running:
        text = running.text()
        for said in (
            "Queues  6 · 1 not read yet · 1 denied · by name ↑",
            "name    ",
            "~118",
            "denied",
            "not yet",
            "every 5 s, read 10:00:00 UTC",
            "Not consumed here: enter looks, c consumes.",
        ):
            assert said in text


async def test_c_consumes_the_queue_under_the_cursor_and_shows_its_panes() -> None:
    async with dashboard(looking(), size=(80, 24)) as running:
        await running.press("down", "c")
        assert "Consume orders with this handler." in running.text()
        assert "receives messages and DELETES" in running.text()
        box = running.app.screen.query_one("#handler", Input)
        assert box.value == "builtin:echo"
        box.value = "nonsense"
        await running.press("enter")
        assert "✗ no handler nonsense" in running.text()
        box.value = "builtin:noop"
        running.facade.now = snapshot(consumer("orders"))
        await running.press("enter")
        assert running.facade.named("add_consumer")[-1] == ("add_consumer", "orders", "builtin:noop")
        assert top(running) is running.main
        assert "workers 5/8" in running.text()


async def test_giving_up_the_choice_of_a_handler_goes_back_to_the_queues() -> None:
    async with dashboard(looking()) as running:
        await running.press("c", "escape")
        assert isinstance(top(running), BrowserScreen)
        assert running.facade.named("add_consumer") == []


async def test_enter_looks_and_c_in_there_consumes() -> None:
    async with dashboard(looking(), size=(80, 24)) as running:
        await running.press("down", "enter")
        assert isinstance(top(running), QueueScreen)
        assert "Queue orders" in running.text()
        assert "go to               orders-dlq after 5 receives" in running.text()
        running.facade.queues["orders"] = replace(details(), reading=Reading.GONE, error="it is gone")
        await running.frame()
        assert "✗ gone: it is gone" in running.text()
        await running.press("G")
        assert "checkout" in running.text()
        await running.press("c")
        assert "Consume orders with this handler." in running.text()
        await running.press("escape")
        assert isinstance(top(running), BrowserScreen)


async def test_q_key_opens_the_queues_over_the_dashboard_and_esc_closes_them() -> None:
    facade = FakeFacade(listing=shop())
    async with dashboard(facade, size=(80, 24)) as running:
        assert facade.looks == [], "nothing is listed while nobody looks"
        await running.press("Q")
        await running.frame()
        assert "Consumed here" not in running.text()
        assert facade.looks
        await running.press("down")
        assert "Consumed here: enter shows its panes." in running.text()
        await running.press("c")
        assert isinstance(top(running), BrowserScreen), "a consumed queue is not consumed again"
        await running.press("escape")
        assert top(running) is running.main
        await running.press("Q", "o", "escape", "Q")
        assert "by visible ↓" in running.text(), "the sort is kept"
        await running.press("escape")
        await running.frame()
        asked = len(facade.looks)
        await running.frame()
        assert len(facade.looks) == asked


async def test_enter_on_a_consumed_queue_shows_its_panes() -> None:
    facade = FakeFacade(snapshot(consumer("billing.fifo"), consumer("orders")), shop())
    async with dashboard(facade) as running:
        assert running.main.frame.selected == "billing.fifo"
        await running.press("Q", "down", "enter")
        assert top(running) is running.main
        assert running.main.frame.selected == "orders"


async def test_esc_keeps_the_first_screen_and_its_key_is_not_offered() -> None:
    async with dashboard(looking()) as running:
        assert "esc Back" not in running.text()
        await running.press("escape")
        assert isinstance(top(running), BrowserScreen)


async def test_o_sorts_by_the_next_column_and_capital_o_reverses() -> None:
    async with dashboard(looking(), size=(80, 24)) as running:
        await running.press("o")
        assert "by visible ↓" in running.text()
        assert names(running)[:2] == ["orders", "billing.fifo"]
        assert table(running).current is table(running).rows[0]
        await running.press("O")
        assert "by visible ↑" in running.text()
        assert names(running)[0] == "refunds"
        for _ in range(5):
            await running.press("o")
        assert "by name ↑" in running.text()


async def test_the_filter_narrows_while_it_is_typed_and_esc_clears_it() -> None:
    async with dashboard(looking()) as running:
        await running.press("slash")
        assert "part of a name; ^ and its start searches on the server" in running.text()
        await running.press(*"qo")
        assert "Nothing here matches the filter." in running.text()
        assert "Queues  0 of 6" in running.text()
        await running.press("backspace", "backspace", *"ord", "enter")
        assert names(running) == ["orders", "orders-dlq"]
        assert "Queues  2 of 6 · 1 not read yet · 1 denied · by name ↑ · filter ord" in running.text()
        await running.press("o")
        assert names(running) == ["orders", "orders-dlq"], "the keys are commands again"
        await running.press("escape")
        assert len(names(running)) == 6
        assert {prefix for prefix, _ in running.facade.looks} == {""}


async def test_a_start_is_searched_on_the_server() -> None:
    async with dashboard(looking()) as running:
        await running.press("slash", "circumflex_accent", *"or")
        assert running.facade.looks[-1][0] == "or"
        assert "searching the server for or…" in running.text()
        assert names(running) == ["orders", "orders-dlq"]
        running.facade.listing = listing([queue("orders"), queue("orbit")], prefix="or")
        await running.frame()
        assert "Queues  2 that start with or · by name ↑" in running.text()
        await running.press("escape")
        assert running.facade.looks[-1][0] == ""


async def test_the_rows_on_the_screen_are_asked_for_first() -> None:
    async with dashboard(looking(listing([unread(f"q{n:04}") for n in range(1500)])), size=(80, 24)) as running:
        await running.frame()
        page = running.facade.looks[-1][1]
        assert page[0] == "q0000"
        assert 5 < len(page) < 24
        await running.press("G")
        await running.frame()
        assert running.facade.looks[-1][1][-1] == "q1499"
        assert "1500 of 1500" in running.text()


async def test_what_is_wrong_with_a_queue_is_said_below() -> None:
    async with dashboard(looking(listing([unreadable("payroll")])), size=(120, 40)) as running:
        assert "✗ denied: GetQueueAttributes: AccessDenied" in running.text()
        running.facade.listing = listing([queue("a")], note="only 10,000 queues are listed")
        await running.frame()
        assert "▲ only 10,000 queues are listed" in running.text()


async def test_a_listing_that_fails_says_why() -> None:
    failed = QueueListing(0.0, error="nothing answers at http://localhost:4566")
    async with dashboard(looking(failed), size=(80, 24)) as running:
        assert "✗ nothing answers at http://localhost:4566" in running.text()
        assert "Queues cannot be listed." in running.text()
        assert "not read yet" in running.text()
        assert "▲ cannot list" in running.text()
        assert "running" not in running.text()
        running.facade.listing = listing([queue("a")])
        await running.frame()
        assert "● running" in running.text()


async def test_view_only_offers_no_consuming() -> None:
    async with dashboard(looking(), view_only=True) as running:
        assert "This view receives nothing and changes nothing." in running.text()
        await running.press("down", "c")
        assert isinstance(top(running), BrowserScreen)
        await running.press("enter")
        assert "c consumes" not in running.text()
        await running.press("c")
        assert isinstance(top(running), QueueScreen)


async def test_leaving_from_the_queues_drains() -> None:
    async with dashboard(FakeFacade(listing=shop())) as running:
        await running.press("Q", "q")
        assert running.facade.wait_for("drain")
        assert top(running) is running.main


async def test_help_palette_and_identity_work_among_the_queues() -> None:
    async with dashboard(looking()) as running:
        browsing = running.app.screen
        titles = {command.title for command in running.app.get_system_commands(browsing)}
        assert {"Consume this queue", "Sort by the next column", "Filter", "Open"} <= titles
        assert not {"Freeze the view", "Pause or resume", "Queues of the endpoint"} & titles
        running.app.action_screen_command("sort")
        await running.frame()
        assert "by visible ↓" in running.text()
        await running.press("question_mark")
        assert "Sort by the next column" in running.text()
        await running.press("escape", "I")
        assert "Identity" in running.text()


async def test_unread_details_say_so() -> None:
    async with dashboard(FakeFacade(empty_snapshot(), shop(), queues={"zebra": QueueDetails("zebra")})) as running:
        await running.press("G", "enter")
        assert "Being read." in running.text()
