import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.create_draft import (
    CAMPAIGN,
    DURATION,
    IMAGE,
    OTHER,
    OTHER_DURATION,
    PROMPT,
    RANDOM_SEED,
    RESOLUTION,
    SEED,
    TITLE,
)
from dashboard.components.lightbox import KEY
from jobs import curation
from jobs.bootstrap import Services
from jobs.curation import Verdict
from storage.models import Person, Role
from tests.kept_videos import KeptVideos

Open = Callable[..., AppTest]
Owner = Callable[..., list[Any]]
AddPerson = Callable[..., Person]


@pytest.fixture
def kept(front: Services, submit: Callable[..., UUID], as_owner: Owner) -> KeptVideos:
    return KeptVideos(front, submit, as_owner)


@pytest.fixture
def lightbox(visit: Callable[[Person], AppTest], person: Person) -> Open:
    """The gallery with this video open, as `person` unless told otherwise."""

    def run(video: object, who: Person | None = None, **address: str) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/gallery.py")
        for name, value in {**address, "video": str(video)}.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def sheet(page: AppTest) -> dict[str, Any]:
    found = [one.proto for one in page.get("bidi_component")]
    return next(json.loads(one.json) for one in found if one.component_name == "lightbox")


def is_shown(page: AppTest) -> bool:
    return any(one.proto.component_name == "lightbox" for one in page.get("bidi_component"))


def ask(page: AppTest, video_id: object, act: str, number: int = 1, **more: object) -> AppTest:
    """What the browser sends when something in the lightbox is pressed."""
    page.session_state[KEY] = {"act": {"do": act, "id": str(video_id), "n": number, **more}}
    page.run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def kinds(as_owner: Owner) -> list[str]:
    rows = as_owner("select kind from studio.events where kind <> 'submitted' order by id")
    return [row[0] for row in rows]


def test_a_link_opens_its_video(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add(prompt="A sneaker turns on its stand")
    shown = sheet(lightbox(video_id))
    assert shown["sources"][0]["address"] == f"/app/static/media/{video_id}/web"
    assert shown["prompt"] == "A sneaker turns on its stand"
    assert dict(shown["money"])["Charge"] == "$0.05, the estimate stands in for fal's bill"
    assert shown["images"][0]["address"] == f"/app/static/input/{video_id}/start"
    assert [row["name"] for row in shown["phases"]["rows"]] == ["Our queue"]


@pytest.mark.parametrize(
    "address", ["00000000-0000-4000-8000-000000000000", "not-an-id", "'; drop table videos"]
)
def test_a_link_to_nothing_says_so(lightbox: Open, kept: KeptVideos, address: str) -> None:
    kept.add()
    page = lightbox(address)
    assert page.warning[0].proto.title == "This video isn't here"
    page = press(page, "Show the gallery")
    assert not page.warning
    assert "video" not in page.query_params


def test_another_teams_video_is_not_told_apart_from_none(
    lightbox: Open, kept: KeptVideos, add_person: AddPerson
) -> None:
    page = lightbox(kept.add(), add_person("Mia", team="Sales"))
    assert page.warning[0].proto.title == "This video isn't here"
    assert not is_shown(page)


def test_what_is_deleted_while_it_is_open_is_told_like_what_never_was(
    lightbox: Open, kept: KeptVideos, as_owner: Owner
) -> None:
    video_id = kept.add()
    page = lightbox(video_id)
    as_owner("delete from studio.videos where id = %s", video_id)
    page.run()
    assert page.warning[0].proto.title == "This video isn't here"


def test_neighbours_are_those_of_the_same_filters(lightbox: Open, kept: KeptVideos) -> None:
    oldest = kept.add(prompt="A red kettle boils on the stove")
    kept.add(prompt="A sneaker turns on its stand")
    newest = kept.add(prompt="A blue kettle boils on the stove")
    shown = sheet(lightbox(newest, q="kettle"))
    assert (shown["previous"], shown["next"]) == (None, str(oldest))
    shown = sheet(lightbox(oldest, q="kettle"))
    assert (shown["previous"], shown["next"]) == (str(newest), None)
    assert [one["id"] for one in shown["strip"]] == [str(newest), str(oldest)]


def test_a_step_shows_the_neighbour_in_the_address(lightbox: Open, kept: KeptVideos) -> None:
    older, newer = kept.add(), kept.add()
    page = lightbox(newer)
    page.session_state[KEY] = {"go": str(older)}
    page.run()
    assert page.query_params["video"] == str(older)
    assert sheet(page)["id"] == str(older)


def test_a_view_counts_once_and_only_after_two_seconds(
    lightbox: Open, kept: KeptVideos, as_owner: Owner
) -> None:
    video_id = str(kept.add())
    page = lightbox(video_id)
    assert kinds(as_owner) == []
    for played_s in (2.1, 9.0):
        page.session_state[KEY] = {"seen": {"id": video_id, "played_s": played_s}}
        page.run()
    assert kinds(as_owner) == ["viewed"]


def test_a_view_of_less_than_two_seconds_is_none(
    lightbox: Open, kept: KeptVideos, as_owner: Owner
) -> None:
    video_id = str(kept.add())
    page = lightbox(video_id)
    page.session_state[KEY] = {"seen": {"id": video_id, "played_s": 1.9}}
    page.run()
    assert kinds(as_owner) == []


def test_stars_and_favourite_show_at_once(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "rate", stars=4)
    page = ask(page, video_id, "favour", 2, favourite=True)
    shown = sheet(page)
    assert shown["rating"] == {"mean": "4", "count": 1, "mine": 4}
    assert shown["favourite"] is True


def test_the_same_wish_is_fulfilled_once(lightbox: Open, kept: KeptVideos, as_owner: Owner) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "copied")
    ask(page, video_id, "copied")
    assert kinds(as_owner) == ["shared"]


