"""The lightbox of the gallery in a browser: by address, by keys, and what it notes down."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from storage.embedded.processes import wait_until
from tests.acceptance.browsing import Noted, browsing, seconds_played, settled, sign_in
from tests.acceptance.running_studio import SNEAKER, Studio

pytestmark = pytest.mark.browser

PEOPLE = {"lena@acme.test": "Lights", "otto@acme.test": "Others"}


@pytest.fixture(scope="module")
def ids(first_start: Studio) -> list[str]:
    """Three videos of Lena, newest first; Otto is of another team."""
    studio = first_start
    if not studio.running:
        studio.start()
    for person, team in PEOPLE.items():
        studio.run("user", "add", person, "--team", team)
    made = []
    for prompt in ("The shoe turns", "The shoe lands", "The shoe rests"):
        words = ("--as", "lena@acme.test", "--image", str(SNEAKER), "--resolution", "480p")
        made.append(str(studio.generate(*words, prompt=prompt).json["id"]))
        studio.wait_for(made[-1], {"completed"})
    return made[::-1]


@pytest.fixture(scope="module")
def lena(
    first_start: Studio, browser: Browser, ids: list[str]
) -> Iterator[tuple[BrowserContext, Noted]]:
    """Lena's browser, signed in; the fixture `ids` made her."""
    assert ids
    with browsing(browser) as (context, page, noted):
        enter(first_start, page, "lena@acme.test")
        page.close()
        yield context, noted


def open_page(lena: tuple[BrowserContext, Noted]) -> Page:
    context, noted = lena
    page = context.new_page()
    noted.listen(page)
    return page


def enter(studio: Studio, page: Page, person: str) -> None:
    sign_in(page, studio.run("user", "link", person).out.strip())


def address(studio: Studio, video_id: str) -> str:
    return f"{studio.url}/gallery?video={video_id}"


def views(studio: Studio, video_id: str) -> int:
    query = "select count(*) from studio.events where kind = 'viewed' and generation_id = "
    return int(studio.ask(f"{query}'{video_id}'")[0][0])


def test_arrows_walk_and_back_and_escape_close(
    studio: Studio, lena: tuple[BrowserContext, Noted], ids: list[str]
) -> None:
    page = open_page(lena)
    page.goto(f"{studio.url}/gallery?sort=oldest")
    settled(page)
    page.get_by_role("button", name="The shoe turns").first.click()
    expect(page).to_have_url(f"{studio.url}/gallery?sort=oldest&video={ids[2]}")
    expect(page.locator(".panel h2")).to_contain_text("The shoe turns")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".panel h2")).to_contain_text("The shoe lands")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".panel h2")).to_contain_text("The shoe rests")
    expect(page).to_have_url(f"{studio.url}/gallery?sort=oldest&video={ids[0]}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".panel h2")).to_contain_text("The shoe lands")
    page.go_back()
    expect(page.locator(".lightbox")).to_have_count(0)
    expect(page).to_have_url(f"{studio.url}/gallery?sort=oldest")
    page.go_forward()
    expect(page.locator(".panel h2")).to_contain_text("The shoe lands")
    page.keyboard.press("Escape")
    expect(page.locator(".lightbox")).to_have_count(0)
    expect(page).to_have_url(f"{studio.url}/gallery?sort=oldest")
    page.close()
    assert (lena[1].complaints, lena[1].strangers, lena[1].refusals) == ([], [], [])


def test_escape_leaves_the_title_before_it_leaves_the_lightbox(
    studio: Studio, lena: tuple[BrowserContext, Noted], ids: list[str]
) -> None:
    page = open_page(lena)
    page.goto(address(studio, ids[1]))
    page.get_by_role("button", name="Change the title").click()
    title = page.get_by_role("textbox", name="Title")
    title.fill("x")
    title.press("Escape")
    expect(title).to_have_count(0)
    expect(page.locator(".panel h2")).to_contain_text("The shoe lands")
    page.get_by_role("button", name="4 stars").click()
    expect(page.get_by_text("4 · 1 rating")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".said.approved")).to_be_visible()
    page.close()
    assert (lena[1].complaints, lena[1].strangers, lena[1].refusals) == ([], [], [])


def test_only_two_seconds_of_play_are_a_view_and_another_size_keeps_the_place(
    studio: Studio, lena: tuple[BrowserContext, Noted], ids: list[str]
) -> None:
    page = open_page(lena)
    # A player that starts by itself would make the first half of this a race.
    page.add_init_script(
        "const { play } = HTMLMediaElement.prototype; window.play = (video) => play.call(video);"
        "HTMLMediaElement.prototype.play = async () => {}"
    )
    page.goto(address(studio, ids[0]))
    video = page.locator(".stage video")
    expect(video).to_be_visible()
    assert wait_until(lambda: video.evaluate("video => video.readyState") >= 2, 30)
    video.evaluate("video => { video.currentTime = 1 }")
    page.get_by_role("button", name="360p").click()
    assert wait_until(lambda: seconds_played(video) == 1, 30)
    assert views(studio, ids[0]) == 0
    video.evaluate("video => { video.muted = true; return window.play(video) }")
    assert wait_until(lambda: views(studio, ids[0]) == 1, 30)
    page.close()
    assert (lena[1].complaints, lena[1].strangers, lena[1].refusals) == ([], [], [])


def test_another_teams_video_is_nowhere(studio: Studio, browser: Browser, ids: list[str]) -> None:
    with browsing(browser) as (_, page, _noted):
        enter(studio, page, "otto@acme.test")
        page.goto(f"{studio.url}/gallery")
        settled(page)
        expect(page.get_by_text("The shoe")).to_have_count(0)
        page.goto(address(studio, ids[0]))
        expect(page.get_by_text("This video isn't here")).to_be_visible()
        expect(page.locator(".lightbox")).to_have_count(0)
        for path in (f"media/{ids[0]}/web", f"media/{ids[0]}/poster", f"input/{ids[0]}/start"):
            assert page.request.get(f"{studio.url}/app/static/{path}").status == 404
