import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import compare_reads
from dashboard.components.compare_player import KEY as PLAYER
from jobs import curation, library
from jobs.bootstrap import Services
from jobs.curation import Verdict
from storage.models import Person, Role
from tests.kept_videos import KeptVideos

Open = Callable[..., AppTest]


@pytest.fixture
def kept(
    front: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> KeptVideos:
    return KeptVideos(front, submit, as_owner)


@pytest.fixture
def compare(visit: Callable[[Person], AppTest], person: Person) -> Open:
    """Opens the page with these videos, as `person` unless told otherwise."""

    def run(*ids: object, who: Person | None = None) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/compare.py")
        page.query_params["video"] = [str(one) for one in ids]
        page.run()
        assert not page.exception
        return page

    return run


def data_of(page: AppTest, component: str) -> dict[str, Any]:
    found = [one.proto for one in page.get("bidi_component")]
    texts = [one.json for one in found if one.component_name == component]
    return dict(json.loads(texts[0])) if texts else {}


def panes(page: AppTest) -> list[tuple[str, str]]:
    return [(pane["letter"], pane["state"]) for pane in data_of(page, PLAYER).get("panes", [])]


def chosen(page: AppTest) -> list[str]:
    return [card["id"] for card in data_of(page, "compare_picker")["chosen"]]


def tell(page: AppTest, component: str, **trigger: object) -> AppTest:
    page.session_state[component] = trigger
    return page.run()


def in_address(page: AppTest) -> list[str]:
    return list(page.query_params["video"])


def compared(as_owner: Callable[..., list[Any]]) -> int:
    return int(as_owner("select count(*) from studio.events where kind = 'compared'")[0][0])


def test_without_videos_it_explains_itself_and_offers_recent_ones(
    compare: Open, kept: KeptVideos
) -> None:
    older, newer = kept.add(), kept.add()
    page = compare()
    assert "Choose **2 to 4 videos**" in page.markdown[0].value
    offered = [card["id"] for card in data_of(page, "compare_picker")["offered"]]
    assert offered == [str(newer), str(older)]


def test_what_is_chosen_is_compared(compare: Open, kept: KeptVideos) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = tell(compare(), "compare_choice", compare=ids)
    assert in_address(page) == ids
    assert panes(page) == [("A", "there"), ("B", "there")]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_too_few_or_too_many_are_not_compared(compare: Open, kept: KeptVideos, count: int) -> None:
    kept.add()
    page = tell(compare(), "compare_choice", compare=[str(uuid4()) for _ in range(count)])
    assert data_of(page, "compare_picker")


def test_a_search_offers_what_has_the_words(compare: Open, kept: KeptVideos) -> None:
    kettle = kept.add(prompt="A red kettle boils on the stove")
    kept.add(prompt="A sneaker turns on its stand")
    page = compare()
    page.text_input(key="compare_choice_words").set_value("kettle").run()
    offered = [card["id"] for card in data_of(page, "compare_picker")["offered"]]
    assert offered == [str(kettle)]


def test_another_team_is_not_offered_what_one_was_offered_just_before(
    compare: Open, kept: KeptVideos, person: Person, add_person: Callable[..., Person]
) -> None:
    video_id = kept.add()
    compare()
    assert [card.id for card in compare_reads.offered(person, "")] == [video_id]
    assert compare_reads.offered(add_person("Mia", team="Sales"), "") == ()


def test_what_is_selected_in_the_gallery_is_chosen_already(compare: Open, kept: KeptVideos) -> None:
    first = str(kept.add())
    kept.add()
    page = compare()
    page.session_state["gallery_selection"] = [first]
    assert chosen(page.run()) == [first]


def test_videos_stand_in_the_order_of_the_address_and_the_fifth_is_left_out(
    compare: Open, kept: KeptVideos
) -> None:
    ids = [str(kept.add()) for _ in range(5)]
    page = compare(ids[2], ids[0], ids[2], ids[1], ids[4], ids[3])
    assert [pane["id"] for pane in data_of(page, PLAYER)["panes"]] == [
        ids[2],
        ids[0],
        ids[1],
        ids[4],
    ]


def test_prompts_and_settings_are_told_apart(compare: Open, kept: KeptVideos) -> None:
    page = compare(
        kept.add(prompt="A sneaker turns slowly on its stand"),
        kept.add(prompt="A sneaker turns quickly on its stand"),
    )
    data = data_of(page, PLAYER)
    assert [part for prompt in data["prompts"] for part in prompt if part[1]] == [
        ["slowly", True],
        ["quickly", True],
    ]
    rows = {row["label"]: row for row in data["rows"]}
    assert rows["Cost"] == {"label": "Cost", "values": ["$0.05", "$0.05"], "differs": False}
    assert data["unmarked"] is False


def test_why_unlike_prompts_are_not_marked_is_said(compare: Open, kept: KeptVideos) -> None:
    page = compare(kept.add(prompt="A sneaker turns"), kept.add(prompt="Steam over the cup"))
    data = data_of(page, PLAYER)
    assert not any(differs for prompt in data["prompts"] for _, differs in prompt)
    assert data["unmarked"] is True


def test_a_colleague_sees_no_cost(
    compare: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    page = compare(kept.add(), kept.add(), who=add_person("Bob"))
    assert "Cost" not in [row["label"] for row in data_of(page, PLAYER)["rows"]]


def test_it_is_written_down_once(
    compare: Open, kept: KeptVideos, as_owner: Callable[..., list[Any]]
) -> None:
    ids = [str(kept.add()) for _ in range(3)]
    page = compare(*ids).run()
    assert compared(as_owner) == 3
    page = tell(page, PLAYER, order=ids[:2])
    assert (panes(page), compared(as_owner)) == ([("A", "there"), ("B", "there")], 3)


def test_swapped_videos_stand_so_in_the_address(compare: Open, kept: KeptVideos) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = tell(compare(*ids), PLAYER, order=[ids[1], ids[0], str(uuid4())])
    assert in_address(page) == [ids[1], ids[0]]


def test_the_last_one_waits_for_another(compare: Open, kept: KeptVideos) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = tell(compare(*ids), PLAYER, order=ids[1:])
    assert "One video is left" in page.markdown[0].value
    assert chosen(page) == ids[1:]


@pytest.mark.parametrize("address", ["00000000-0000-4000-8000-000000000000", "not-an-id"])
def test_one_that_is_gone_says_so_in_its_place(
    compare: Open, kept: KeptVideos, address: str
) -> None:
    page = compare(kept.add(), address, kept.add())
    assert panes(page) == [("A", "there"), ("B", "absent"), ("C", "there")]
    data = data_of(page, PLAYER)
    assert data["panes"][1]["title"] == "This video isn't here"
    assert data["columns"] == ["A", "C"]


def test_another_teams_video_is_not_told_apart_from_none(
    compare: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    mia = add_person("Mia", team="Sales")
    theirs, own = kept.add(), kept.add(mia)
    page = compare(theirs, own, who=mia)
    nowhere = compare(uuid4(), own, who=mia)
    assert page.warning[0].proto.title == "This video isn't here"
    assert page.warning[0].value == nowhere.warning[0].value
    assert chosen(page) == chosen(nowhere) == [str(own)]


def test_one_in_the_trash_plays_and_says_so(
    compare: Open, kept: KeptVideos, front: Services, person: Person
) -> None:
    trashed = kept.add()
    library.trash(front, person, trashed)
    pane = data_of(compare(trashed, kept.add()), PLAYER)["panes"][0]
    assert (pane["state"], pane["note"]) == ("there", "In the trash")


def test_one_that_is_being_made_joins_when_it_is_there(
    compare: Open, kept: KeptVideos, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    page = compare(kept.add(), submit())
    pane = data_of(page, PLAYER)["panes"][1]
    assert (pane["state"], pane["words"]) == ("making", "Waiting for us. It joins here by itself.")
    assert compared(as_owner) == 0


def test_one_that_failed_leads_to_its_page(
    compare: Open, kept: KeptVideos, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    failed = submit()
    as_owner(
        "update studio.generations set status = 'canceled', finished_at = now() where id = %s",
        failed,
        triggers=False,
    )
    pane = data_of(compare(kept.add(), failed), PLAYER)["panes"][1]
    assert (pane["state"], pane["link"]) == ("ended", f"/queue?generation={failed}")


def test_a_verdict_and_a_favourite_are_kept(compare: Open, kept: KeptVideos) -> None:
    first, second = str(kept.add()), str(kept.add())
    asked = {"id": first, "verdict": "needs_change", "comment": "Softer light"}
    page = tell(compare(first, second), PLAYER, judge=asked)
    page = tell(page, PLAYER, favour={"id": second, "favourite": True})
    one, other = data_of(page, PLAYER)["panes"]
    assert (one["verdict"], one["comment"]) == ("needs_change", "Softer light")
    assert other["favourite"] is True


def test_a_verdict_can_be_withdrawn(
    compare: Open, kept: KeptVideos, front: Services, person: Person
) -> None:
    ids = [kept.add(), kept.add()]
    curation.judge(front, person, ids, Verdict.APPROVED)
    page = tell(compare(*ids), PLAYER, judge={"id": str(ids[0]), "verdict": None})
    assert [pane["verdict"] for pane in data_of(page, PLAYER)["panes"]] == [None, "approved"]


def test_a_change_without_words_is_refused_and_said(compare: Open, kept: KeptVideos) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = tell(compare(*ids), PLAYER, judge={"id": ids[0], "verdict": "needs_change"})
    assert "Say what has to change" in page.toast[0].value
    assert data_of(page, PLAYER)["panes"][0]["verdict"] is None


@pytest.mark.parametrize("verdict", ["bought", 7, {}])
def test_what_is_no_verdict_is_not_one(compare: Open, kept: KeptVideos, verdict: object) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = tell(compare(*ids), PLAYER, judge={"id": ids[0], "verdict": verdict})
    assert not page.exception
    assert data_of(page, PLAYER)["panes"][0]["verdict"] is None


def test_an_analyst_compares_and_keeps_favourites_only(
    compare: Open, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    ids = [str(kept.add()), str(kept.add())]
    page = compare(*ids, who=add_person("Ana", role=Role.ANALYST))
    assert data_of(page, PLAYER)["may_judge"] is False
    page = tell(page, PLAYER, judge={"id": ids[0], "verdict": "approved"})
    page = tell(page, PLAYER, favour={"id": ids[0], "favourite": True})
    pane = data_of(page, PLAYER)["panes"][0]
    assert (pane["verdict"], pane["favourite"]) == (None, True)
