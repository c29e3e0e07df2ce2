"""The gallery's grid in a browser: previews, selection, keys, addresses, and thousands of cards."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from storage.embedded.processes import wait_until
from tests.acceptance.browsing import (
    PATIENCE_MS,
    Noted,
    browsing,
    seconds_played,
    settled,
    sideways_px,
    sign_in,
)
from tests.acceptance.many_videos import copy_videos
from tests.acceptance.running_studio import CHECKOUT, Studio

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("STUDIO_SCREENSHOTS")
"""Folder for pictures of small and large galleries; see `test_studio_browser.py`."""
SCENES = [
    ("sneaker.webp", "16:9", "The sneaker turns slowly on its stand, light sweeps over it"),
    ("perfume.jpg", "9:16", "Golden dust drifts past the bottle while the camera moves closer"),
    ("coffee.jpg", "16:9", "The cup slides over the wooden table and stops in front of us"),
    ("sneaker.webp", "21:9", "The camera glides along the sneaker from heel to toe"),
    ("coffee.jpg", "1:1", "Steam rises from the cup in the morning light"),
]
CARDS = 130
"""Three pages."""
PHONE = {"phone": (390, 844)}
LOOKS = PHONE | ({"light": (1280, 900), "dark": (1280, 900)} if PICTURES else {})
SIZES = {"gallery_24": 24} | (
    {"gallery_0": 0, "gallery_1": 1, "gallery_10000": 10_000} if PICTURES else {}
)
SCROLLED = "by => document.querySelector('[data-testid=stMain]').scrollBy(0, by)"


@pytest.fixture(scope="module")
def gallery(first_start: Studio) -> Studio:
    """A studio in which Grace's gallery has `CARDS` videos."""
    studio = first_start
    if not studio.running:
        studio.start()
    studio.run("user", "add", "gus@acme.test", "--name", "Gus Berg", "--team", "Sources")
    made = [_submit(studio, *scene) for scene in (SCENES if PICTURES else SCENES[:2])]
    for generation in made:
        studio.wait_for(generation, {"completed"})
    ready = "select count(*) from studio.renditions where kind = 'preview' and state = 'ready'"
    of_gus = f"{ready} and video_id = any(%s)"
    assert wait_until(lambda: studio.ask(of_gus, [UUID(m) for m in made])[0][0] == len(made), 60)
    _fill(studio, "grace@acme.test", CARDS)
    return studio


@pytest.fixture(scope="module")
def visit(gallery: Studio, browser: Browser) -> Iterator[tuple[Page, Noted]]:
    """Grace's visit, signed in."""
    with browsing(browser, moving=True) as (_, page, noted):
        sign_in(page, gallery.run("user", "link", "grace@acme.test").out.strip())
        yield page, noted


def _submit(studio: Studio, image: str, ratio: str, prompt: str) -> str:
    path = CHECKOUT / "dashboard" / "samples" / image
    words = ("--as", "gus@acme.test", "--image", str(path), "--aspect-ratio", ratio)
    return str(studio.generate(*words, prompt=prompt).json["id"])


def _fill(studio: Studio, person: str, count: int) -> None:
    studio.run("user", "add", person, "--team", person.partition("@")[0])
    if count:
        copy_videos(studio, "gus@acme.test", person, count)


def show(page: Page, studio: Studio, query: str = "") -> Locator:
    """Open the gallery at an address; its cards."""
    page.goto(f"{studio.url}/gallery{query}")
    cards = page.locator(".list .card")
    expect(cards.first).to_be_visible()
    settled(page)
    return cards