def test_a_change_is_asked_for_with_words(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "judge", verdict="needs_change", comment=" ")
    answer = {"n": 1, "do": "judge", "problem": "Say what has to change."}
    assert (sheet(page)["answer"], sheet(page)["verdict"]) == (answer, None)
    page = ask(page, video_id, "judge", 2, verdict="needs_change", comment="Turn it left")
    assert sheet(page)["answer"]["problem"] is None
    assert sheet(page)["verdict"]["comment"] == "Turn it left"


def test_every_verdict_stays_in_the_history(
    lightbox: Open, kept: KeptVideos, front: Services, add_person: AddPerson
) -> None:
    video_id = kept.add()
    curation.judge(front, add_person("Bob"), [video_id], Verdict.REJECTED, "Too dark")
    page = ask(lightbox(video_id), video_id, "judge", verdict="approved", comment="")
    said = [(one["value"], one["by"], one["comment"]) for one in sheet(page)["verdicts"]]
    assert said[1] == ("rejected", "Bob", "Too dark")
    assert said[0][0] == "approved"


def test_titles_and_tags_are_edited_with_refusals_in_words(
    lightbox: Open, kept: KeptVideos
) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "retitle", title="  ")
    assert sheet(page)["answer"]["problem"] == "A title has 1 to 200 characters."
    page = ask(page, video_id, "retitle", 2, title="<b>Espresso</b>")
    assert sheet(page)["title"] == "<b>Espresso</b>"
    page = ask(page, video_id, "tag", 3, add=["hero"], remove=[])
    assert "hero" in sheet(page)["tags"]
    page = ask(page, video_id, "tag", 4, add=["x" * 51], remove=[])
    assert sheet(page)["answer"]["problem"] == "A tag has 1 to 50 characters."


def test_a_video_moves_to_a_campaign_and_out_again(
    lightbox: Open, kept: KeptVideos, as_owner: Owner, person: Person
) -> None:
    campaign_id, video_id = uuid4(), kept.add()
    as_owner(
        "insert into studio.campaigns (id, team_id, name) values (%s, %s, 'Spring')",
        campaign_id,
        person.team_id,
    )
    page = lightbox(video_id)
    spring = {"id": str(campaign_id), "name": "Spring"}
    assert sheet(page)["campaigns"] == [spring]
    page = ask(page, video_id, "campaign", campaign=str(campaign_id))
    assert sheet(page)["campaign"] == spring
    assert sheet(ask(page, video_id, "campaign", 2, campaign=None))["campaign"] is None


