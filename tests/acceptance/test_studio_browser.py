"""The whole product in a browser, as somebody meets it who has never seen it."""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.media.probe import probe_video
from storage.embedded.processes import wait_until
from tests.acceptance.browsing import (
    PATIENCE_MS,
    browsing,
    seconds_played,
    settled,
    sideways_px,
    sign_in,
)
from tests.acceptance.running_studio import CHECKOUT, Studio

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("STUDIO_SCREENSHOTS")
"""Folder for pictures of every page: `STUDIO_SCREENSHOTS=docs/screenshots pytest -m browser`."""
SAMPLES = CHECKOUT / "dashboard" / "samples"
SCENES = [
    ("sneaker.webp", "16:9", "The sneaker turns slowly on its stand, light sweeps over it"),
    ("perfume.jpg", "9:16", "Golden dust drifts past the bottle while the camera moves closer"),
    ("coffee.jpg", "1:1", "Steam rises from the cup in the morning light"),
    ("sneaker.webp", "21:9", "The camera glides along the sneaker from heel to toe"),
    ("perfume.jpg", "3:4", "Drops of water run down the bottle in slow motion"),
    ("coffee.jpg", "4:3", "The cup slides over the wooden table and stops in front of us"),
]
HAS_PICTURE = 2
"""`HTMLMediaElement.HAVE_CURRENT_DATA` (HTML Living Standard)."""
LEGIBLE = re.compile(r"rgb\((67, 56, 202|165, 180, 252)\)")
"""`frame_style`, light and dark: what is chosen, in place of Streamlit's primary colour."""
FAILS, RUNS, LOST = "The sneaker melts", "The sneaker dances all night", "The sneaker takes off"


@dataclass(frozen=True)
class Look:
    """How the studio is looked at."""

    name: str
    width: int
    height: int
    dark: bool = False


PHONE = Look("phone", 390, 844)
LOOKS = [
    PHONE,
    *([Look("light", 1280, 900), Look("dark", 1280, 900, dark=True)] if PICTURES else []),
]


def test_a_newcomer_makes_a_video_watches_it_and_keeps_it(
    studio: Studio, browser: Browser, tmp_path: Path
) -> None:
    link = studio.run("user", "add", "new@acme.test", "--team", "New", "--json").json["link"]
    studio.simulator.set_fault("slow_answer", count=1, seconds=5)
    with browsing(browser) as (_, page, noted):
        sign_in(page, link)
        page.get_by_role("button", name="Use this").nth(1).click()
        page.get_by_role("button", name="Generate with usual settings · $").click()
        expect(page.get_by_text("Submitted. You can close this page")).to_be_visible()
        expect(page.get_by_text("Sending to fal").first).to_be_visible()
        expect(page.get_by_text("Ready", exact=True)).to_be_visible()
        page.get_by_text("Open video").click()
        video = page.locator(".stage video")
        expect(video).to_be_visible()
        video.evaluate("video => video.play()")
        assert wait_until(lambda: seconds_played(video) > 0.5, PATIENCE_MS / 1000)
        with page.expect_download() as download:
            page.locator(".panel").get_by_text("Download").first.click()
        kept = tmp_path / download.value.suggested_filename
        download.value.save_as(kept)
    assert re.fullmatch(r"the-sneaker-.+_16x9_5s_720p_[0-9a-f]{8}\.mp4", kept.name)
    facts = probe_video(kept, 100 * 1024 * 1024)
    assert (facts.width, facts.height, facts.plays_in_browsers) == (1248, 704, True)
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


@pytest.fixture(scope="module")
def nora(first_start: Studio, browser: Browser) -> Iterator[str]:
    """Address of somebody with six videos and one generation that failed, one that runs for ever
    and one whose outcome nobody knows: the watcher, who would find out, is halted meanwhile."""
    studio = first_start
    if not studio.running:
        studio.start()
    words = ("--name", "Nora Lind", "--team", "Launch")
    assert studio.run("user", "add", "nora@acme.test", *words).code == 0
    made = [_submit(studio, SAMPLES / file, ratio, prompt) for file, ratio, prompt in SCENES]
    for generation in made:
        studio.wait_for(generation, {"completed"})
    studio.simulator.set_fault("refuse_output", count=1, match=FAILS)
    studio.simulator.set_fault("never_completes", count=1, match=RUNS)
    studio.wait_for(_submit(studio, SAMPLES / "sneaker.webp", "16:9", FAILS), {"failed"})
    runs = _submit(studio, SAMPLES / "sneaker.webp", "16:9", RUNS)
    studio.wait_for(runs, {"running"})
    watcher = studio.child("watcher")
    assert watcher is not None
    os.kill(watcher.pid, signal.SIGSTOP)
    try:
        studio.simulator.set_fault("drop_answer", count=1, match=LOST)
        studio.wait_for(_submit(studio, SAMPLES / "sneaker.webp", "16:9", LOST), {"unknown"})
        _manage_money(studio, made[0])
        yield "nora@acme.test"
    finally:
        os.kill(watcher.pid, signal.SIGCONT)