def test_a_card_plays_under_the_pointer_and_never_two(
    gallery: Studio, visit: tuple[Page, Noted]
) -> None:
    page, noted = visit
    cards = show(page, gallery)
    videos = page.locator("video")
    for number in (0, 1, 2, 1):
        cards.nth(number).hover()
        expect(videos).to_have_count(1)
    assert wait_until(lambda: seconds_played(videos.first) > 0, PATIENCE_MS / 1000)
    page.mouse.move(0, 0)
    expect(videos).to_have_count(0)
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_every_card_is_met_by_scrolling_and_few_are_on_the_page(
    gallery: Studio, visit: tuple[Page, Noted]
) -> None:
    page, noted = visit
    cards = show(page, gallery)
    met: set[str] = set()

    def scroll() -> bool:
        met.update(cards.evaluate_all("cards => cards.map(card => card.entry.id)"))
        page.evaluate(SCROLLED, 500)
        return len(met) == CARDS

    assert wait_until(scroll, PATIENCE_MS / 1000)
    assert cards.count() < CARDS / 2
    assert page.locator("video").count() <= 1
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_shift_takes_a_range_ctrl_one_of_it_and_escape_all(
    gallery: Studio, visit: tuple[Page, Noted]
) -> None:
    page, noted = visit
    cards = show(page, gallery)
    chosen = page.locator(".card.selected")
    cards.nth(0).locator(".check").click()
    cards.nth(5).locator(".open").click(modifiers=["Shift"])
    expect(chosen).to_have_count(6)
    cards.nth(2).locator(".open").click(modifiers=["ControlOrMeta"])
    expect(chosen).to_have_count(5)
    expect(page.get_by_text("5 selected").first).to_be_visible()
    cards.nth(0).locator(".open").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(chosen).to_have_count(4)
    page.keyboard.press("Escape")
    expect(chosen).to_have_count(0)
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_a_link_carries_its_filters_and_back_leads_through_them(
    gallery: Studio, visit: tuple[Page, Noted]
) -> None:
    page, noted = visit
    cards = show(page, gallery, "?q=sneaker&verdict=approved&group=day")
    expect(page.get_by_placeholder("Search title")).to_have_value("sneaker")
    # A run may pass midnight.
    expect(page.locator(".head").first).to_contain_text(re.compile("Today|Yesterday"))
    expect(cards.filter(has_text="bottle")).to_have_count(0)
    page.get_by_role("button", name="Approved", exact=True).first.click()
    expect(page).not_to_have_url(f"{gallery.url}/gallery?q=sneaker&verdict=approved&group=day")
    expect(cards.locator(".verdict.needs_change").first).to_be_visible()
    page.go_back()
    expect(cards.locator(".verdict.needs_change")).to_have_count(0)
    expect(page.get_by_role("button", name="Approved", exact=True).first).to_be_visible()
    cards.first.locator(".open").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".stage video")).to_be_visible()
    assert "verdict=approved" in page.url
    # The copies of a video have no product image of their own.
    told = [word for word in (*noted.complaints, *noted.refusals) if "/static/input/" not in word]
    assert (told, noted.strangers) == ([], [])


@pytest.mark.parametrize("look", LOOKS)
def test_galleries_of_every_size_fit_the_screen(
    gallery: Studio, browser: Browser, look: str
) -> None:
    width, height = LOOKS[look]
    for name, count in SIZES.items():
        _fill_once(gallery, f"{name}@acme.test", count)
        link = gallery.run("user", "link", f"{name}@acme.test").out.strip()
        with browsing(browser, width=width, height=height, dark=look == "dark") as opened:
            _, page, noted = opened
            sign_in(page, link)
            page.goto(f"{gallery.url}/gallery")
            whole = page.locator(".list .frame.loaded") if count else page.get_by_text("No videos")
            expect(whole.first).to_be_visible()
            settled(page)
            assert sideways_px(page) == 0
            kinds = page.get_by_test_id("stButtonGroup").first
            assert _right_px(kinds.locator("button").last) <= _right_px(kinds)
            if PICTURES:
                page.wait_for_load_state("networkidle")
                page.screenshot(path=Path(PICTURES) / f"{name}_{look}.png")
        assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def _right_px(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def _fill_once(studio: Studio, person: str, count: int) -> None:
    if not studio.ask("select id from studio.people where email = %s", person):
        _fill(studio, person, count)
