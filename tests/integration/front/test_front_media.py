from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from dashboard import services as front_services
from jobs import curation
from jobs.bootstrap import Services
from storage.objects.local import LocalStore
from tests.integration.front.front_studio import FILM, Studio


def web(video_id: UUID) -> str:
    return f"/app/static/media/{video_id}/web"


def test_a_colleague_plays_a_video(studio: Studio) -> None:
    answer = studio.signed_in(studio.ada).get(web(studio.add_video(studio.max)))
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert "content-disposition" not in answer.headers


def test_another_team_finds_nothing(studio: Studio) -> None:
    video_id = studio.add_video(studio.max)
    eve = studio.signed_in(studio.eve)
    assert eve.get(web(video_id)).status_code == 404
    assert eve.get(web(video_id) + "?download=1").status_code == 404
    assert studio.events_of("downloaded") == []


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/media/00000000-0000-4000-8000-000000000000/web",
        "/app/static/media/{}/preview",
        "/app/static/media/{}/480p",
        "/app/static/media/{}/passwd",
        "/app/static/media/{}/..%2fweb",
    ],
)
def test_what_is_not_there_or_not_ready_is_not_found(studio: Studio, path: str) -> None:
    browser = studio.signed_in(studio.max)
    answer = browser.get(path.format(studio.add_video(studio.max)))
    assert answer.content != FILM
    assert answer.status_code == 404 or "session" in answer.json()


@pytest.mark.parametrize(
    ("asked", "status", "content", "given"),
    [
        ("bytes=0-99", 206, FILM[:100], f"bytes 0-99/{len(FILM)}"),
        ("bytes=100-", 206, FILM[100:], f"bytes 100-{len(FILM) - 1}/{len(FILM)}"),
        ("bytes=-10", 206, FILM[-10:], f"bytes {len(FILM) - 10}-{len(FILM) - 1}/{len(FILM)}"),
        ("bytes=999999-", 416, b"", f"bytes */{len(FILM)}"),
    ],
)
def test_a_player_seeks(
    studio: Studio, asked: str, status: int, content: bytes, given: str
) -> None:
    answer = get_web(studio, {"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers["content-range"] == given


def test_a_head_says_the_size_and_sends_nothing(studio: Studio) -> None:
    answer = studio.signed_in(studio.max).head(web(studio.add_video(studio.max)))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
def test_a_browser_that_has_the_file_is_not_sent_it_again(studio: Studio, known: str) -> None:
    browser, path = studio.signed_in(studio.max), web(studio.add_video(studio.max))
    etag = browser.get(path).headers["etag"]
    answer = browser.get(path, headers={"If-None-Match": known.format(etag)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert browser.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_download_gets_a_good_name_and_is_written_down(studio: Studio) -> None:
    video_id = studio.add_video(studio.max, "Frühling: Launch!")
    answer = studio.signed_in(studio.ada).get(web(video_id) + "?download=1")
    name = f"fruhling-launch_16x9_5s_720p_{video_id.hex[:8]}.mp4"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    (event,) = studio.events_of("downloaded")
    assert (event["person_id"], event["generation_id"]) == (studio.ada.id, video_id)


def test_a_resumed_download_is_counted_once(studio: Studio) -> None:
    browser = studio.signed_in(studio.max)
    path = web(studio.add_video(studio.max)) + "?download=1"
    browser.head(path)
    browser.get(path, headers={"Range": "bytes=0-"})
    browser.get(path, headers={"Range": "bytes=500-"})
    assert len(studio.events_of("downloaded")) == 1


def test_a_file_that_is_gone_is_not_found(studio: Studio) -> None:
    video_id = studio.add_video(studio.max)
    studio.services.store.delete([f"videos/{video_id}/web.mp4"])
    assert studio.signed_in(studio.max).get(web(video_id)).status_code == 404


def test_a_store_with_addresses_of_its_own_is_redirected_to(
    studio: Studio, services: Services
) -> None:
    elsewhere = _Elsewhere(services.settings.data_dir / "objects")
    front_services.install(replace(services, store=elsewhere))
    video_id = studio.add_video(studio.max)
    answer = studio.signed_in(studio.max).get(web(video_id) + "?download=1")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"https://files.test/videos/{video_id}/web.mp4")
    assert answer.headers["location"].endswith(f"_{video_id.hex[:8]}.mp4")


def test_the_start_image_is_for_those_who_may_see_the_generation(studio: Studio) -> None:
    path = f"/app/static/input/{studio.add_generation(studio.max)}/start"
    answer = studio.signed_in(studio.max).get(path)
    assert (answer.content, answer.headers["content-type"]) == (b"a start image", "image/png")
    assert studio.signed_in(studio.ada).get(path).status_code == 200
    assert studio.signed_in(studio.eve).get(path).status_code == 404


@pytest.mark.parametrize("which", ["end", "middle"])
def test_an_image_that_was_not_given_is_not_found(studio: Studio, which: str) -> None:
    path = f"/app/static/input/{studio.add_generation(studio.max)}/{which}"
    assert studio.signed_in(studio.max).get(path).status_code == 404


def test_a_trashed_video_can_still_be_looked_at(studio: Studio) -> None:
    video_id = studio.add_video(studio.max)
    curation.trash(studio.services, studio.max, [video_id])
    assert studio.signed_in(studio.max).get(web(video_id)).status_code == 200


class _Elsewhere(LocalStore):
    """A store whose files have addresses of their own."""

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str:  # type: ignore[override]
        return f"https://files.test/{key}?for={expires_s}&name={download_name}"


def get_web(studio: Studio, headers: dict[str, str]) -> httpx.Response:
    return studio.signed_in(studio.max).get(web(studio.add_video(studio.max)), headers=headers)
