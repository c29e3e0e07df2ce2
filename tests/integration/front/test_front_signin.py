from typing import Literal

import httpx
import pytest
from argon2 import PasswordHasher

from dashboard import passwords
from dashboard.session_cookie import COOKIE
from dashboard.signin import TRIES_PER_ADDRESS, TRIES_PER_EMAIL
from storage.models import Role
from storage.records import people
from tests.integration.front.front_studio import HTML, PASSWORD, SAME, Studio

NEW_PASSWORD = "a brand new phrase"


def sign_in(browser: httpx.Client, email: str, password: str, onward: str = "/") -> httpx.Response:
    fields = {"email": email, "password": password, "next": onward}
    return browser.post("/session/login", data=fields, headers=SAME)


def test_a_person_signs_in_and_lands_where_they_wanted(studio: Studio) -> None:
    browser = studio.browser()
    answer = sign_in(browser, " Max@ACME.test ", PASSWORD, "/gallery?video=7")
    assert (answer.status_code, answer.headers["location"]) == (303, "/gallery?video=7")
    assert browser.get("/gallery").status_code == 200


def test_the_bare_address_leads_to_where_the_work_begins(studio: Studio) -> None:
    assert studio.signed_in(studio.max).get("/").headers["location"] == "/create"
    with studio.services.database.as_service() as tx:
        people.change(tx, studio.eve.id, role=Role.ANALYST)
    assert studio.signed_in(studio.eve).get("/").headers["location"] == "/gallery"


def test_a_sign_in_is_written_down(studio: Studio) -> None:
    sign_in(studio.browser(), "max@acme.test", PASSWORD)
    (event,) = studio.events_of("signed_in")
    assert (event["person_id"], event["team_id"]) == (studio.max.id, studio.max.team_id)
    assert event["detail"] == {"door": "local"}


def test_the_cookie_is_closed_to_scripts_and_other_sites(studio: Studio) -> None:
    answer = sign_in(studio.browser(), "max@acme.test", PASSWORD)
    words = answer.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= set(words)
    assert "secure" not in words


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("max@acme.test", "wrong"),
        ("max@acme.test", ""),
        ("nobody@acme.test", PASSWORD),
        ("", PASSWORD),
        ("max@acme.test\x00", PASSWORD),
        ("x" * 300 + "@acme.test", PASSWORD),
        ("max@acme.test", "x" * 10_000),
    ],
)
def test_what_does_not_fit_together_is_refused_in_the_same_words(
    studio: Studio, email: str, password: str
) -> None:
    browser = studio.browser()
    answer = sign_in(browser, email, password)
    assert answer.status_code == 401
    assert "don&#39;t belong together" in answer.text
    assert COOKIE not in browser.cookies


def test_a_person_who_is_not_active_is_refused(studio: Studio) -> None:
    with studio.services.database.as_service() as tx:
        people.change(tx, studio.max.id, active=False)
    assert sign_in(studio.browser(), "max@acme.test", PASSWORD).status_code == 401


def test_an_unknown_person_costs_the_same_work(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(str(password))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting(time_cost=1, memory_cost=64))
    sign_in(studio.browser(), "nobody@acme.test", "guess")
    sign_in(studio.browser(), "max@acme.test", "guess")
    assert checked == ["guess", "guess"]


def test_a_hash_of_yesterday_is_replaced_at_sign_in(studio: Studio) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    with studio.services.database.as_service() as tx:
        people.set_password_hash(tx, studio.max.id, old)
    assert sign_in(studio.browser(), "max@acme.test", PASSWORD).status_code == 303
    with studio.services.database.as_service() as tx:
        kept = people.password_hash(tx, studio.max.id)
    assert kept is not None
    assert not passwords.is_outdated(kept)


def test_a_new_sign_in_replaces_the_session_of_the_browser(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    before = browser.cookies[COOKIE]
    sign_in(browser, "ada@acme.test", PASSWORD)
    stale = {"Cookie": f"{COOKIE}={before}"}
    assert studio.browser().get("/gallery", headers=stale).status_code == 401
    assert browser.cookies[COOKIE] != before


def test_too_many_tries_wait_and_other_people_do_not(studio: Studio) -> None:
    browser = studio.browser()
    for _ in range(TRIES_PER_EMAIL):
        assert sign_in(browser, "max@acme.test", "guess").status_code == 401
    answer = sign_in(browser, "max@acme.test", PASSWORD)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert sign_in(browser, "eve@acme.test", PASSWORD).status_code == 303


def test_guesses_from_one_address_wait_whoever_they_name(studio: Studio) -> None:
    browser = studio.browser()
    for number in range(TRIES_PER_ADDRESS):
        sign_in(browser, f"guess{number}@acme.test", "x")
    assert sign_in(browser, "max@acme.test", PASSWORD).status_code == 429


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/a\r\nset-cookie: x=1",
        "/session/logout",
        "gallery",
        "",
    ],
)
def test_a_sign_in_never_leads_to_another_site(studio: Studio, onward: str) -> None:
    answer = sign_in(studio.browser(), "max@acme.test", PASSWORD, onward)
    assert answer.headers["location"] == "/"


