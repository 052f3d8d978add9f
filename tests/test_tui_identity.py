"""The identity on the first screen and whole: what is shown, that it stays live, and that foreign text obeys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sqs_core.model import CredentialReport, ProviderRow
from sqs_tui.identity_text import identity_text
from sqs_tui.screens.identity import IdentityScreen
from test_tui_dashboard import displays
from test_tui_hostile import PAYLOADS, assert_inert, infested
from tui_canned import NOW, ROLE_ARN, STATIC_RULE, empty_snapshot, pod_credentials, pod_snapshot, snapshot
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from sqs_core.model import Snapshot
    from tui_harness import Dashboard


def words(text: str) -> str:
    """A text without its line ends."""
    return " ".join(text.split())


def inside(running: Dashboard) -> str:
    """What the open screen shows, without what is behind it."""
    region = running.app.screen.query_one("#who").region.shrink((1, 2, 1, 2))
    lines = running.text().splitlines()[region.y : region.bottom]
    return "\n".join(line[region.x : region.right] for line in lines)


def told(seen: Snapshot, width: int = 100) -> str:
    return words(identity_text(seen, width).plain)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_whole_identity_can_be_read(size: tuple[int, int]) -> None:
    async with dashboard(FakeFacade(pod_snapshot()), size=size) as running:
        assert "STAGING (APP_ENV)" in running.text()
        await running.press("I")
        seen = inside(running)
        for key in ("pagedown", "G"):
            await running.press(key)
            seen += inside(running)
    seen = "".join(seen.split())  # long names break anywhere
    for said in (
        "STAGING decided by APP_ENV",
        "access key …K7QX",
        "account 123456789012",
        ROLE_ARN,
        "assumed-role/orders-worker",
        "session botocore-session-1772359200",
        "in 55m00 2026-03-01 10:55:00 UTC",
        "last refresh 2026-03-01 09:55:00 UTC",
        "▲ more than one mechanism is configured",
        "● found assume-role-with-web-identity",
        "– skipped shared-credentials-file",
        "✗ failed login",
        "○ shadowed container-role",
        "? not-tried iam-role",
        "long poll 20 s, the client hangs up after 30 s, visibility timeout 60 s",
    ):
        assert said.replace(" ", "") in seen


@pytest.mark.parametrize("key", ["escape", "q", "I"])
async def test_it_closes_again(key: str) -> None:
    async with dashboard() as running:
        await running.press("I")
        assert isinstance(running.app.screen, IdentityScreen)
        await running.press(key)
        assert len(running.app.screen_stack) == 1
        assert running.facade.named("drain") == []


async def test_the_line_has_the_focus_by_tab_and_opens() -> None:
    async with dashboard(FakeFacade(pod_snapshot())) as running:
        for _ in range(12):
            if running.main.situation.identity:
                break
            await running.press("tab")
        assert running.main.situation.identity
        assert "enter Open" in running.text().splitlines()[-1]
        await running.press("enter")
        assert isinstance(running.app.screen, IdentityScreen)


async def test_a_click_on_the_line_opens_it() -> None:
    async with dashboard(FakeFacade(pod_snapshot())) as running:
        await running.pilot.click("#identity")
        await running.pilot.pause()
        assert isinstance(running.app.screen, IdentityScreen)


async def test_the_line_keeps_the_focus_while_queues_are_only_listed() -> None:
    async with dashboard(FakeFacade(empty_snapshot())) as running:
        running.main.query_one("#identity").focus()
        await running.frame()
        await running.frame()
        assert running.main.situation.identity


async def test_it_is_live_and_repaints_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed = displays(monkeypatch)
    async with dashboard(FakeFacade(pod_snapshot())) as running:
        await running.press("I")
        running.facade.now = pod_snapshot(at=NOW + 1200)
        await running.frame()
        assert "in 35m00" in running.text()
        running.facade.now = pod_snapshot(at=NOW + 1200, credentials=pod_credentials(key_hint="NEWK"))
        await running.frame()
        assert "…NEWK" in running.text()
        await running.frame()
        settled = len(displayed)
        for _ in range(5):
            await running.frame()
        assert len(displayed) == settled


def test_an_expired_identity_and_an_endless_one() -> None:
    assert "expired 10s ago, at 2026-03-01 09:59:50 UTC" in told(pod_snapshot(credentials=pod_credentials(expires_at=NOW - 10)))
    assert "no end is known" in told(pod_snapshot(credentials=pod_credentials(expires_at=None)))


def test_what_decided_the_environment() -> None:
    assert "LOCAL because neither --env nor APP_ENV is set" in told(snapshot())
    flag = replace(snapshot().engine, environment="production", environment_decided_by="--env")
    assert "PRODUCTION decided by --env" in told(snapshot(engine=flag))


def test_an_identity_that_is_not_known_yet() -> None:
    assert "not known yet" in told(snapshot(credentials=None))
    assert "STS was not asked, or did not say" in told(snapshot(credentials=CredentialReport("dummy", "test")))
    assert "…test" not in told(snapshot(credentials=CredentialReport("dummy", "test")))


def test_providers_that_share_a_reason_share_a_line() -> None:
    rows = tuple(ProviderRow(name, "skipped", "a rule") for name in ("sso", "login"))
    seen = told(
        snapshot(credentials=CredentialReport("env", "MPLE", chain=(*rows, ProviderRow("boto-config", "skipped", "another"))))
    )
    assert "– skipped sso, login a rule – skipped boto-config another" in seen


@pytest.mark.parametrize("width", [0, 40, 72, 140])
def test_no_line_is_wider_than_its_room(width: int) -> None:
    text = identity_text(pod_snapshot(), width)
    assert max(line.cell_length for line in text.split("\n")) <= max(width, 40)
    assert words(STATIC_RULE) in words(text.plain)


async def test_the_first_screen_counts_warnings_and_says_when_keys_end() -> None:
    report = pod_credentials(warnings=("the first", "the second", "the third"))
    async with dashboard(FakeFacade(pod_snapshot(credentials=report)), size=(160, 40)) as running:
        assert "assume-role-with-web-identity …K7QX ▲ (+2) the first until 10:55:00" in running.text()


async def test_hostile_text_obeys() -> None:
    async with dashboard(size=(120, 40)) as running:
        for payload, visible in PAYLOADS.values():
            report = CredentialReport(
                payload,
                payload,
                payload,
                payload,
                NOW + 5,
                (payload,),
                (ProviderRow(payload, payload, payload),),
                payload,
                payload,
            )
            running.facade.now = replace(infested(payload), credentials=report)
            await running.frame()
            await running.press("I")
            assert visible in running.text()
            assert_inert(running)
            await running.press("escape")
