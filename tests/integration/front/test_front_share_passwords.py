"""Links with a password: who gets in, and how often somebody may guess."""

from __future__ import annotations

import pytest

from dashboard import share_unlock
from dashboard.share_routes import FREE_TRIES
from dashboard.share_unlock import UNLOCKED_COOKIE, UNLOCKED_S
from tests.integration.front.front_studio import FILM, Studio
from tests.integration.front.shared_links import ENDINGS, PASSWORD, shared


def test_a_password_stands_before_everything(studio: Studio) -> None:
    link = shared(studio, PASSWORD, allow_download=True, wants_verdict=True)
    page = link.get()
    assert "needs a password" in page.text
    assert "Spring launch" not in page.text
    assert link.get("/media/web").status_code == 401
    assert link.post("/played").status_code == 401
    assert link.post("/verdict", verdict="approved", name="Gus").status_code == 401
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
