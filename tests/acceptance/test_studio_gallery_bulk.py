"""Many videos at once, in a browser: take them home, throw them away, have them back."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.browsing import browsing, settled, sign_in
from tests.acceptance.running_studio import Studio

pytestmark = pytest.mark.browser

PERSON = "bo@acme.test"
"""The one person of a team, whose gallery holds nothing else."""


@pytest.fixture(scope="module")
def videos(first_start: Studio, first_words: str) -> list[str]:
    """Two finished videos of one person."""
    assert first_words
    first_start.run("user", "add", PERSON, "--team", "Bulk")
    words = ("--as", PERSON, "--campaign", "=Spring/Summer")
    ids = [str(first_start.generate(*words).json["id"]) for _ in range(2)]
    for video_id in ids:
        first_start.wait_for(video_id, {"completed"})
    return ids


def gallery(page: Page, studio: Studio) -> None:
    """Sign in and open the gallery."""
    sign_in(page, studio.run("user", "link", PERSON).out.strip())
    page.goto(f"{studio.url}/gallery")
    settled(page)


def bar(page: Page) -> Locator:
    """What can be done with the selected videos."""
    return page.locator(".st-key-bulk_bar")


def shadow(frame: Locator) -> str:
    """What is drawn around a card."""
    return str(frame.evaluate("frame => getComputedStyle(frame).boxShadow"))


def select_both(page: Page) -> None:
    """Two cards, the second with Shift."""
    checks = page.get_by_role("checkbox", name="Select")
    expect(checks).to_have_count(2)
    checks.first.click()
    checks.last.click(modifiers=["Shift"])
    expect(page.get_by_text("2 selected", exact=True)).to_be_visible()


def test_a_selected_card_keeps_its_frame_under_the_pointer(
    studio: Studio, browser: Browser, videos: list[str]
) -> None:
    assert len(videos) == 2
    with browsing(browser) as (_, page, _):
        gallery(page, studio)
        select_both(page)
        frames = page.locator(".selected .frame")
        page.locator(".selected .open").first.hover()
        expect(page.locator(".open:hover")).to_have_count(1)
        expect(frames.first).to_have_css("box-shadow", re.compile(" 0px 0px 0px 3px$"))
        assert shadow(frames.first) == shadow(frames.last)


def test_selected_videos_come_home_as_a_zip(
    studio: Studio, browser: Browser, videos: list[str], tmp_path: Path
) -> None:
    with browsing(browser) as (_, page, noted):
        gallery(page, studio)
        select_both(page)
        bar(page).get_by_role("button", name="Download").click()
        page.get_by_role("textbox", name="File names").fill("{campaign}_{number}")
        expect(page.get_by_text("Spring-Summer_001.mp4")).to_be_visible()
        page.get_by_role("button", name="Build the zip").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the zip").click()
        download.value.save_as(tmp_path / "videos.zip")
        assert noted.complaints == noted.strangers == noted.refusals == []
    with zipfile.ZipFile(tmp_path / "videos.zip") as archive:
        assert archive.testzip() is None
        table = archive.read("manifest.csv").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        assert {row["id"] for row in rows} == set(videos)
        assert {row["campaign"] for row in rows} == {"'=Spring/Summer"}
        for row in rows:
            assert hashlib.sha256(archive.read(row["file"])).hexdigest() == row["sha256"]
        told = json.loads(archive.read("Spring-Summer_001.json"))
    assert "artificial intelligence" in told["ai_generated"]["notice"]
    zipped = "select count(*) from studio.events where kind = 'zipped' and generation_id = any(%s)"
    assert studio.ask(zipped, videos) == [(2,)]


def test_the_trash_gives_videos_back_as_they_were(
    studio: Studio, browser: Browser, videos: list[str]
) -> None:
    facts = "select title, tags, verdict, status from studio.videos where id = any(%s) order by id"
    with browsing(browser) as (_, page, noted):
        gallery(page, studio)
        select_both(page)
        bar(page).get_by_role("button", name="Approve").click()
        expect(page.get_by_text("2 approved")).to_be_visible()
        before = studio.ask(facts, videos)
        bar(page).get_by_role("button", name="Trash", exact=True).click()
        expect(page.get_by_text("2 moved to the trash")).to_be_visible()
        expect(page.get_by_text("No videos yet")).to_be_visible()
        page.goto(f"{studio.url}/gallery?status=trashed")
        settled(page)
        select_both(page)
        bar(page).get_by_role("button", name="Restore").click()
        expect(page.get_by_text("2 back in the gallery")).to_be_visible()
        assert noted.complaints == noted.strangers == noted.refusals == []
    assert studio.ask(facts, videos) == before
    assert {row[2:] for row in before} == {("approved", "ready")}
