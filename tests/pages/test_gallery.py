import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from dashboard import services as front_services
from dashboard.services import live_sessions
from jobs.bootstrap import Services
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
    return [item["id"] for item in data["items"]] if data else []


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.subheader, *page.warning, *page.caption, *page.error]
    return " ".join(element.value for element in elements)


def links(page: AppTest) -> list[str]:
    return [link.proto.label for link in page.get("page_link")]


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def tell(page: AppTest, component: str, **trigger: str) -> AppTest:
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
    assert not page.button


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
    assert shown(gallery(q="kettle", show="Mine")) == [str(mine)]


def test_a_search_without_result_can_be_cleared(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    page = gallery(q="zebra")
    assert "Nothing found for “zebra”" in words(page)
    assert len(shown(press(page, "Clear the search"))) == 1


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
    assert shown(page.run()) == [str(video_id)]


def test_a_card_that_was_never_shown_does_not_open(gallery: Open, kept: KeptVideos) -> None:
    kept.add()
    page = tell(gallery(), "video_grid", open=str(uuid4()))
    assert "video" not in page.query_params


def test_the_end_of_the_list_brings_older_videos(gallery: Open, kept: KeptVideos) -> None:
    for _ in range(26):
        kept.add()
    page = gallery()
    assert len(shown(page)) == 24
    page.session_state["video_grid"] = {"more": 24}
    assert len(shown(page.run())) == 26


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
    page.run()
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
