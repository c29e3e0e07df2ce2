import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from dashboard import gallery_reads
from dashboard import services as front_services
from dashboard.gallery_feed import FEED, LOOK_EVERY_S
from dashboard.gallery_selection import SELECTION
from dashboard.services import live_sessions
from jobs.bootstrap import Services
from jobs.gallery_filters import NONE
from storage import postgres
from storage.embedded.server import free_port
from storage.models import Person, Role
from storage.postgres import Database
from storage.records import sessions
from tests.kept_videos import KeptVideos

Open = Callable[..., AppTest]


@pytest.fixture
def kept(
    front: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> KeptVideos:
    return KeptVideos(front, submit, as_owner)


@pytest.fixture
def autumn(person: Person, as_owner: Callable[..., list[Any]]) -> UUID:
    """A campaign of the team."""
    insert = "insert into studio.campaigns (team_id, name) values (%s, 'Autumn') returning id"
    campaign_id: UUID = as_owner(insert, person.team_id)[0][0]
    return campaign_id


@pytest.fixture
def gallery(visit: Callable[[Person], AppTest], person: Person) -> Open:
    """Opens the gallery at an address: `gallery(video=…)`, as `person` unless told otherwise."""

    def run(who: Person | None = None, **address: str) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/gallery.py")
        for name, value in address.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def data_of(page: AppTest, component: str) -> dict[str, Any] | None:
    """What the page gives to a component; None when it does not show it."""
    found = [one.proto for one in page.get("bidi_component")]
    return next((json.loads(one.json) for one in found if one.component_name == component), None)


def shown(page: AppTest) -> list[str]:
    data = data_of(page, "video_grid")
    return shown_of(data) if data else []


def shown_of(data: dict[str, Any]) -> list[str]:
    return [one["id"] for one in first_of(data)["entries"]]


def first_of(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data["first"])
    return found


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.subheader, *page.warning, *page.caption, *page.error]
    return " ".join(element.value for element in elements)


def links(page: AppTest) -> list[str]:
    return [link.proto.label for link in page.get("page_link")]


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def opened(page: AppTest, name: str) -> AppTest:
    """The page with what is behind one of its buttons."""
    page.session_state[f"gallery_{name}"] = True
    return page.run()


def label_of(page: AppTest, name: str) -> str:
    """What the button says."""
    found = [one.proto.popover for one in page.get("popover")]
    return next(str(one.label) for one in found if f"gallery_{name}" in one.id)


def later(page: AppTest) -> AppTest:
    """The page when it is time to look at the record again."""
    feed = page.session_state[FEED]
    page.session_state[FEED] = replace(feed, looked_at=feed.looked_at - LOOK_EVERY_S)
    return page.run()


def tell(page: AppTest, component: str, **trigger: object) -> AppTest:
    page.session_state[component] = trigger
    return page.run()


def test_without_videos_a_maker_is_led_to_create(gallery: Open) -> None:
    page = gallery()
    assert "No videos yet" in words(page)
    assert press(page, "Create the first one").title[0].value == "Create a video"


def test_without_videos_an_analyst_is_not_led_anywhere(
    gallery: Open, add_person: Callable[..., Person]
) -> None:
    page = gallery(add_person("Ana", role=Role.ANALYST))
    assert "No videos yet" in words(page)
    assert [one.label for one in page.button] == []
    assert "gallery_show" not in page.session_state