def test_what_a_stranger_typed_is_shown_as_text(studio: Studio) -> None:
    answer = sign_in(studio.browser(), '"><script>alert(1)</script>', "x", '/"><b>')
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


def test_a_body_larger_than_the_form_is_refused(studio: Studio) -> None:
    answer = studio.browser().post("/session/login", content=b"a" * 40_000, headers=SAME)
    assert answer.status_code == 413


def test_the_page_is_not_kept_by_browsers_and_needs_no_script(studio: Studio) -> None:
    answer = studio.browser().get("/session/login?next=/gallery", headers=HTML)
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert 'value="/gallery"' in answer.text


def test_who_is_signed_in_is_sent_on(studio: Studio) -> None:
    answer = studio.signed_in(studio.max).get("/session/login?next=/gallery")
    assert answer.headers["location"] == "/gallery"


def test_looking_at_a_link_does_not_use_it_up(studio: Studio) -> None:
    link, browser = studio.link_for(studio.max), studio.browser()
    for _ in range(2):
        assert "Sign in as Max Maker" in browser.get(link).text
    assert browser.post(link, headers=SAME).status_code == 303
    assert browser.get("/gallery").status_code == 200


def test_a_link_signs_in_once(studio: Studio) -> None:
    link = studio.link_for(studio.max)
    assert studio.browser().post(link, headers=SAME).status_code == 303
    for answer in (studio.browser().get(link), studio.browser().post(link, headers=SAME)):
        assert answer.status_code == 410
        assert "no longer works" in answer.text


def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(studio: Studio) -> None:
    here, elsewhere = studio.signed_in(studio.max), studio.signed_in(studio.max)
    answer = change_password(here, PASSWORD, NEW_PASSWORD)
    assert answer.headers["location"] == "/account?done=password"
    assert here.get("/gallery").status_code == 200
    assert elsewhere.get("/gallery").status_code == 401
    assert sign_in(studio.browser(), "max@acme.test", PASSWORD).status_code == 401
    assert sign_in(studio.browser(), "max@acme.test", NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "repeated", "words"),
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "current password is different"),
        (PASSWORD, "short", "short", "at least 12"),
        (PASSWORD, "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "more different"),
        (PASSWORD, NEW_PASSWORD, "another one entirely", "the same one twice"),
    ],
)
def test_a_password_that_can_not_be_is_refused_in_words(
    studio: Studio, current: str, new: str, repeated: str, words: str
) -> None:
    browser = studio.signed_in(studio.max)
    answer = change_password(browser, current, new, repeated)
    assert answer.status_code == 422
    assert words in answer.text
    assert sign_in(studio.browser(), "max@acme.test", PASSWORD).status_code == 303


def test_guessing_the_current_password_is_limited(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    for _ in range(TRIES_PER_EMAIL):
        assert change_password(browser, "guess", NEW_PASSWORD).status_code == 422
    assert change_password(browser, PASSWORD, NEW_PASSWORD).status_code == 429


def test_signing_out_elsewhere_keeps_this_browser(studio: Studio) -> None:
    here, elsewhere = studio.signed_in(studio.max), studio.signed_in(studio.max)
    assert here.post("/session/end-others", headers=SAME).status_code == 303
    assert here.get("/gallery").status_code == 200
    assert elsewhere.get("/gallery").status_code == 401


@pytest.mark.parametrize("path", ["/session/password", "/session/end-others"])
def test_a_stranger_changes_nothing(studio: Studio, path: str) -> None:
    answer = studio.browser().post(path, headers=SAME)
    assert answer.headers["location"] == "/session/login"


def change_password(
    browser: httpx.Client, current: str, new: str, repeated: str | None = None
) -> httpx.Response:
    fields = {"current": current, "new": new, "repeated": new if repeated is None else repeated}
    return browser.post("/session/password", data=fields, headers=SAME)
