import psycopg
import pytest
from websockets.exceptions import InvalidStatus

from dashboard.live_sessions import CACHE_S
from dashboard.session_cookie import COOKIE
from storage.records import people
from tests.integration.front.front_studio import HTML, SAME, Studio


@pytest.mark.parametrize(
    ("asked", "onward"),
    [
        ("/", "/session/login"),
        ("/gallery", "/session/login?next=%2Fgallery"),
        (
            "/queue?generation=1&x=a%20b",
            "/session/login?next=%2Fqueue%3Fgeneration%3D1%26x%3Da%2520b",
        ),
    ],
)
def test_a_stranger_with_a_deep_link_is_sent_to_sign_in(
    studio: Studio, asked: str, onward: str
) -> None:
    answer = studio.browser().get(asked, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, onward)


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/media/1b4e28ba-2fa1-11d2-883f-0016d3cca427/web",
        "/media/abc.png",
        "/_stcore/metrics",
        "/_stcore/host-config",
        "/_stcore/agent/openapi.json",
        "/_stcore/health/../metrics",
        "/app/static/other.js",
        "/api/generations",
        "/sessions",
    ],
)
def test_a_stranger_gets_nothing_but_the_sign_in(studio: Studio, path: str) -> None:
    assert studio.browser().get(path).status_code == 401


@pytest.mark.parametrize("path", ["/static/js/index.js", "/app/static/fonts/inter.woff2"])
def test_fonts_and_streamlits_own_files_are_open(studio: Studio, path: str) -> None:
    assert studio.browser().get(path).json() == {"session": []}


def test_a_strangers_websocket_is_refused(studio: Studio) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        studio.socket_of(studio.browser())


def test_the_websocket_of_a_person_carries_the_row_of_their_session(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    rows = studio.socket_of(browser, Origin=studio.origin)
    assert len(rows) == 1
    assert rows[0] != browser.cookies[COOKIE]


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://evil.test", "null"])
def test_a_websocket_from_another_site_is_refused(studio: Studio, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        studio.socket_of(studio.signed_in(studio.max), Origin=origin)


def test_a_header_that_a_client_sends_is_dropped(studio: Studio) -> None:
    forged = {"X-Studio-Session": "1b4e28ba-2fa1-11d2-883f-0016d3cca427"}
    assert studio.browser().get("/gallery", headers=forged).status_code == 401
    seen = studio.signed_in(studio.max).get("/gallery", headers=forged).json()["session"]
    assert len(seen) == 1
    assert seen != [forged["X-Studio-Session"]]


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 5000, "' or 1=1 --"])
def test_a_cookie_that_is_nobodys_opens_nothing(studio: Studio, cookie: str) -> None:
    header = {"Cookie": f"{COOKIE}={cookie}"}
    assert studio.browser().get("/gallery", headers=header).status_code == 401


def test_cookies_of_other_programs_do_not_hide_ours(studio: Studio) -> None:
    token = studio.signed_in(studio.max).cookies[COOKIE]
    header = {"Cookie": f'odd[]=1; {{"a": 1}}; {COOKIE}={token}'}
    assert studio.browser().get("/gallery", headers=header).status_code == 200


def test_a_session_revoked_elsewhere_ends_when_the_cache_does(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    assert browser.get("/gallery").status_code == 200
    _revoke_all(studio)
    assert browser.get("/gallery").status_code == 200
    studio.clock.now_s += CACHE_S
    assert browser.get("/gallery").status_code == 401


def test_a_person_made_inactive_is_out(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    with studio.services.database.as_service() as tx:
        people.change(tx, studio.max.id, active=False)
    assert browser.get("/gallery").status_code == 401


def test_signing_out_ends_the_session_at_once(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    token = browser.cookies[COOKIE]
    assert browser.get("/gallery").status_code == 200
    assert browser.post("/session/logout", headers=SAME).headers["location"] == "/session/login"
    assert COOKIE not in browser.cookies
    header = {"Cookie": f"{COOKIE}={token}"}
    assert studio.browser().get("/gallery", headers=header).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/session/login", "/session/logout", "/anything"])
def test_a_form_on_another_site_is_refused(
    studio: Studio, headers: dict[str, str], path: str
) -> None:
    browser = studio.signed_in(studio.max)
    assert browser.post(path, headers=headers).status_code == 403
    assert browser.get("/gallery").status_code == 200


def test_without_the_record_nobody_is_let_in(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    studio.services.database.close()
    answer = browser.get("/gallery", headers=HTML)
    assert (answer.status_code, answer.headers["refresh"]) == (503, "5")
    assert "The database can&#39;t be reached." in answer.text
    assert "Try again" in answer.text
    plain = browser.get("/media/x", headers={"accept": "*/*"})
    assert (plain.status_code, plain.headers["content-type"][:10]) == (503, "text/plain")


def _revoke_all(studio: Studio) -> None:
    url = studio.services.settings.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value()) as connection:
        connection.execute("update studio.sessions set revoked_at = now()")
