"""Compared videos in a browser: in step however they are driven, heard one at a time, wiped."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.browsing import browsing, settled, sign_in
from tests.acceptance.running_studio import SNEAKER, Studio

pytestmark = pytest.mark.browser

CARLA = "carla@acme.test"
SHORT_S, LONG_S = 5, 8
IN_STEP_S = 0.05

PLAYERS = """
const players = [...document.querySelectorAll('*')]
    .flatMap(one => one.shadowRoot ? [...one.shadowRoot.querySelectorAll('.frame video')] : [])
const at = players.map(player => player.currentTime)
const spread = Math.max(...at) - Math.min(...at)
const playing = players.filter(player => !player.paused && !player.seeking)
"""
"""All players of the page, read at one moment."""


@pytest.fixture(scope="module")
def ids(first_start: Studio) -> list[str]:
    """A shorter and a longer video of Carla."""
    studio = first_start
    if not studio.running:
        studio.start()
    studio.run("user", "add", CARLA, "--team", "Cuts")
    made = []
    for duration_s in (SHORT_S, LONG_S):
        words = ["--as", CARLA, "--image", str(SNEAKER), "--model", "seedance-1.5-pro"]
        words += ["--resolution", "480p", "--duration", str(duration_s)]
        made.append(str(studio.generate(*words, prompt="The shoe turns").json["id"]))
    for one in made:
        studio.wait_for(one, {"completed"})
    return made


def enter(studio: Studio, page: Page, ids: list[str]) -> None:
    sign_in(page, studio.run("user", "link", CARLA).out.strip())
    page.goto(f"{studio.url}/compare?video={ids[0]}&video={ids[1]}")
    settled(page)
    expect(page.locator(".frame video")).to_have_count(2)
    until(page, "players.every(player => player.readyState >= 2)")


def until(page: Page, condition: str) -> None:
    """Wait until this holds of `players`, `at`, `spread` and `playing`, read at one moment."""
    page.wait_for_function(f"() => {{ {PLAYERS} return {condition} }}")


def test_they_stay_in_step_however_they_are_driven(
    studio: Studio, browser: Browser, ids: list[str]
) -> None:
    with browsing(browser) as (_, page, noted):
        enter(studio, page, ids)
        page.keyboard.press(" ")
        until(page, f"playing.length === 2 && at[0] > 0.3 && spread <= {IN_STEP_S}")
        for off_s in (0.2, 1.0):  # put right by speed, and by a seek
            page.evaluate(f"() => {{ {PLAYERS} players[1].currentTime += {off_s} }}")
            until(page, f"playing.length === 2 && spread <= {IN_STEP_S}")
        page.keyboard.press(" ")
        until(page, "playing.length === 0 && spread < 0.001")
        page.get_by_label("Position of all videos").fill("2")
        until(page, "spread < 0.001 && Math.abs(at[0] - 2) < 0.05")
        page.keyboard.press(".")
        until(page, "spread < 0.001 && Math.abs(at[0] - 2.0625) < 0.005")
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        until(page, f"at[0] > {SHORT_S - 0.2} && at[0] <= {SHORT_S + 0.1} && at[1] > 6")
        page.keyboard.press(" ")
        until(page, "playing.length === 1 && at[1] > 6.2")
        until(page, f"playing.length === 2 && at[1] < 3 && spread <= {IN_STEP_S}")
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_one_is_heard_and_the_wipe_moves_by_keys_and_pointer(
    studio: Studio, browser: Browser, ids: list[str]
) -> None:
    with browsing(browser) as (_, page, noted):
        enter(studio, page, ids)
        until(page, "String(players.map(player => player.muted)) === 'false,true'")
        page.get_by_role("radio", name="Sound of B").click()
        until(page, "String(players.map(player => player.muted)) === 'true,false'")
        page.keyboard.press("m")
        until(page, "players.every(player => player.muted)")
        page.get_by_role("radio", name="Wipe").click()
        wipe = page.get_by_role("slider", name="Wipe between the two videos")
        expect(wipe).to_be_focused()
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(wipe).to_have_attribute("aria-valuenow", "39")
        page.locator(".handle").click(position={"x": 1, "y": 40})
        expect(wipe).to_have_attribute("aria-valuenow", "0")
        until(page, "spread < 0.001 && at[0] < 0.1")
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_one_that_can_not_be_loaded_says_so_and_the_other_goes_on(
    studio: Studio, browser: Browser, ids: list[str]
) -> None:
    with browsing(browser) as (context, page, _):
        sign_in(page, studio.run("user", "link", CARLA).out.strip())
        broken = f"**/media/{ids[0]}/*"
        context.route(broken, lambda route: route.abort())
        page.goto(f"{studio.url}/compare?video={ids[0]}&video={ids[1]}")
        expect(page.get_by_text("This video can't be loaded right now.")).to_have_count(1)
        page.keyboard.press(" ")
        until(page, "playing.length === 1 && at[1] > 0.3 && !players[1].muted")
        context.unroute(broken)
        page.get_by_role("button", name="Try again").click()
        until(page, f"playing.length === 2 && at[0] > 0.3 && spread <= {IN_STEP_S}")
