import io
import zipfile
from uuid import UUID

import httpx

from jobs import exports
from jobs.export_building import build_next
from storage.models import Person, RenditionKind
from tests.integration.front.front_studio import FILM, Studio


def zip_for(studio: Studio, person: Person, *video_ids: UUID, build: bool = True) -> str:
    """The address of a zip that this person has asked for."""
    export_id = exports.request(studio.services, person, video_ids, RenditionKind.WEB, "{title}")
    if build:
        assert build_next(studio.services)
    return f"/app/static/export/{export_id}"


def get(studio: Studio, person: Person, path: str, **headers: str) -> httpx.Response:
    return studio.signed_in(person).get(path, headers=headers)


def test_whoever_asked_for_a_zip_gets_it_and_each_video_is_counted(studio: Studio) -> None:
    ids = {studio.add_video(studio.max), studio.add_video(studio.ada)}
    answer = get(studio, studio.max, zip_for(studio, studio.max, *ids))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"].startswith('attachment; filename="videos_')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.read("Spring-launch.mp4") == FILM
    zipped = studio.events_of("zipped")
    assert {event["generation_id"] for event in zipped} == ids
    assert {event["person_id"] for event in zipped} == {studio.max.id}


def test_anothers_zip_is_not_found_whoever_asks(studio: Studio) -> None:
    path = zip_for(studio, studio.max, studio.add_video(studio.max))
    for other in (studio.ada, studio.eve):
        assert get(studio, other, path).status_code == 404
    assert studio.browser().get(path).status_code in {303, 401}
    assert studio.events_of("zipped") == []


def test_a_zip_that_is_not_ready_or_over_is_not_found(studio: Studio) -> None:
    video_id = studio.add_video(studio.max)
    assert get(studio, studio.max, zip_for(studio, studio.max, video_id, build=False)).is_error
    assert build_next(studio.services)
    path = zip_for(studio, studio.max, video_id)
    exports.give_up(studio.services, studio.max, UUID(path.rpartition("/")[2]))
    assert get(studio, studio.max, path).status_code == 404


def test_a_broken_download_goes_on_and_is_counted_once(studio: Studio) -> None:
    path = zip_for(studio, studio.max, studio.add_video(studio.max))
    whole = get(studio, studio.max, path)
    rest = get(studio, studio.max, path, Range="bytes=100-")
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert len(studio.events_of("zipped")) == 1


def test_a_zip_in_which_everything_is_missing_still_says_so(
    studio: Studio,
) -> None:
    video_id = studio.add_video(studio.max)
    path = zip_for(studio, studio.max, video_id, build=False)
    studio.services.store.delete([f"videos/{video_id}/web.mp4"])
    assert build_next(studio.services)
    with zipfile.ZipFile(io.BytesIO(get(studio, studio.max, path).content)) as archive:
        assert archive.namelist() == ["manifest.csv"]
