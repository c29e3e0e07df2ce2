from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reads
from dashboard.gallery_selection import SELECTION
from jobs import curation, exports
from jobs.bootstrap import Services
from jobs.export_building import build_next
from jobs.exports import ExportState
from storage.models import Person, Role
from storage.records import campaigns, videos
from tests.stored_videos import StoredVideos

AsOwner = Callable[..., list[Any]]
Open = Callable[..., AppTest]


@pytest.fixture
def stored(
    front: Services, submit: Callable[..., UUID], as_owner: AsOwner, tmp_path: Path
) -> StoredVideos:
    return StoredVideos(front, submit, as_owner, tmp_path)


@pytest.fixture
def selecting(visit: Callable[[Person], AppTest], person: Person) -> Open:
    """Opens the gallery with videos selected, as `person` unless told otherwise."""

    def run(*ids: UUID, who: Person | None = None, **address: str) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/gallery.py")
        for name, value in address.items():
            page.query_params[name] = value
        page.run()
        page.session_state[SELECTION] = [str(video_id) for video_id in ids]
        page.run()
        assert not page.exception
        return page

    return run


def press(page: AppTest, key_or_label: str) -> AppTest:
    found = [one for one in page.button if key_or_label in (one.key, one.label)]
    found[0].click().run()
    assert not page.exception
    return page


def opened(page: AppTest, panel: str) -> AppTest:
    page.session_state[panel] = True
    return page.run()


def words(page: AppTest) -> str:
    return " ".join(one.value for one in [*page.markdown, *page.caption, *page.error])


def labels(page: AppTest) -> set[str]:
    return {one.label for one in page.button}


def test_nothing_selected_shows_no_bar(selecting: Open, stored: StoredVideos) -> None:
    stored.add()
    assert "Approve" not in labels(selecting())


