"""What guests of a link get, and what nobody gets by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import UUID

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard import passwords, share_unlock
from dashboard import services as front_services
from dashboard.headers import hash_source
from dashboard.share_routes import ASKS_PER_MINUTE, FREE_TRIES, VERDICTS_PER_HOUR
from dashboard.share_unlock import UNLOCKED_COOKIE, UNLOCKED_S
from jobs import curation, guests, sharing
from jobs.bootstrap import Services
from jobs.guests import SIGNED_URL_S
from jobs.sharing import Made, Wish
from storage.models import RenditionKind
from storage.objects.cdn import Cdn, CdnStore, Copy, PublicDomain
from storage.objects.cloudflare import Cloudflare
from storage.objects.local import LocalStore
from storage.postgres import Database
from storage.records import videos
from tests.integration.front.front_studio import FILM, HTML, SAME, Studio

PASSWORD = "violets are blue"
DEAD = "This link no longer works"
GOOD = {"verdict": "approved", "name": "Gus Guest", "comment": ""}


class Link:
    """A link of Max's to his video, and a guest's browser."""

    def __init__(self, studio: Studio, video_id: UUID, made: Made) -> None:
        self.studio, self.video_id, self.made = studio, video_id, made
        self.path = f"/s/{made.token}"
        self.guest = studio.browser()

    def get(self, more: str = "", **headers: str) -> httpx.Response:
        return self.guest.get(self.path + more, headers=headers)

    def post(self, more: str, **fields: str) -> httpx.Response:
        return self.guest.post(self.path + more, data=fields, headers=SAME)

    def seen(self) -> sharing.Share:
        (share,) = sharing.links(self.studio.services, self.studio.max, self.video_id)
        return share


def shared(studio: Studio, password: str | None = None, **wish: bool) -> Link:
    video_id = studio.add_video(studio.max)
    kept = passwords.hash_password(password) if password else None
    made = sharing.make(studio.services, studio.max, video_id, Wish(None, kept, **wish))
    return Link(studio, video_id, made)


def expire(link: Link) -> None:
    url = link.studio.services.settings.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value()) as connection:
        connection.execute(
            "update studio.shares set expires_at = now() where id = %s", [link.made.id]
        )


def revoke(link: Link) -> None:
    sharing.revoke(link.studio.services, link.studio.max, link.made.id)


def trash(link: Link) -> None:
    curation.trash(link.studio.services, link.studio.max, [link.video_id])


ENDINGS = {"expired": expire, "revoked": revoke, "trashed": trash}


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


def test_a_password_stands_before_everything(studio: Studio) -> None:
    link = shared(studio, PASSWORD, allow_download=True, wants_verdict=True)
    page = link.get()
    assert "needs a password" in page.text
    assert "Spring launch" not in page.text
    assert link.get("/media/web").status_code == 401
    assert link.post("/played").status_code == 401
    assert link.post("/verdict", **GOOD).status_code == 401
    assert link.seen().view_count == 0


def test_the_right_password_opens_this_link_for_this_browser(studio: Studio) -> None:
    link, other = shared(studio, PASSWORD), shared(studio, PASSWORD)
    answer = link.post("/unlock", password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, link.path)
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", f"Path={link.path};", f"Max-Age={UNLOCKED_S}", "SameSite=lax"):
        assert part in cookie
    assert "Spring launch" in link.get().text
    assert link.get("/media/web").content == FILM
    value = link.guest.cookies[UNLOCKED_COOKIE]
    forged = other.get(Cookie=f"{UNLOCKED_COOKIE}={value}")
    assert "needs a password" in forged.text


@pytest.mark.parametrize("value", ["", "x", "9999999999.", "9999999999." + "0" * 64, "é.é", "²."])
def test_a_made_up_cookie_opens_nothing(studio: Studio, value: str) -> None:
    link = shared(studio, PASSWORD)
    cookie = {b"Cookie": f"{UNLOCKED_COOKIE}={value}".encode()}
    answer = link.guest.get(link.path, headers=cookie)
    assert "needs a password" in answer.text


def test_what_was_unlocked_is_locked_again_after_an_hour(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = shared(studio, PASSWORD)
    monkeypatch.setattr(share_unlock, "UNLOCKED_S", -1)
    cookie = link.post("/unlock", password=PASSWORD).headers["set-cookie"].partition(";")[0]
    assert "needs a password" in link.get(Cookie=cookie).text


def test_wrong_passwords_have_to_wait(studio: Studio) -> None:
    link = shared(studio, PASSWORD)
    answers = [link.post("/unlock", password="violets") for _ in range(FREE_TRIES)]
    assert [answer.status_code for answer in answers] == [401] * FREE_TRIES
    right = link.post("/unlock", password=PASSWORD)
    assert (right.status_code, right.headers["retry-after"]) == (429, "2")
    assert "set-cookie" not in right.headers


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_link_that_ended_does_not_tell_whether_a_password_is_right(
    studio: Studio, ending: str
) -> None:
    link = shared(studio, PASSWORD)
    ENDINGS[ending](link)
    right = link.post("/unlock", password=PASSWORD)
    wrong = link.post("/unlock", password="violets")
    assert right.status_code == wrong.status_code == 410
    assert right.text == wrong.text
    assert "set-cookie" not in right.headers


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


class Elsewhere(LocalStore):
    """A store whose files have addresses of their own, on a server of the test."""

    server = "https://files.test"

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str:  # type: ignore[override]
        return f"{self.server}/{key}?for={expires_s}&name={download_name}"


class Everything:
    """Copies of every file."""

    def find(self, key: str) -> Copy:
        return Copy(key, "0" * 64)

    def release(self, keys: object) -> None:
        """There is nothing to do."""


def with_public_cdn(services: Services, origin: LocalStore) -> Services:
    secret = SecretStr("secret")
    domain = PublicDomain(
        "https://cdn.acme.test", Cloudflare("0" * 32, secret, "http://127.0.0.1:1")
    )
    cdn = Cdn("http://127.0.0.1:1", "bucket", secret, secret, None, domain)
    return replace(services, cdn=cdn, store=CdnStore(origin, cdn, Everything()))


def objects(services: Services) -> Path:
    return services.settings.data_dir / "objects"


@pytest.mark.parametrize(("left_s", "most_s"), [(3600, SIGNED_URL_S), (20, 20)])
def test_a_signed_address_lives_no_longer_than_the_link(
    studio: Studio, services: Services, left_s: int, most_s: int
) -> None:
    link = shared(studio)
    front_services.install(replace(services, store=Elsewhere(objects(services))))
    ends = datetime.now(UTC) + timedelta(seconds=left_s)
    sharing.change_expiry(services, studio.max, link.made.id, ends)
    answer = link.get("/media/web")
    assert answer.status_code == 302
    lives_s = int(answer.headers["location"].split("for=")[1].split("&")[0])
    assert 1 <= lives_s <= most_s
    assert answer.headers["cache-control"] == "private, no-store"


def test_no_guest_gets_an_address_in_a_public_cdn(studio: Studio, services: Services) -> None:
    link = shared(studio)
    front_services.install(with_public_cdn(services, LocalStore(objects(services))))
    answer = link.get("/media/web", Range="bytes=0-9")
    assert (answer.status_code, answer.content) == (206, FILM[:10])


def test_behind_a_public_cdn_the_files_of_another_store_are_passed_on(
    studio: Studio, services: Services
) -> None:
    link, store = shared(studio, allow_download=True), Elsewhere(objects(services))
    with file_server() as store.server:
        front_services.install(with_public_cdn(services, store))
        part = link.get("/media/web", Range="bytes=0-9")
        whole = link.get("/media/web?download=1")
        gone = link.get("/media/poster")
    assert (part.status_code, part.content) == (206, FILM[:10])
    assert part.headers["content-range"] == f"bytes 0-9/{len(FILM)}"
    assert (whole.content, gone.status_code) == (FILM, 404)
    assert whole.headers["content-disposition"].startswith('attachment; filename="spring')
    assert str(link.video_id) not in f"{part.headers}{part.request.url}"


def test_a_store_that_is_away_is_no_end_of_the_link(studio: Studio, services: Services) -> None:
    link, store = shared(studio), Elsewhere(objects(services))
    store.server = "http://127.0.0.1:1"
    front_services.install(with_public_cdn(services, store))
    assert link.get("/media/web").status_code == 503


@contextmanager
def file_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()


class _Files(BaseHTTPRequestHandler):
    """Serves the film, or its first ten bytes when a part is asked for."""

    def do_GET(self) -> None:
        part = "Range" in self.headers
        body = FILM[:10] if part else FILM
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(body)))
        if part:
            self.send_header("Content-Range", f"bytes 0-9/{len(FILM)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