def test_the_team_sees_each_others_videos_newest_first(
    gallery: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    ids = [kept.add(), kept.add(add_person("Bob"))]
    assert shown(gallery()) == [str(ids[1]), str(ids[0])]


def test_another_team_sees_nothing(
    gallery: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    kept.add()
    assert shown(gallery(add_person("Mia", team="Sales"))) == []


def test_filters_come_from_the_address(
    gallery: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    kept.add(add_person("Bob"), prompt="A blue kettle boils on the stove")
    mine = kept.add(prompt="A red kettle boils on the stove")
    kept.add(prompt="A sneaker turns on its stand")
    assert shown(gallery(q="kettle", mine="1")) == [str(mine)]


def test_a_search_without_result_can_be_cleared(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    page = gallery(q="zebra")
    assert "Nothing found for “zebra”" in words(page)
    assert len(shown(press(page, "Show everything"))) == 1


def test_what_is_searched_for_is_shown_as_text(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    assert "](http" not in words(gallery(q="[x](http://evil.test)"))


def test_unfinished_generations_are_counted_with_a_way_to_the_queue(
    gallery: Open, submit: Callable[..., UUID], kept: KeptVideos
) -> None:
    kept.add()
    submit()
    assert links(gallery()) == ["1 video is being made"]
    submit()
    assert links(gallery()) == ["2 videos are being made"]


def test_a_finished_video_appears_by_itself(gallery: Open, kept: KeptVideos) -> None:
    page = gallery()
    video_id = kept.add()
    # A run is what the fragment asks for when it finds news; it finds them in this run too.
    assert shown(later(page)) == [str(video_id)]


def test_runs_in_between_do_not_look_at_the_record_again(
    gallery: Open, kept: KeptVideos, submit: Callable[..., UUID]
) -> None:
    kept.add()
    page = gallery()
    submit()
    before = page.session_state[FEED]
    assert page.run().session_state[FEED] is before
    assert links(later(page)) == ["1 video is being made"]


def test_a_card_of_another_team_does_not_open(
    gallery: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    theirs = kept.add(add_person("Mia", team="Sales"))
    kept.add()
    page = tell(gallery(), "video_grid", open=str(theirs)).run()
    assert data_of(page, "lightbox") is None


def test_the_browser_is_told_how_to_go_on(
    gallery: Open, kept: KeptVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery_reads.page, "__defaults__", (None, 2))
    _, middle, newest = (str(kept.add()) for _ in range(3))
    data = data_of(gallery(), "video_grid")
    assert data is not None
    assert (shown_of(data), first_of(data)["next"]) == ([newest, middle], middle)


def test_every_filter_is_a_chip_that_can_be_taken_away(gallery: Open, kept: KeptVideos) -> None:
    video_id = str(kept.add())
    page = gallery(resolution="1080p", min_s="3", favourite="1", sort="rating")
    chips = [one.label for one in page.button if one.key and "chip" in one.key]
    assert chips == ["1080p", "My favourites", "3 s or longer"]
    for chip in chips:
        page = press(page, chip)
    assert shown(page) == [video_id]
    assert page.query_params == {"sort": "rating"}


def test_a_filter_that_is_chosen_is_in_the_address(gallery: Open, kept: KeptVideos) -> None:
    page = opened(gallery(q="sneaker") if kept.add() else gallery(), "filters")
    page.multiselect(key="gallery_filter_campaign").set_value([NONE]).run()
    assert page.query_params["campaign"] == NONE
    assert page.text_input(key="q").value == "sneaker"
    assert "No campaign" in [one.label for one in page.button]


def test_campaigns_are_counted(gallery: Open, kept: KeptVideos, autumn: UUID) -> None:
    for _ in range(2):
        kept.add(campaign_id=autumn)
    kept.add()
    data = data_of(gallery(group="campaign"), "video_grid")
    assert data is not None
    heads = [one for one in first_of(data)["entries"] if one["kind"] == "head"]
    assert [(one["title"], one["count"]) for one in heads] == [("Autumn", 2), ("No campaign", 1)]


def test_all_of_a_group_is_a_view_of_its_own(gallery: Open, kept: KeptVideos, autumn: UUID) -> None:
    plain = str(kept.add())
    kept.add(campaign_id=autumn)
    page = tell(gallery(group="campaign"), "video_grid", group="")
    assert page.query_params["campaign"] == NONE
    assert shown(page.run()) == [plain]


def test_what_the_browser_selects_is_kept_until_the_view_is_another(
    gallery: Open, kept: KeptVideos
) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = gallery()
    page.session_state[SELECTION] = ids
    data = data_of(page.run(), "video_grid")
    assert data is not None
    assert data["selection"]["ids"] == ids
    page.query_params["favourite"] = "1"
    page.run()
    assert page.session_state[SELECTION] == []


def test_all_of_a_search_is_selected_in_its_order(gallery: Open, kept: KeptVideos) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = press(gallery(), "Select all 2")
    assert page.session_state[SELECTION] == ids[::-1]
    assert "Select all 2" not in [one.label for one in page.button]


def test_a_heart_is_kept(gallery: Open, kept: KeptVideos) -> None:
    video_id = str(kept.add())
    page = tell(gallery(), "video_grid", favour={"id": video_id, "favourite": True})
    page.query_params["favourite"] = "1"
    assert shown(page.run()) == [video_id]


def test_what_failed_leads_to_its_story(
    gallery: Open, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    failed = submit()
    as_owner(
        "update studio.generations set status = 'failed', finished_at = now(), cause = 'timeout', "
        "problem = 'It broke.', todo = 'Try again.' where id = %s",
        failed,
        triggers=False,
    )
    page = gallery(status="failed")
    assert shown(page) == [str(failed)]
    page = tell(page, "video_grid", generation=str(failed))
    assert page.query_params["generation"] == str(failed)


def test_a_saved_search_opens_and_is_forgotten(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    page = opened(gallery(resolution="1080p"), "saved")
    page.text_input(key="gallery_save_name").set_value("Big ones")
    press(page, "Save")
    page = press(page, "Clear all")
    assert "resolution" not in page.query_params
    page = press(opened(page, "saved"), "Big ones")
    assert page.query_params["resolution"] == "1080p"
    page = press(opened(page, "saved"), "Delete")
    assert "Big ones" not in [one.label for one in opened(page, "saved").button]


def test_what_is_behind_a_button_is_drawn_while_it_is_open(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    page = gallery()
    assert not page.multiselect
    page = opened(page, "filters")
    page.multiselect(key="gallery_filter_campaign").set_value([NONE])
    page = opened(page, "filters")
    assert label_of(page, "filters") == "Filters"
    page.session_state["gallery_filters"] = False
    assert label_of(page.run(), "filters") == "Filters · 1"
    assert not page.multiselect


def test_a_search_is_noted_once_when_it_has_stood_for_a_while(
    gallery: Open, kept: KeptVideos, as_owner: Callable[..., list[Any]]
) -> None:
    kept.add()
    page = gallery(q="sneaker")
    looked = "select count(*) from studio.events where kind = 'searched'"
    assert as_owner(looked) == [(0,)]
    later(later(page)).run()
    assert as_owner(looked) == [(1,)]


def test_an_ended_session_sees_no_more(
    gallery: Open, kept: KeptVideos, front: Services, person: Person
) -> None:
    kept.add()
    page = gallery()
    with front.database.as_service() as tx:
        sessions.revoke_of_person(tx, person.id)
    live_sessions().forget()
    assert shown(page.run()) == []


@pytest.fixture
def without_database(front: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages get a database that is not there; who is signed in is still known."""
    monkeypatch.setattr(postgres, "CHECKOUT_TIMEOUT_S", 0.2)
    address = SecretStr(f"postgresql://studio@127.0.0.1:{free_port()}/studio")
    with Database(address) as away:
        front_services.install(replace(front, database=away), live_sessions())
        yield


def test_when_the_database_goes_away_what_was_loaded_stays(
    gallery: Open, kept: KeptVideos, request: pytest.FixtureRequest
) -> None:
    video_id = str(kept.add())
    page = gallery()
    request.getfixturevalue("without_database")
    later(page)
    assert shown(page) == [video_id]
    assert "You see what was loaded before" in words(page)


def test_without_the_database_nothing_is_lost_and_one_can_try_again(
    gallery: Open, front: Services, request: pytest.FixtureRequest
) -> None:
    page = gallery()
    request.getfixturevalue("without_database")
    page.text_input(key="q").set_value("sneaker").run()
    assert "Your videos are safe" in words(page)
    front_services.install(front, live_sessions())
    assert "Nothing found for “sneaker”" in words(press(page, "Try again"))
