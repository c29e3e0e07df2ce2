"""The studio over HTTP, as strangers, owners and other teams meet it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.running_studio import Studio


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Ids of what the tests of this module share, made by the first that asks."""
    return {}


@pytest.fixture
def video(studio: Studio, made: dict[str, str]) -> str:
    """Address of the file of a video of Kim, who is of the team Hats."""
    if not made:
        studio.run("user", "add", "kim@acme.test", "--team", "Hats")
        made["id"] = studio.generate("--as", "kim@acme.test", "--wait").json["id"]
    return f"/app/static/media/{made['id']}/web"


@pytest.fixture
def kim(studio: Studio, video: str) -> Iterator[httpx.Client]:
    """Kim's browser, signed in."""
    with studio.signed_in(studio.run("user", "link", "kim@acme.test").out.strip()) as client:
        yield client


def test_a_stranger_is_sent_to_the_sign_in_page(studio: Studio, video: str) -> None:
    with studio.browser() as stranger:
        for path in ("/", "/create", "/gallery", "/queue", video):
            answer = stranger.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/session/login")
        assert stranger.get(video, headers={"accept": "*/*"}).status_code == 401
        assert "Sign in" in stranger.get("/", follow_redirects=True).text


def test_a_stranger_may_ask_whether_it_is_healthy(studio: Studio) -> None:
    with studio.browser() as stranger:
        told = stranger.get("/health")
    assert told.status_code == 200
    facts = told.json()
    assert (facts["status"], facts["database"], facts["redis"]) == ("ok", "ok", "ok")
    assert {"submit", "collect", "media", "watcher"} <= facts["processes"].keys()


def test_a_signed_in_person_gets_the_page(kim: httpx.Client) -> None:
    page = kim.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert "<title>" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_an_own_video_plays_from_any_place(kim: httpx.Client, video: str) -> None:
    whole = kim.get(video)
    part = kim.get(video, headers={"range": "bytes=100-199"})
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


def test_a_download_has_a_telling_name_and_is_counted(
    studio: Studio, kim: httpx.Client, video: str, made: dict[str, str]
) -> None:
    saved = kim.get(video, params={"download": "1"}).headers["content-disposition"]
    name = f"the-sneaker-turns-slowly-on-its-stand_16x9_2s_480p_{made['id'][:8]}.mp4"
    assert saved == f'attachment; filename="{name}"'
    query = "select kind from studio.events where generation_id = %s and kind = 'downloaded'"
    assert studio.ask(query, made["id"]) == [("downloaded",)]


def test_another_team_s_person_finds_no_such_video(studio: Studio, video: str) -> None:
    link = studio.run("user", "add", "eva@acme.test", "--team", "Bags", "--json").json["link"]
    with studio.signed_in(link) as eva:
        assert eva.get(video).status_code == 404
        assert eva.get(video.replace("media", "input").replace("web", "start")).status_code == 404


def test_signing_out_ends_the_session_on_the_server(kim: httpx.Client, video: str) -> None:
    cookies = dict(kim.cookies)
    assert kim.get(video).status_code == 200
    assert kim.post("/session/logout").headers["location"] == "/session/login"
    kim.cookies.update(cookies)
    assert kim.get(video).status_code == 303
