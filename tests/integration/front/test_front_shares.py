"""What guests of a link get, and what nobody gets by one."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard import services as front_services
from dashboard.headers import hash_source
from dashboard.share_routes import ASKS_PER_MINUTE, VERDICTS_PER_HOUR
from jobs import curation, guests, sharing
from jobs.bootstrap import Services
from jobs.sharing import Wish
from storage.models import RenditionKind
from storage.postgres import Database
from storage.records import videos
from tests.integration.front.front_studio import FILM, HTML, SAME, Studio
from tests.integration.front.shared_links import ENDINGS, PASSWORD, revoke, shared, trash

DEAD = "This link no longer works"
GOOD = {"verdict": "approved", "name": "Gus Guest", "comment": ""}


def test_a_guest_sees_the_video_its_title_and_its_end(studio: Studio) -> None:
    link = shared(studio)
    page = link.get()
    assert page.status_code == 200
    assert "<h1>Spring launch</h1>" in page.text
    assert f'src="{link.path}/media/web"' in page.text
    assert f"{link.made.expires_at:%-d %b %Y, %H:%M} (UTC)" in page.text
    for secret in (str(link.video_id), "Max", "Brand", "bottle", "Download", "Approve"):
        assert secret not in page.text


def test_what_people_wrote_is_never_markup(studio: Studio) -> None:
    video_id = studio.add_video(studio.max, '"><script>alert(1)</script>')
    made = sharing.make(studio.services, studio.max, video_id, Wish())
    page = studio.browser().get(f"/s/{made.token}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("more", ["", "/media/web", "/media/nothing"])
def test_everything_is_kept_and_indexed_by_nobody(studio: Studio, more: str) -> None:
    headers = shared(studio).get(more).headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_runs_its_own_script_and_style_only(studio: Studio) -> None:
    page = shared(studio).get()
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    for part in ("script", "style"):
        (inline,) = re.findall(rf"<{part}>(.*?)</{part}>", page.text, re.DOTALL)
        assert f"{part}-src {hash_source(inline)};" in policy
    assert not re.search(r' (style|on\w+)="', page.text)


@pytest.mark.parametrize("more", ["", "/media/web", "/media/web?download=1"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_link_that_ended_answers_410_at_once(studio: Studio, ending: str, more: str) -> None:
    link = shared(studio, allow_download=True)
    assert link.get(more).status_code == 200
    ENDINGS[ending](link)
    answer = link.get(more)
    assert (answer.status_code, DEAD in answer.text) == (410, True)
    assert "Spring launch" not in answer.text


@pytest.mark.parametrize("more", ["/played", "/verdict", "/unlock"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_forms_of_a_link_end_with_it(studio: Studio, ending: str, more: str) -> None:
    link = shared(studio, wants_verdict=True)
    ENDINGS[ending](link)
    assert link.post(more, **GOOD).status_code == 410
    assert studio.events_of("share_viewed") == studio.events_of("share_judged") == []


@pytest.mark.parametrize("token", ["a" * 43, "short", "a" * 5000, "%00", "' or 1=1 --"])
@pytest.mark.parametrize("more", ["", "/media/web"])
def test_a_link_that_never_was_reads_the_same(studio: Studio, token: str, more: str) -> None:
    dead = shared(studio)
    revoke(dead)
    answer = studio.browser().get(f"/s/{token}{more}", headers=HTML)
    assert (answer.status_code, answer.text) == (404, dead.get().text)


def test_a_trashed_video_comes_back_with_its_link(studio: Studio) -> None:
    link = shared(studio)
    trash(link)
    curation.restore(studio.services, studio.max, [link.video_id])
    assert link.get().status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [("bytes=0-99", 206, FILM[:100]), ("bytes=-10", 206, FILM[-10:]), ("bytes=999999-", 416, b"")],
)
def test_a_guests_player_seeks(studio: Studio, asked: str, status: int, content: bytes) -> None:
    answer = shared(studio).get("/media/web", Range=asked)
    assert (answer.status_code, answer.content) == (status, content)


@pytest.mark.parametrize("kind", ["preview", "480p", "passwd", "..%2fweb", "web/../../media"])
def test_what_is_not_there_or_not_ready_is_not_found(studio: Studio, kind: str) -> None:
    assert shared(studio).get(f"/media/{kind}").status_code == 404


def test_the_original_is_for_guests_who_may_download(studio: Studio) -> None:
    for link, status in ((shared(studio), 404), (shared(studio, allow_download=True), 200)):
        add_original(studio, link.video_id)
        assert link.get("/media/original").status_code == status


def add_original(studio: Studio, video_id: UUID) -> None:
    with studio.services.database.as_service() as tx:
        web = videos.by_id(tx, video_id).renditions[RenditionKind.WEB]
        studio._keep(f"videos/{video_id}/original.mp4", FILM)
        key = f"videos/{video_id}/original.mp4"
        videos.put_rendition(tx, replace(web, kind=RenditionKind.ORIGINAL, key=key))


def test_a_link_shows_its_own_video_only(studio: Studio) -> None:
    link, other = shared(studio), shared(studio)
    studio.services.store.delete([f"videos/{other.video_id}/web.mp4"])
    assert link.get("/media/web").content == FILM
    assert other.get("/media/web").status_code == 404


def test_a_download_is_named_and_counted_once(studio: Studio) -> None:
    link = shared(studio, allow_download=True)
    assert "Download" in link.get().text
    answer = link.get("/media/web?download=1")
    assert answer.headers["content-disposition"].startswith('attachment; filename="spring-launch')
    link.get("/media/web?download=1", Range="bytes=500-")
    assert link.seen().download_count == 1
    (event,) = studio.events_of("share_downloaded")
    assert (event["person_id"], event["generation_id"]) == (None, link.video_id)
    assert event["detail"] == {"share": str(link.made.id), "rendition": "web"}


def test_no_download_without_leave(studio: Studio) -> None:
    link = shared(studio)
    assert link.get("/media/web?download=1").status_code == 404
    assert link.seen().download_count == 0


def test_a_view_is_counted_once_a_browser_session_and_only_when_it_plays(studio: Studio) -> None:
    link = shared(studio)
    link.get()
    link.get("/media/web")
    assert link.seen().view_count == 0
    assert [link.post("/played").status_code for _ in range(2)] == [204, 204]
    assert link.seen().view_count == 1
    link.guest = studio.browser()
    link.post("/played")
    assert link.seen().view_count == len(studio.events_of("share_viewed")) == 2


def test_a_colleague_who_tries_the_link_is_no_view(studio: Studio) -> None:
    link = shared(studio, allow_download=True)
    link.guest = studio.signed_in(studio.ada)
    assert link.get("/media/web?download=1").status_code == 200
    assert link.post("/played").status_code == 204
    assert (link.seen().view_count, link.seen().download_count) == (0, 0)


def test_a_page_of_another_site_can_not_count_unlock_or_judge(studio: Studio) -> None:
    link = shared(studio, wants_verdict=True)
    for more in ("/played", "/unlock", "/verdict"):
        forged = {"Sec-Fetch-Site": "cross-site"}
        assert link.guest.post(link.path + more, data=GOOD, headers=forged).status_code == 403


def test_an_address_that_asks_too_often_waits(studio: Studio) -> None:
    link, stranger = shared(studio), studio.browser()
    for _ in range(ASKS_PER_MINUTE):
        stranger.get("/s/nothing/media/web")
    answer = link.get()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_guest_says_what_they_think_and_the_team_reads_it(studio: Studio) -> None:
    link = shared(studio, wants_verdict=True)
    assert "What do you think?" in link.get().text
    fields = {"verdict": "needs_change", "name": " Gus  Guest ", "comment": "<b>Slower</b>"}
    answer = link.post("/verdict", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link.path}?thanks=1")
    assert "Thank you" in link.get("?thanks=1").text
    (said,) = sharing.guest_verdicts(studio.services, studio.ada, link.video_id)
    assert (said.verdict, said.name, said.comment) == (
        guests.Verdict.NEEDS_CHANGE,
        "Gus Guest",
        "<b>Slower</b>",
    )
    (event,) = studio.events_of("share_judged")
    assert event["detail"] == {"share": str(link.made.id), "verdict": "needs_change"}
    assert curation.opinion(studio.services, studio.max, link.video_id).verdict is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "Say who you are"),
        ({"name": "x" * 81}, "Say who you are"),
        ({"verdict": "rejected"}, "Choose whether it is good"),
        ({"verdict": "needs_change"}, "Say what has to change."),
        ({"comment": "x" * 2001}, "at most 2,000 characters"),
    ],
)
def test_what_a_guest_says_is_checked_and_kept_in_the_form(
    studio: Studio, fields: dict[str, str], words: str
) -> None:
    link = shared(studio, wants_verdict=True)
    answer = link.post("/verdict", **{**GOOD, **fields})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert sharing.guest_verdicts(studio.services, studio.max, link.video_id) == []


def test_nobody_judges_who_was_not_asked(studio: Studio) -> None:
    link = shared(studio)
    assert link.post("/verdict", **GOOD).status_code == 422
    assert studio.events_of("share_judged") == []


def test_a_guest_can_not_fill_the_books(studio: Studio) -> None:
    link = shared(studio, wants_verdict=True)
    answers = [link.post("/verdict", **GOOD).status_code for _ in range(VERDICTS_PER_HOUR + 1)]
    assert answers == [303] * VERDICTS_PER_HOUR + [429]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/gallery",
        "/gallery?video=1",
        "/s",
        "/account",
        "/app/static/media/{video}/web",
        "/app/static/input/{video}/start",
        "/_stcore/host-config",
        "/s/../gallery",
    ],
)
def test_a_link_opens_nothing_else(studio: Studio, path: str) -> None:
    link = shared(studio, PASSWORD)
    link.post("/unlock", password=PASSWORD)
    cookies = "; ".join(f"{name}={value}" for name, value in link.guest.cookies.items())
    asked = {**HTML, "Cookie": f"{cookies}; studio_session={link.made.token}"}
    answer = studio.browser().get(path.format(video=link.video_id), headers=asked)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/session/login")


@pytest.mark.parametrize("more", ["/_stcore/stream", "/_stcore/health", "/x", "/media", "/media/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_nothing_of_the_pages_is_below_a_link(studio: Studio, method: str, more: str) -> None:
    link = shared(studio)
    assert link.guest.request(method, link.path + more, headers=SAME).status_code == 404


def test_no_websocket_is_below_a_link(studio: Studio) -> None:
    url = studio.origin.replace("http", "ws") + shared(studio).path
    with pytest.raises(InvalidStatus, match="403"), connect(url, proxy=None):
        pass


def test_while_the_record_is_away_a_guest_is_asked_to_come_back(
    studio: Studio, services: Services
) -> None:
    link = shared(studio)
    with Database(SecretStr("postgresql://studio@127.0.0.1:1/studio")) as nothing:
        nothing._pool.timeout = 0.1
        front_services.install(replace(services, database=nothing))
        answer = link.get()
    assert (answer.status_code, "does not work right now" in answer.text) == (503, True)
