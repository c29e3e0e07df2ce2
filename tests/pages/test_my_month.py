from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.my_month_parts import wait_words
from jobs.bootstrap import Services
from jobs.demo import write_demo
from jobs.warehousing import sync_warehouse
from storage.models import Person, Role
from storage.records import curation, events
from storage.records.gallery import Verdict
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
Make = Callable[[Callable[[], None]], None]
NOW = 0.0


@pytest.fixture
def some(
    front: Services, as_owner: Owner, person: Person, mia: Person, made_once: Make
) -> SpentHistory:
    """Of now: one approved video of the member, two of the manager."""
    history = SpentHistory(front.database, as_owner)

    def write() -> None:
        history.add(person, usd="0.75", days_ago=NOW, verdict=Verdict.APPROVED)
        history.add(mia, usd="1", days_ago=NOW)
        history.add(mia, usd="1.5", days_ago=NOW)
        sync_warehouse(front)

    made_once(write)
    return history


@pytest.fixture
def opened(opens: Callable[..., AppTest]) -> Open:
    """The page as somebody sees it."""
    return partial(opens, "my_month")


def words_of(page: AppTest) -> str:
    blocks = [*page.title, *page.markdown, *page.caption, *page.error]
    return " ".join(block.value for block in blocks).replace("\\", "")


def tiles_of(page: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in page.metric}


def test_a_member_sees_what_they_made_and_spent(
    opened: Open, some: SpentHistory, person: Person
) -> None:
    tiles = tiles_of(opened(person))
    assert (tiles["Generations"], tiles["Finished videos"], tiles["Approved"]) == ("1", "1", "1")
    assert (tiles["Success"], tiles["Spend"]) == ("1 of 1", "$0.75")


def test_favourites_are_those_that_the_person_marked_once_each(
    opened: Open, some: SpentHistory, front: Services, person: Person, mia: Person
) -> None:
    made = some.add(person, days_ago=NOW)
    with front.database.as_service() as tx:
        for who in (person, person, mia):
            events.add(tx, "favourited", person_id=who.id, team_id=who.team_id, generation_id=made)
    sync_warehouse(front)
    assert tiles_of(opened(person))["Favourites"] == "1"


def test_a_mark_that_was_taken_back_counts_as_its_hint_says(
    opened: Open, some: SpentHistory, front: Services, person: Person
) -> None:
    made = some.add(person, days_ago=NOW)
    with front.database.as_person(person.id) as tx:
        for favourite in (True, False):
            curation.favour(tx, person.id, [made], favourite=favourite)
    sync_warehouse(front)
    [tile] = [one for one in opened(person).metric if one.label == "Favourites"]
    assert tile.value == "1"
    assert "took back later counts, too" in tile.help


def test_who_only_signed_in_has_nothing_yet(
    opened: Open, some: SpentHistory, front: Services, add_person: Add
) -> None:
    eve = add_person("Eve")
    with front.database.as_service() as tx:
        events.add(tx, "signed_in", person_id=eve.id, team_id=eve.team_id)
    sync_warehouse(front)
    assert "Nothing here yet" in words_of(opened(eve))


def test_an_address_shows_nobody_else(
    opened: Open, some: SpentHistory, person: Person, mia: Person
) -> None:
    page = opened(person, person=str(mia.id), team=str(mia.team_id))
    assert tiles_of(page)["Spend"] == "$0.75"


def test_a_manager_sees_their_own_alone_too(opened: Open, some: SpentHistory, mia: Person) -> None:
    assert tiles_of(opened(mia))["Spend"] == "$2.50"


def test_an_administrator_who_made_nothing_sees_nothing_of_others(
    opened: Open, some: SpentHistory, add_person: Add
) -> None:
    page = opened(add_person("Ada", role=Role.ADMIN))
    assert "Nothing here yet" in words_of(page)
    assert not page.metric


def test_analysts_make_nothing_and_have_no_such_page(visit: Visit, add_person: Add) -> None:
    page = visit(add_person("Nia", role=Role.ANALYST)).run()
    with pytest.raises(ValueError, match="my_month"):
        page.switch_page("app_pages/my_month.py")


def test_own_limits_are_the_ledgers(opened: Open, some: SpentHistory, person: Person) -> None:
    page = opened(person)
    assert "What you may spend" in words_of(page)
    assert "$0.75 spent" in " ".join(str(one.proto.body) for one in page.get("html"))


def test_before_the_first_video_a_button_leads_to_create(opened: Open, person: Person) -> None:
    page = opened(person)
    assert "Nothing here yet" in words_of(page)
    page = next(one for one in page.button if one.label == "Make a video").click().run()
    assert [one.value for one in page.title] == ["Create a video"]


def test_last_month_is_a_press_away(opened: Open, some: SpentHistory, person: Person) -> None:
    page = opened(person)
    page.session_state["my_month"] = "last-month"
    assert "Nothing here yet" in words_of(page.run())


def test_the_demo_shows_a_made_up_month_marked_and_without_own_limits(
    opened: Open, some: SpentHistory, front: Services, person: Person
) -> None:
    folder = front.settings.warehouse_folder / "demo"
    write_demo(folder, generations=2000, months=3, seed=1, now=datetime.now().astimezone())
    page = opened(person, demo="1")
    page.session_state["my_month"] = "last-month"
    words = words_of(page.run())
    assert "month of a made-up person" in words
    assert "What you may spend" not in words
    page = next(one for one in page.button if one.label == "Show my own month").click().run()
    assert "made-up" not in words_of(page)


def test_without_a_demo_its_address_shows_the_own_month(
    opened: Open, some: SpentHistory, person: Person
) -> None:
    assert tiles_of(opened(person, demo="1"))["Spend"] == "$0.75"


def test_a_lake_that_cant_be_read_is_told_in_words(
    opened: Open, some: SpentHistory, front: Services, person: Person
) -> None:
    (front.settings.warehouse_folder / "live" / "manifest.json").write_text("{")
    assert "can't be read" in words_of(opened(person))


def test_a_wait_is_short_enough_for_a_tile() -> None:
    assert [wait_words(80), wait_words(8.34), wait_words(None)] == ["1:20 min", "8.3 s", "—"]