def test_what_is_trashed_can_be_had_back_at_once(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "trash")
    assert not is_shown(page)
    assert "video" not in page.query_params
    assert sheet(lightbox(video_id))["leaves_trash"]
    press(page, "Undo")
    assert sheet(lightbox(video_id))["leaves_trash"] is None


def test_a_colleague_gets_no_button_and_no_way_around_it(
    lightbox: Open, kept: KeptVideos, add_person: AddPerson
) -> None:
    video_id = kept.add()
    page = lightbox(video_id, add_person("Bob"))
    shown = sheet(page)
    assert shown["may"] == {"edit": False, "judge": True, "make": True}
    assert (shown["money"], shown["phases"]["rows"]) == ([], [])
    page = ask(page, video_id, "trash")
    assert sheet(page)["leaves_trash"] is None
    assert "Ask them or a manager" in sheet(page)["answer"]["problem"]


def test_an_analyst_only_looks_and_keeps_favourites(
    lightbox: Open, kept: KeptVideos, add_person: AddPerson
) -> None:
    video_id = kept.add()
    page = lightbox(video_id, add_person("Ana", role=Role.ANALYST))
    assert sheet(page)["may"] == {"edit": False, "judge": False, "make": False}
    assert sheet(ask(page, video_id, "favour", favourite=True))["favourite"] is True
    page = ask(page, video_id, "remix", 2, seed=True)
    assert sheet(page)["answer"]["problem"].startswith("Your role does not make videos.")


@pytest.mark.parametrize(
    "act", [("drop", {}), ("rate", {"stars": "many"}), ("judge", {"verdict": "great"})]
)
def test_what_no_page_of_ours_sends_is_refused(
    lightbox: Open, kept: KeptVideos, act: tuple[str, dict[str, object]]
) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, act[0], 1, **act[1])
    assert sheet(page)["answer"]["problem"] == "This can't be done."


def test_files_that_are_not_there_are_told(
    lightbox: Open, kept: KeptVideos, as_owner: Owner
) -> None:
    video_id = kept.add(pending=True)
    shown = sheet(lightbox(video_id))
    assert [one["label"] for one in shown["sources"]] == ["Full size", "360p"]
    assert shown["files_words"] == ["Smaller sizes are being made…"]
    as_owner(
        "update studio.renditions set state = 'failed', key = null, problem = 'It is lost.'"
        " where video_id = %s and kind <> 'poster'",
        video_id,
    )
    shown = sheet(lightbox(video_id))
    assert shown["sources"] == []
    assert shown["files_words"] == ["The full-size file is lost.", "360p could not be made."]


def test_a_remix_fills_create_with_everything(
    lightbox: Open, kept: KeptVideos, add_person: AddPerson, as_owner: Owner
) -> None:
    video_id = kept.add(prompt="A sneaker turns on its stand", duration_s=7, resolution="720p")
    # A colleague's: what the team's video was made from is the team's to use.
    page = ask(lightbox(video_id, add_person("Bob")), video_id, "remix", seed=False)
    state = page.session_state
    assert page.title[0].value == "Create a video"
    assert (state[PROMPT], state[RESOLUTION]) == ("A sneaker turns on its stand", "720p")
    assert (state[DURATION], state[OTHER_DURATION]) == (OTHER, 7)
    assert state[IMAGE].image is not None
    assert (state[RANDOM_SEED], state[TITLE]) == (True, "A sneaker turns on its stand")
    assert state[CAMPAIGN] is None
    assert kinds(as_owner) == ["remixed"]


def test_a_remix_can_keep_the_seed(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add()
    page = ask(lightbox(video_id), video_id, "remix", seed=True)
    assert (page.session_state[RANDOM_SEED], page.session_state[SEED]) == (False, 7)


def test_a_draft_becomes_final_with_the_price_shown_first(lightbox: Open, kept: KeptVideos) -> None:
    video_id = kept.add(resolution="480p")
    page = lightbox(video_id)
    assert sheet(page)["final"] == "720p"
    page = ask(page, video_id, "final")
    assert (page.session_state[RESOLUTION], page.session_state[SEED]) == ("720p", 7)
    assert page.metric[0].label == "Price"
    assert "the same inputs and the same seed" in page.info[0].value


def test_what_is_final_offers_no_final(lightbox: Open, kept: KeptVideos) -> None:
    assert sheet(lightbox(kept.add(resolution="720p")))["final"] is None
