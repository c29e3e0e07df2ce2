"""Files of ended generations against the record: what is missing, left over, or back again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs.bootstrap import Services
from jobs.file_recovery import (
    LEFT_OVER_AFTER,
    UNNAMED_AFTER,
    compare_files,
    mend_files,
    mend_generation,
    remove_unnamed_inputs,
    render_again,
)
from jobs.rendering import ALL_TRIES, MAX_TRIES
from storage.errors import ObjectNotFound
from storage.models import RenditionKind, RenditionState
from storage.objects.base import StoredObject
from storage.objects.local import LocalStore
from storage.records import files, generations
from storage.records.files import Round

Keep = Callable[..., UUID]
Put = Callable[..., str]
Keys = Callable[[], set[str]]
Owner = Callable[..., list[Any]]
Renditions = Callable[..., dict[RenditionKind, Any]]

OLD_S = LEFT_OVER_AFTER.total_seconds() + 60
YOUNG_S = LEFT_OVER_AFTER.total_seconds() - 60


def removed(services: Services, rule: Round) -> int:
    with services.database.as_service() as tx:
        return files.progress(tx, rule).removed


def finish(as_owner: Owner, generation_id: UUID, status: str) -> None:
    as_owner(
        "update studio.generations set status = %s, finished_at = now(), "
        "cause = case when %s = 'failed' then 'our_bug' end where id = %s",
        status,
        status,
        generation_id,
        triggers=False,
    )


def test_a_video_with_all_its_files_is_left_as_it_is(
    services: Services, keep: Keep, keys: Keys, renditions: Renditions
) -> None:
    video_id = keep()
    before = keys(), renditions(video_id)
    assert compare_files(services) == 0
    assert (keys(), renditions(video_id)) == before


@pytest.mark.parametrize("kind", [RenditionKind.P360, RenditionKind.PREVIEW, RenditionKind.POSTER])
def test_a_missing_rendition_is_made_again(
    services: Services, keep: Keep, renditions: Renditions, kind: RenditionKind, events_of: Any
) -> None:
    video_id = keep()
    services.store.delete([renditions(video_id)[kind].key])
    assert compare_files(services) == 1
    assert renditions(video_id)[kind].state is RenditionState.PENDING
    assert events_of(video_id) == []


def test_a_file_that_was_cut_short_is_made_again(
    services: Services, keep: Keep, put: Put, renditions: Renditions
) -> None:
    video_id = keep()
    put(renditions(video_id)[RenditionKind.P360].key, size_bytes=10)
    compare_files(services)
    assert renditions(video_id)[RenditionKind.P360].state is RenditionState.PENDING


def test_a_lost_video_is_told_once_and_nothing_is_put_in_its_place(
    services: Services, keep: Keep, keys: Keys, renditions: Renditions, events_of: Any
) -> None:
    video_id = keep()
    services.store.delete([str(renditions(video_id)[RenditionKind.WEB].key)])
    before = keys()
    for _ in range(2):
        compare_files(services)
    web = renditions(video_id)[RenditionKind.WEB]
    assert (web.state, web.key in before) == (RenditionState.FAILED, False)
    assert "gone from the store" in str(web.problem)
    assert events_of(video_id) == ["file_lost"]
    assert keys() == before


def test_a_lost_file_that_is_back_is_used_again(
    services: Services, keep: Keep, put: Put, renditions: Renditions, events_of: Any
) -> None:
    video_id = keep()
    web = renditions(video_id)[RenditionKind.WEB]
    services.store.delete([web.key])
    compare_files(services)
    put(web.key, web.size_bytes)
    compare_files(services)
    assert renditions(video_id)[RenditionKind.WEB].state is RenditionState.READY
    assert events_of(video_id) == ["file_lost", "file_found"]


def test_a_lost_original_leaves_the_web_version_playing(
    services: Services, keep: Keep, as_owner: Owner, renditions: Renditions, events_of: Any
) -> None:
    video_id = keep()
    as_owner(
        "insert into studio.renditions select video_id, 'original', state, key || '-original', "
        "content_type, size_bytes, width, height, sha256 from studio.renditions "
        "where video_id = %s and kind = 'web'",
        video_id,
    )
    compare_files(services)
    states = {kind: r.state for kind, r in renditions(video_id).items()}
    assert states[RenditionKind.ORIGINAL] is RenditionState.FAILED
    assert states[RenditionKind.WEB] is RenditionState.READY
    assert events_of(video_id) == ["file_lost"]


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_old_files_of_a_generation_without_a_video_are_removed_and_counted(
    services: Services, submit: Any, as_owner: Owner, put: Put, keys: Keys, status: str
) -> None:
    generation_id = submit()
    finish(as_owner, generation_id, status)
    stray = put(f"videos/{generation_id}/web.mp4", age_s=OLD_S)
    assert compare_files(services) == 1
    assert stray not in keys()
    assert removed(services, Round.VIDEOS) == 1


def test_a_file_beside_a_videos_own_is_removed(
    services: Services, keep: Keep, put: Put, keys: Keys
) -> None:
    video_id = keep()
    before = keys()
    put(f"videos/{video_id}/480p.mp4", age_s=OLD_S)
    compare_files(services)
    assert keys() == before


def test_young_files_stay(
    services: Services, submit: Any, as_owner: Owner, put: Put, keys: Keys
) -> None:
    generation_id = submit()
    finish(as_owner, generation_id, "failed")
    young = put(f"videos/{generation_id}/web.mp4", age_s=YOUNG_S)
    assert compare_files(services) == 0
    assert young in keys()


def test_files_of_a_generation_that_is_being_collected_stay_however_old(
    services: Services, submit: Any, as_owner: Owner, put: Put, keys: Keys
) -> None:
    generation_id = submit()
    as_owner(
        "update studio.generations set status = 'collecting' where id = %s",
        generation_id,
        triggers=False,
    )
    kept = put(f"videos/{generation_id}/web.mp4", age_s=OLD_S)
    assert not mend_generation(services, generation_id)
    assert compare_files(services) == 0
    assert kept in keys()


def test_a_collect_that_ends_between_the_listing_and_the_removal_keeps_its_files(
    services: Services, keep: Keep, as_owner: Owner, keys: Keys
) -> None:
    video_id = keep()
    before = keys()
    as_owner("create table kept as table studio.renditions")
    as_owner("delete from studio.renditions where video_id = %s", video_id)

    class WrittenMeanwhile(LocalStore):
        def list(self, prefix: str) -> Any:
            found = [*super().list(prefix)]
            if prefix.startswith("videos/") and as_owner("select to_regclass('kept')")[0][0]:
                as_owner("insert into studio.renditions table kept")
                as_owner("drop table kept")
            return iter(found)

    racing = replace(services, store=WrittenMeanwhile(services.settings.data_dir / "objects"))
    assert compare_files(racing) == 0
    assert keys() == before


def test_files_that_are_being_rendered_stay(
    services: Services, keep: Keep, put: Put, keys: Keys
) -> None:
    video_id = keep(pending=True)
    busy = put(f"videos/{video_id}/preview.mp4", age_s=OLD_S)
    assert compare_files(services) == 0
    assert busy in keys()


def test_files_of_generations_that_the_record_does_not_know_stay(
    services: Services, put: Put, keys: Keys
) -> None:
    foreign = {
        put(f"videos/{uuid4()}/web.mp4", age_s=OLD_S),
        put("videos/notes.mp4", age_s=OLD_S),
    }
    mend_files(services)
    assert foreign <= keys()


def test_files_of_a_completed_generation_whose_video_is_not_in_the_record_stay(
    services: Services, keep: Keep, keys: Keys, as_owner: Owner
) -> None:
    video_id = keep()
    before = keys()
    as_owner("delete from studio.videos where id = %s", video_id)
    assert compare_files(services) == 0
    assert keys() == before


def test_a_round_goes_on_where_the_last_run_stopped(
    services: Services, keep: Keep, monkeypatch: pytest.MonkeyPatch, renditions: Renditions
) -> None:
    monkeypatch.setattr("jobs.file_recovery.PER_RUN", 2)
    videos = [keep() for _ in range(3)]
    services.store.delete([renditions(v)[RenditionKind.P360].key for v in videos])
    assert [compare_files(services) for _ in range(3)] == [2, 1, 0]


def test_a_run_that_is_stopped_goes_on_from_there(
    services: Services, keep: Keep, renditions: Renditions
) -> None:
    videos = [keep() for _ in range(2)]
    services.store.delete([renditions(v)[RenditionKind.P360].key for v in videos])
    answers = iter([False, True])
    assert compare_files(services, lambda: next(answers)) == 1
    assert compare_files(services) == 1


def test_failed_renditions_are_tried_again_after_a_while_and_not_for_ever(
    services: Services, keep: Keep, as_owner: Owner, renditions: Renditions
) -> None:
    video_id = keep(pending=True)
    failed = (
        "update studio.renditions set state = 'failed', problem = 'No room.', "
        "updated_at = now() - interval '%s minutes' where kind = 'preview'"
    )
    tries = "update studio.videos set render_tries = %s"
    as_owner(tries, MAX_TRIES)
    as_owner(failed % 59)
    assert render_again(services) == 0
    as_owner(failed % 61)
    assert render_again(services) == 1
    assert renditions(video_id)[RenditionKind.PREVIEW].state is RenditionState.PENDING
    as_owner(failed % 61)
    as_owner(tries, ALL_TRIES)
    assert render_again(services) == 0


# --- images ---


def test_an_old_image_that_nothing_names_is_removed(
    services: Services, submit: Any, put: Put, keys: Keys
) -> None:
    submit()
    named = keys()
    for key in named:
        put(key, age_s=UNNAMED_AFTER.total_seconds() + 60)
    put("inputs/unnamed.png", age_s=UNNAMED_AFTER.total_seconds() + 60)
    young = put("inputs/young.png", age_s=UNNAMED_AFTER.total_seconds() - 60)
    assert remove_unnamed_inputs(services) == 1
    assert keys() == {*named, young}
    assert removed(services, Round.INPUTS) == 1


def test_images_are_looked_at_once_a_day(services: Services, put: Put) -> None:
    remove_unnamed_inputs(services)
    put("inputs/unnamed.png", age_s=UNNAMED_AFTER.total_seconds() + 60)
    assert remove_unnamed_inputs(services) == 0


def test_an_image_that_is_sent_again_meanwhile_stays(
    services: Services, put: Put, keys: Keys
) -> None:
    key = put("inputs/unnamed.png", age_s=UNNAMED_AFTER.total_seconds() + 60)

    class SentAgain(LocalStore):
        def list(self, prefix: str) -> Any:
            found = [*super().list(prefix)]
            put(key)
            return iter(found)

    racing = replace(services, store=SentAgain(services.settings.data_dir / "objects"))
    assert remove_unnamed_inputs(racing) == 0
    assert key in keys()


def test_an_image_that_somebody_is_about_to_name_stays(
    services: Services, put: Put, keys: Keys
) -> None:
    key = put("inputs/unnamed.png", age_s=UNNAMED_AFTER.total_seconds() + 60)
    with services.database.as_service() as tx:
        files.hold_input(tx, key)
        assert remove_unnamed_inputs(services) == 0
    assert key in keys()


def test_a_submit_whose_image_was_removed_in_that_moment_is_told_so(
    services: Services, submit: Any, as_owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = LocalStore.put

    def put_and_lose(store: LocalStore, key: str, source: Path, content_type: str) -> StoredObject:
        stored = put(store, key, source, content_type)
        store.delete([key])
        return stored

    monkeypatch.setattr(LocalStore, "put", put_and_lose)
    with pytest.raises(ObjectNotFound, match="removed as unused"):
        submit()
    assert as_owner("select count(*) from studio.generations") == [(0,)]
    assert as_owner("select count(*) from studio.holds") == [(0,)]


# --- workers that die over it ---


def test_a_video_that_kills_every_worker_is_charged_and_failed(
    services: Services, submit: Any, as_owner: Owner
) -> None:
    generation_id = submit()
    as_owner(
        "update studio.generations set status = 'collecting', deaths = 8 where id = %s",
        generation_id,
        triggers=False,
    )
    mend_files(services)
    with services.database.as_service() as tx:
        generation = generations.by_id(tx, generation_id)
    assert (generation.status, generation.cause) == ("failed", "our_bug")
    assert as_owner("select count(*) from studio.charges")[0][0] == 1


def test_renditions_that_kill_every_worker_are_given_up(
    services: Services, keep: Keep, as_owner: Owner, renditions: Renditions
) -> None:
    video_id = keep(pending=True)
    as_owner("update studio.videos set render_tries = %s", ALL_TRIES)
    mend_files(services)
    assert renditions(video_id)[RenditionKind.PREVIEW].state is RenditionState.FAILED