MIA = "berg@acme.test"
ACTS_OF_MIA = (
    "studio.set_budget('team', team_id, 'day', 'hard', 0.2)",
    "studio.set_budget('team', team_id, 'day', 'soft', 0.15)",
    """studio.set_budget(
        'campaign', (select id from studio.campaigns where team_id = me.team_id), 'month',
        'hard', 1)""",
    """studio.grant_budget(
        (select id from studio.budgets where team_id = me.team_id and kind = 'hard'),
        0.05, now(), now() + interval '2 days', 'The launch film needs more tries')""",
    "studio.adjust_charge(%s, -0.01, 'Invoice of October: billed twice')",
)


def _manage_money(studio: Studio, generation: str) -> None:
    """Lets Nora's manager set budgets, grant more and correct a charge."""
    words = ("--name", "Mia Berg", "--role", "manager", "--team", "Launch")
    assert studio.run("user", "add", MIA, *words).code == 0
    for act in ACTS_OF_MIA:
        studio.ask(
            f"""with me as materialized (
                select id, team_id, set_config(
                    'request.jwt.claims', jsonb_build_object('sub', id)::text, true)
                from studio.people where email = '{MIA}')
            select {act} from me""",
            *([generation] if "%s" in act else []),
        )


def _submit(studio: Studio, image: Path, ratio: str, prompt: str) -> str:
    words = ("--image", str(image), "--aspect-ratio", ratio, "--campaign", "Autumn launch")
    told = studio.generate("--as", "nora@acme.test", *words, prompt=prompt)
    return str(told.json["id"])


def sees_sign_in(page: Page, studio: Studio) -> None:
    page.goto(studio.url)
    expect(page.get_by_label("Password")).to_be_visible()


def sees_create(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/create")
    page.get_by_role("button", name="Use this").nth(1).click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible()


def sees_settings(page: Page, studio: Studio) -> None:
    sees_create(page, studio)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Aspect ratio")).to_be_visible()


def sees_queue(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/queue")
    for prompt in (FAILS, RUNS, LOST):
        expect(page.get_by_text(prompt).first).to_be_visible()


def sees_generation(page: Page, studio: Studio) -> None:
    query = "select id from studio.generations where prompt = %s order by created_at desc"
    generation = studio.ask(query, SCENES[0][2])[0][0]
    page.goto(f"{studio.url}/queue?generation={generation}")
    expect(page.get_by_text("Where the time goes")).to_be_visible()


def sees_gallery(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/gallery")
    expect(page.locator(".list .card")).to_have_count(len(SCENES))
    chosen = page.locator('[data-variant="segmented_control"][data-selected="true"]')
    expect(chosen).to_have_css("color", LEGIBLE)


def sees_a_video(page: Page, studio: Studio) -> None:
    sees_gallery(page, studio)
    page.locator(".list .card .open").first.click()
    video = page.locator(".stage video")
    assert wait_until(lambda: video.evaluate("video => video.readyState") >= HAS_PICTURE, 60)


def sees_account(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/account")
    expect(page.get_by_text("nora@acme.test").first).to_be_visible()


def sees_budgets(page: Page, studio: Studio) -> None:
    sign_in(page, studio.run("user", "link", MIA).out.strip())
    page.goto(f"{studio.url}/budgets")
    expect(page.get_by_text("The launch film needs more tries").first).to_be_visible()
    expect(page.get_by_text("took $0.01 back").first).to_be_visible()


SIGHTS = [sees_create, sees_settings, sees_queue, sees_generation, sees_gallery, sees_a_video]
SIGHTS += [sees_account, sees_budgets]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_fits_and_complains_of_nothing(
    studio: Studio, browser: Browser, nora: str, look: Look
) -> None:
    link = studio.run("user", "link", nora).out.strip()
    with browsing(browser, width=look.width, height=look.height, dark=look.dark) as opened:
        _, page, noted = opened
        sees_sign_in(page, studio)
        check(page, look, "sign_in")
        sign_in(page, link)
        for sight in SIGHTS:
            sight(page, studio)
            settled(page)
            check(page, look, sight.__name__.removeprefix("sees_"))
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def check(page: Page, look: Look, name: str) -> None:
    """No page of a phone goes sideways; take its picture when pictures are wanted."""
    if look is PHONE:
        assert sideways_px(page) == 0, name
    if PICTURES:
        page.mouse.move(0, 0)
        page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0)")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(PICTURES) / f"{name}_{look.name}.png")
