"""The CDN follows the record, whatever happens on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from jobs.cdn_upkeep import FIRST_MOMENT, CdnUpkeep, _wait_s
from storage.errors import ObjectNotFound
from storage.models import RenditionKind
from storage.records.cdn import claim_missing
from tests.contract.cloudflare_server import slow_down
from tests.contract.s3_server import s3_error
from tests.integration.cdn.conftest import House, content_at, put

WEB_SHA256 = hashlib.sha256(b"web").hexdigest()
AddVideo = Callable[..., UUID]


def key_of(video_id: UUID, name: str = "web.mp4") -> str:
    return f"videos/{video_id}/{name}"


def refusing(method: str, status: int = 503) -> Callable[[Request], Response | None]:
    return lambda request: s3_error(status, "Refused") if request.method == method else None


def replace_web(house: House, video_id: UUID, content: bytes, folder: Path) -> None:
    with house.services.database.as_service() as tx:
        put(house.services, tx, video_id, RenditionKind.WEB, content, folder)


def test_what_people_watch_gets_a_copy_named_by_its_resolution(
    signed: House, add_video: AddVideo
) -> None:
    files = {"poster": b"poster", "preview": b"preview", "480p": b"small", "original": b"untouched"}
    video_id = add_video(**files)
    signed.keep()
    names = ["720p.mp4", "480p.mp4", "poster.jpg", "preview.mp4"]
    assert signed.held() == {key_of(video_id, name) for name in names}


def test_a_smaller_rendition_keeps_its_name(signed: House, add_video: AddVideo) -> None:
    video_id = add_video(**{"480p": b"small"})
    signed._run("update studio.videos set resolution = '480p' where id = %s", video_id)
    signed.keep()
    assert signed.held() == {key_of(video_id), key_of(video_id, "480p.mp4")}


def test_an_address_is_the_origins_until_there_is_a_copy(
    signed: House, add_video: AddVideo
) -> None:
    key = key_of(add_video())
    assert signed.address(key) is None
    signed.keep()
    assert content_at(signed.address(key)) == b"web"
    assert "X-Amz-Signature" in str(signed.address(key))


def test_a_public_address_has_the_sum_and_no_end(public: House, add_video: AddVideo) -> None:
    video_id = add_video()
    public.keep()
    address = str(public.address(key_of(video_id)))
    assert address.startswith(f"{public.s3.url}/copies/videos/{video_id}/720p.mp4?v=")
    assert content_at(address) == b"web"
    assert httpx.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_public_file_to_be_saved_gets_its_name_by_a_signed_address(
    public: House, add_video: AddVideo
) -> None:
    key = key_of(add_video())
    public.keep()
    reply = httpx.get(str(public.services.store.signed_url(key, 60, "Spring.mp4")))
    assert "Spring.mp4" in reply.headers["content-disposition"]


def test_a_cdn_that_is_away_stops_nobody_and_is_made_up_for(
    signed: House, add_video: AddVideo
) -> None:
    signed.s3.answer = refusing("PUT")
    key = key_of(add_video())
    signed.keep()
    assert signed.address(key) is None
    (trouble,) = signed.troubles()
    assert (trouble.subject, trouble.what, trouble.tries) == (key, "copying", 1)
    signed.s3.forget()
    signed.hurry()
    signed.keep()
    assert content_at(signed.address(key)) == b"web"
    assert signed.troubles() == []


def test_what_failed_is_not_tried_at_once(signed: House, add_video: AddVideo) -> None:
    signed.s3.answer = refusing("PUT", 403)
    add_video()
    signed.keep()
    signed.keep()
    assert [request.method for request in signed.s3.requests].count("PUT") == 1


def test_pauses_grow_to_an_hour() -> None:
    waits = [_wait_s(tries) for tries in range(100)]
    assert waits[:3] == [5, 10, 20]
    assert max(waits) == 3600
    assert all(later >= earlier for earlier, later in pairwise(waits))


def test_what_is_just_being_copied_is_left_to_who_does_it(
    signed: House, add_video: AddVideo
) -> None:
    key = key_of(add_video())
    with signed.services.database.as_service() as tx:
        assert [one.key for one in claim_missing(tx, FIRST_MOMENT, 10)] == [key]
    signed.keep()
    assert signed.held() == set()
    signed.hurry()  # it has died
    signed.keep()
    assert content_at(signed.address(key)) == b"web"


def test_a_file_that_is_not_the_records_gets_no_copy(
    signed: House, add_video: AddVideo, tmp_path: Path
) -> None:
    video_id = add_video()
    (tmp_path / "other").write_bytes(b"damaged")
    signed.services.store.put(key_of(video_id), tmp_path / "other", "video/mp4")
    signed.keep()
    assert signed.held() == set()
    assert "not the file that the record names" in signed.troubles()[0].problem


def test_a_replaced_file_is_never_shown_stale(
    public: House, add_video: AddVideo, tmp_path: Path
) -> None:
    video_id = add_video()
    public.keep()
    former = str(public.address(key_of(video_id)))
    replace_web(public, video_id, b"better", tmp_path)
    assert public.address(key_of(video_id)) is None
    public.keep()
    assert content_at(public.address(key_of(video_id))) == b"better"
    assert public.address(key_of(video_id)) != former
    assert public.cloudflare.purged == [[former.partition("?")[0], former]]


def test_a_file_replaced_twice_while_the_cdn_was_away_is_purged_too(
    public: House, add_video: AddVideo, tmp_path: Path
) -> None:
    video_id = add_video()
    public.keep()
    former = str(public.address(key_of(video_id)))
    public.s3.answer = refusing("PUT", 403)
    for content in (b"better", b"best"):
        replace_web(public, video_id, content, tmp_path)
        public.keep()
    public.s3.forget()
    public.hurry()
    public.keep()
    assert content_at(public.address(key_of(video_id))) == b"best"
    assert former in public.cloudflare.purged[0]


def test_the_trash_takes_a_video_out_of_the_cdn_and_a_restore_puts_it_back(
    public: House, add_video: AddVideo
) -> None:
    video_id = add_video(poster=b"poster")
    public.keep()
    copied = public.held()
    address = str(public.address(key_of(video_id)))
    public.trash(video_id)
    public.keep()
    assert public.held() == set()
    assert httpx.get(address).status_code == 404
    assert address in public.cloudflare.purged[0]
    public.restore(video_id)
    public.keep()
    assert public.held() == copied


def test_a_deleted_file_leaves_the_origin_the_cdn_and_the_caches(
    public: House, add_video: AddVideo
) -> None:
    key = key_of(add_video())
    public.keep()
    address = str(public.address(key))
    public.services.store.delete([key])
    with pytest.raises(ObjectNotFound):
        public.address(key)
    public._run("delete from studio.renditions where key = %s", key)
    public.keep()
    assert public.held() == set()
    assert public.cloudflare.purged == [[address.partition("?")[0], address]]


def test_files_that_the_record_does_not_name_any_more_leave(
    signed: House, add_video: AddVideo
) -> None:
    key = key_of(add_video())
    signed.keep()
    signed._run("delete from studio.renditions where key = %s", key)
    signed.keep()
    assert signed.held() == set()


def test_a_copy_that_somebody_removed_is_made_again(signed: House, add_video: AddVideo) -> None:
    key = key_of(add_video())
    signed.keep()
    signed.cdn.bucket.delete(list(signed.held()))
    signed.keep()
    assert content_at(signed.address(key)) == b"web"


def test_caches_are_emptied_only_after_the_copy_is_gone(public: House, add_video: AddVideo) -> None:
    video_id = add_video()
    public.keep()
    public.trash(video_id)
    public.s3.answer = refusing("DELETE")
    public.keep()
    assert public.cloudflare.purged == []
    public.s3.forget()
    public.hurry()
    public.keep()
    assert len(public.cloudflare.purged) == 1


def test_a_purge_that_fails_is_remembered_until_it_works(
    public: House, add_video: AddVideo
) -> None:
    video_id = add_video()
    public.keep()
    public.trash(video_id)
    public.cloudflare.answer = lambda request: slow_down("600")
    public.keep()
    assert {trouble.what for trouble in public.troubles()} == {"purge"}
    (due_s,) = public._run("select max(extract(epoch from due_at - now())) from studio.cdn_purges")[
        0
    ]
    assert 590 < due_s <= 600
    public.cloudflare.answer = lambda request: None
    public.hurry()
    public.keep()
    assert public.troubles() == []
    assert sorted(url for call in public.cloudflare.purged for url in call) == sorted(
        f"{public.s3.url}/copies/videos/{video_id}/720p.mp4{query}"
        for query in ("", f"?v={WEB_SHA256}")
    )


def test_an_address_that_is_refused_holds_up_no_other(public: House, add_video: AddVideo) -> None:
    public.cloudflare.host = public.s3.url.removeprefix("http://")
    public._run("insert into studio.cdn_purges (url) values ('https://former.test/x.mp4')")
    video_id = add_video()
    public.keep()
    public.trash(video_id)
    for _ in range(2):
        public.hurry()
        public.keep()
    assert [trouble.subject for trouble in public.troubles()] == ["https://former.test/x.mp4"]
    assert len([url for call in public.cloudflare.purged for url in call]) == 2


def test_many_addresses_are_purged_in_calls_that_cloudflare_takes(public: House) -> None:
    public._run(
        "insert into studio.cdn_purges (url)"
        " select 'https://cdn.test/' || n from generate_series(1, 70) as n"
    )
    for _ in range(3):
        public.keep()
    assert [len(call) for call in public.cloudflare.purged] == [30, 30, 10]


def test_without_a_public_address_nothing_is_purged(signed: House, add_video: AddVideo) -> None:
    video_id = add_video()
    signed.keep()
    signed.trash(video_id)
    signed.keep()
    assert signed.held() == set()
    assert signed.cloudflare.requests == []


def test_only_the_studio_sees_what_the_cdn_has(signed: House, add_video: AddVideo) -> None:
    add_video()
    signed.keep()
    rows = signed._run(
        "select relrowsecurity from pg_class where relname in ('cdn_copies', 'cdn_purges')"
    )
    assert rows == [(True,), (True,)]
    granted = signed._run(
        "select has_table_privilege('authenticated', 'studio.cdn_copies', 'select')"
    )
    assert granted == [(False,)]


def test_a_look_at_what_is_new_finds_what_is_new(signed: House, add_video: AddVideo) -> None:
    upkeep = CdnUpkeep(signed.services)
    upkeep.once(signed.cdn)
    key = key_of(add_video())
    upkeep.once(signed.cdn)
    assert content_at(signed.address(key)) == b"web"
