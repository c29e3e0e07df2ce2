"""A guest in a browser of their own, from the link to its end."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.embedded.processes import wait_until
from tests.acceptance.browsing import PATIENCE_MS, browsing, seconds_played, settled, sign_in
from tests.acceptance.running_studio import Studio

pytestmark = pytest.mark.browser

PASSWORD = "violets are blue"
COUNTS = "select view_count, download_count from studio.shares where video_id = %s"


def make_link(page: Page, address: str) -> str:
    """Make a link with a password and a verdict in the lightbox; its path."""
    page.goto(address)
    settled(page)
    page.get_by_text("Share with guests").click()
    switch_on(page, "Ask for a verdict")
    page.get_by_label("Password (optional)", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make a link").click()
    field = page.get_by_label("Address of the link")
    expect(field).to_have_value(re.compile(r"/s/[\w-]{43}$"))
    return urlsplit(field.input_value()).path


def switch_on(page: Page, label: str) -> None:
    """As a person does, who looks where a click went: the panel may have moved under it."""
    switch = page.get_by_role("switch", name=label)

    def click() -> bool:
        if not switch.is_checked():
            page.get_by_text(label).click()
        return switch.is_checked()

    assert wait_until(click, PATIENCE_MS / 1000)


def judge(page: Page) -> None:
    """Watch the video and approve it, without the player going away."""
    video = page.locator("video")
    video.evaluate("video => { video.loop = true; return video.play() }")
    assert wait_until(lambda: seconds_played(video) > 0.3, PATIENCE_MS / 1000)
    page.get_by_label("Your name").fill("Gus")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    assert video.evaluate("video => !video.paused")


def test_a_guest_watches_judges_and_is_shut_out_when_the_link_is_revoked(
    studio: Studio, browser: Browser
) -> None:
    told = studio.run("user", "add", "sue@acme.test", "--team", "Shares", "--json").json
    made = studio.generate("--as", "sue@acme.test", "--wait").json["id"]
    with browsing(browser) as (_, page, noted), browsing(browser) as (_, guest, seen):
        sign_in(page, told["link"])
        path = make_link(page, f"{studio.url}/gallery?video={made}")
        guest.goto(studio.url + path)
        guest.get_by_label("Password").fill(PASSWORD)
        guest.get_by_role("button", name="Watch the video").click()
        judge(guest)
        assert wait_until(lambda: studio.ask(COUNTS, made) == [(1, 0)], PATIENCE_MS / 1000)
        assert (seen.complaints, seen.strangers, seen.refusals) == ([], [], [])
        expect(page.get_by_text("Gus approves")).to_be_visible()
        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("Revoked ")).to_be_visible()
        answer = guest.reload()
        assert answer is not None
        assert answer.status == 410
        expect(guest.get_by_text("This link no longer works")).to_be_visible()
        assert guest.request.get(f"{studio.url}{path}/media/web").status == 410
        assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])