def test_approving_several_is_undone_at_once(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    ids = [stored.add(), stored.add()]
    page = press(selecting(*ids), "bulk_approve")
    assert "2 approved" in words(page)
    assert curation.opinion(front, person, ids[1]).verdict is curation.Verdict.APPROVED
    page = press(page, "Undo")
    assert "2 are as before" in words(page)
    assert curation.opinion(front, person, ids[1]).verdict is None
    assert "as before" not in words(press(page, "undo_toast_dismiss"))


def test_what_is_a_colleagues_is_left_and_said(
    selecting: Open, stored: StoredVideos, add_person: Callable[..., Person]
) -> None:
    page = selecting(stored.add(), stored.add(add_person("Bob")))
    page = press(page, "bulk_trash")
    assert "1 moved to the trash\\. 1 is a colleague's and stays as it is" in words(page)
    assert page.session_state[SELECTION] == []


def test_only_colleagues_videos_say_whose_they_are(
    selecting: Open, stored: StoredVideos, add_person: Callable[..., Person]
) -> None:
    page = press(selecting(stored.add(add_person("Bob"))), "bulk_trash")
    assert "This video belongs to Bob" in words(page)
    assert "Undo" not in labels(page)


def test_a_change_is_only_asked_for_with_words(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    video_id = stored.add()
    page = press(opened(selecting(video_id), "bulk_judge"), "Needs a change")
    assert "Say what has to change" in words(page)
    page = opened(page, "bulk_judge")
    page.text_area(key="bulk_comment").set_value("Brighter, please")
    page = press(page, "Needs a change")
    assert curation.opinion(front, person, video_id).verdict_comment == "Brighter, please"


def test_tags_are_given_and_taken_together(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    ids = [stored.add(), stored.add()]
    curation.tag(front, person, ids, add=["old"])
    page = opened(selecting(*ids), "bulk_tag")
    page.session_state["bulk_add_tags"] = ["spring"]
    page.session_state["bulk_remove_tags"] = ["old"]
    press(page.run(), "Apply")
    with front.database.as_person(person.id) as tx:
        assert {"spring"} <= set(videos.by_id(tx, ids[0]).tags)
        assert "old" not in videos.by_id(tx, ids[1]).tags


def test_videos_move_to_a_campaign_and_out_of_it(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    with front.database.as_person(person.id) as tx:
        spring = campaigns.ensure(tx, person.team_id, "Spring", person.id)
    video_id = stored.add()
    page = opened(selecting(video_id), "bulk_move")
    page.selectbox(key="bulk_campaign").set_value(spring)
    assert "1 moved to Spring" in words(press(page, "Move"))
    page = press(opened(page, "bulk_move"), "Take out of their campaigns")
    with front.database.as_person(person.id) as tx:
        assert videos.by_id(tx, video_id).campaign_id is None


def test_an_analyst_only_keeps_favourites_compares_and_downloads(
    selecting: Open, stored: StoredVideos, add_person: Callable[..., Person]
) -> None:
    page = selecting(stored.add(), who=add_person("Ana", Role.ANALYST))
    assert {"Favourite", "Compare", "Clear"} <= labels(page)
    assert not {"Approve", "Trash"} & labels(page)
    assert "1 made favourites" in words(press(page, "bulk_favourite"))


def test_two_to_four_videos_can_be_compared(selecting: Open, stored: StoredVideos) -> None:
    ids = [stored.add() for _ in range(5)]

    def compare(page: AppTest) -> Any:
        return next(one for one in page.button if one.key == "bulk_compare")

    assert compare(selecting(*ids)).disabled
    assert compare(selecting(ids[0])).disabled
    page = press(selecting(ids[2], ids[0]), "bulk_compare")
    assert page.query_params["video"] == [str(ids[2]), str(ids[0])]


def test_a_zip_is_asked_for_with_names_seen_before_and_its_link_appears(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    page = opened(selecting(stored.add(title="A"), stored.add(title="a")), "bulk_zip")
    page.text_input(key="zip_template").set_value("{title}").run()
    assert page.code[0].value == "A.mp4\na-2.mp4"
    page = press(page, "Build the zip")
    assert [one.state for one in exports.exports_of(front, person)] == [ExportState.QUEUED]
    assert page.get("progress")
    build_next(front)
    reads.zips.clear()  # a second has passed
    page.run()
    (link,) = [one.proto.body for one in page.get("html") if "Download the zip" in one.proto.body]
    assert f"/app/static/export/{exports.exports_of(front, person)[0].id}" in link
    assert "Zip of 2 videos" in words(page)


def test_a_template_that_can_not_work_says_so_while_one_types(
    selecting: Open, stored: StoredVideos
) -> None:
    page = opened(selecting(stored.add()), "bulk_zip")
    page.text_input(key="zip_template").set_value("{oops}").run()
    assert "There is no" in words(page)
    assert next(one for one in page.button if one.label == "Build the zip").disabled


def test_a_zip_can_be_stopped(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    video_id = stored.add()
    page = press(opened(selecting(video_id), "bulk_zip"), "Build the zip")
    assert "Stop" in labels(page)
    press(page, "Stop")
    assert exports.exports_of(front, person) == []


def test_the_trash_gives_back_everything_that_is_known(
    selecting: Open, stored: StoredVideos, front: Services, person: Person
) -> None:
    video_id = stored.add(title="Kettle")
    curation.tag(front, person, [video_id], add=["spring"])
    curation.judge(front, person, [video_id], curation.Verdict.APPROVED)
    curation.rate(front, person, [video_id], 4)
    with front.database.as_person(person.id) as tx:
        before = videos.by_id(tx, video_id)
    opinion = curation.opinion(front, person, video_id)
    press(selecting(video_id), "bulk_trash")
    page = selecting(video_id, status="trashed")
    assert not {"Approve", "Trash"} & labels(page)
    assert "1 back in the gallery" in words(press(page, "bulk_restore"))
    with front.database.as_person(person.id) as tx:
        after = videos.by_id(tx, video_id)
    assert (after.title, after.tags, after.renditions) == ("Kettle", before.tags, before.renditions)
    assert after.deleted_at is None
    assert curation.opinion(front, person, video_id) == opinion
