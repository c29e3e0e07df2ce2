from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import passwords
from dashboard.components.share_form import address_of
from jobs import curation, guests, sharing
from jobs.bootstrap import Services
from jobs.sharing import Wish
from storage.models import Person, Role
from storage.settings import load_settings
from tests.kept_videos import KeptVideos

Open = Callable[..., AppTest]


@pytest.fixture
def video_id(
    front: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> UUID:
    return KeptVideos(front, submit, as_owner).add()


@pytest.fixture
def panel(visit: Callable[[Person], AppTest], person: Person, video_id: UUID) -> Open:
    """The lightbox of the video, as `person` unless told otherwise."""

    def run(who: Person | None = None) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/gallery.py")
        page.query_params["video"] = str(video_id)
        page.run()
        assert not page.exception
        return page

    return run


def words(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.success, *page.error]
    return " ".join(element.value for element in shown)


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_without_links_the_panel_says_what_one_is(panel: Open) -> None:
    assert "No links yet" in words(panel())


def test_a_link_with_a_password_is_made_and_shown_once(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    page = panel()
    next(one for one in page.text_input if "Password" in one.label).set_value("violets are blue")
    next(one for one in page.toggle if "download" in one.label).set_value(True)
    press(page, "Make a link")
    (share,) = sharing.links(front, person, video_id)
    assert (share.has_password, share.allow_download, share.wants_verdict) == (True, True, False)
    assert "Copy it now" in words(page)
    assert "0 views · 0 downloads" in words(page)
    address = next(one.proto.json for one in page.get("bidi_component") if "/s/" in one.proto.json)
    token = address.rpartition("/s/")[2][:43]
    kept = guests.find(front, token).share.password_hash
    assert passwords.verify(kept, "violets are blue")
    assert "Copy it now" not in words(panel())


def test_a_short_password_is_refused_before_a_link_is_made(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    page = panel()
    next(one for one in page.text_input if "Password" in one.label).set_value("blue")
    press(page, "Make a link")
    assert "at least 8 characters" in words(page)
    assert sharing.links(front, person, video_id) == []


def test_a_link_is_revoked_at_once(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    sharing.make(front, person, video_id, Wish())
    page = press(panel(), "Revoke")
    assert not sharing.links(front, person, video_id)[0].works
    assert "Revoked" in words(page)


def test_the_end_of_a_link_moves(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    made = sharing.make(front, person, video_id, Wish())
    press(panel(), "Change")
    ends = sharing.links(front, person, video_id)[0].expires_at
    assert ends > made.expires_at
    assert (ends.hour, ends.minute) == (23, 59)


def test_what_was_revoked_meanwhile_is_said(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    made = sharing.make(front, person, video_id, Wish())
    page = panel()
    sharing.revoke(front, person, made.id)
    assert "revoked already" in words(press(page, "Revoke"))


def test_an_analyst_reads_what_guests_said_and_makes_no_links(
    panel: Open,
    front: Services,
    person: Person,
    video_id: UUID,
    add_person: Callable[..., Person],
) -> None:
    made = sharing.make(front, person, video_id, Wish(wants_verdict=True))
    shown = guests.find(front, made.token)
    guests.judge(front, shown, "needs_change", "Gus *", "<b>Slower</b>")
    page = panel(add_person("Ana", role=Role.ANALYST))
    assert r"**Gus \*** asks for a change" in words(page)
    assert r"\<b\>Slower" in words(page)
    assert "Make a link" not in [one.label for one in page.button]


def test_a_video_in_the_trash_is_not_shared(
    panel: Open, front: Services, person: Person, video_id: UUID
) -> None:
    curation.trash(front, person, [video_id])
    assert "Make a link" not in [one.label for one in panel().button]


def test_a_link_begins_with_the_address_that_guests_reach() -> None:
    public = load_settings(public_url="https://studio.test/")
    plain = load_settings(port=8600)
    assert address_of(public, "t", "http://10.0.0.1/gallery") == "https://studio.test/s/t"
    assert address_of(plain, "t", "http://10.0.0.1:9/gallery") == "http://10.0.0.1:9/s/t"
    assert address_of(plain, "t", None) == "http://127.0.0.1:8600/s/t"
