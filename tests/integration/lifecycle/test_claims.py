"""Who works on what: bells, fair order, the limit in flight, leases and renditions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from jobs.bells import MOST_BELLS, Bell, Bells
from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.errors import MediaToolFailed
from jobs.media.ffmpeg import Ffmpeg
from jobs.recovery import ring_again, sweep
from jobs.rendering import MAX_TRIES, render_next
from jobs.submitting import submit_next
from storage.models import Generation, GenerationStatus, RenditionKind, RenditionState
from storage.postgres import Database
from storage.records import generations, videos
from storage.records.generations import Lease

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]

NOBODY = SecretStr("redis://127.0.0.1:9/0")


def claim(database: Database, limit: int = 20) -> Lease | None:
    with database.as_service() as tx:
        return generations.claim_submit(tx, in_flight_limit=limit, lease_s=30)


def claims(services: Services, limit: int = 20) -> list[UUID]:
    """Every generation that can be claimed, in the order of the claims."""
    found: list[UUID] = []
    while lease := claim(services.database, limit):
        found.append(lease.generation_id)
    return found


def work(submit: int = 0, collect: int = 0, media: int = 0) -> dict[str, int]:
    return {"submit": submit, "collect": collect, "media": media}


@pytest.fixture
def render(services: Services) -> Callable[[UUID], dict[RenditionKind, RenditionState]]:
    """The states of a video's renditions."""

    def read(generation_id: UUID) -> dict[RenditionKind, RenditionState]:
        with services.database.as_service() as tx:
            found = videos.renditions_of(tx, generation_id)
        return {kind: rendition.state for kind, rendition in found.items()}

    return read


@pytest.fixture
def stored(services: Services, submit: Submit, watch: Until) -> UUID:
    """A video whose renditions are still to be made."""
    generation_id = submit()
    watch(generation_id, "collecting")
    assert collect_next(services)
    return generation_id


# Bells


def test_a_request_rings_once(services: Services, submit: Submit) -> None:
    submit()
    assert services.bells.waiting(Bell.SUBMIT) == 1


def test_a_forgotten_bell_is_rung_again(services: Services, submit: Submit) -> None:
    submit()
    services.bells.redis.flushall()
    sweep(services)
    sweep(services)
    assert services.bells.waiting(Bell.SUBMIT) == 1


def test_a_request_without_redis_is_queued_and_rung_for_later(
    services: Services, submit: Submit, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Bells(NOBODY)) as away:
        assert away.ring(Bell.SUBMIT) is False
        assert away.waiting(Bell.SUBMIT) is None
        assert away.ping() is False
        with monkeypatch.context() as patch:
            patch.setattr(services.bells, "redis", away.redis)
            generation_id = submit()
            sweep(services)
    assert look(generation_id).status is GenerationStatus.QUEUED
    sweep(services)
    assert services.bells.waiting(Bell.SUBMIT) == 1


def test_no_more_bells_wait_than_workers_can_answer(services: Services) -> None:
    workers = services.settings.collect_workers
    ring_again(services, work(collect=50))
    ring_again(services, work(collect=50))
    assert services.bells.waiting(Bell.COLLECT) == workers


def test_bells_are_bounded_however_often_they_are_rung(services: Services) -> None:
    services.bells.ring(Bell.MEDIA, MOST_BELLS + 50)
    assert services.bells.waiting(Bell.MEDIA) == MOST_BELLS


def test_nothing_is_rung_for_while_the_limit_in_flight_is_reached(
    services: Services, submit: Submit
) -> None:
    submit()
    submit()
    settings = services.settings.model_copy(update={"fal_concurrency": 1})
    limited = replace(services, settings=settings)
    assert submit_next(limited)
    services.bells.redis.flushall()
    sweep(limited)
    assert limited.bells.waiting(Bell.SUBMIT) == 0


def test_nothing_is_rung_for_while_the_account_is_locked(
    services: Services, submit: Submit, as_owner: Any
) -> None:
    submit()
    services.bells.redis.flushall()
    as_owner("update studio.provider_state set locked_since = now(), next_probe_at = 'infinity'")
    sweep(services)
    assert services.bells.waiting(Bell.SUBMIT) == 0


# Claims


def test_eight_workers_at_once_never_claim_the_same_generation(
    services: Services, submit: Submit
) -> None:
    wanted = {submit() for _ in range(6)}
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: claim(services.database), range(8)))
    claimed = [lease.generation_id for lease in leases if lease]
    assert sorted(claimed) == sorted(wanted)


def test_the_limit_in_flight_is_exact_however_many_claim_at_once(
    services: Services, submit: Submit
) -> None:
    for _ in range(6):
        submit()
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: claim(services.database, limit=3), range(16)))
    assert len([lease for lease in leases if lease]) == 3


def test_two_workers_at_once_never_collect_the_same_video(
    services: Services, submit: Submit, watch: Until
) -> None:
    watch(submit(), "collecting")

    def collect(_: int) -> Lease | None:
        with services.database.as_service() as tx:
            return generations.claim_collect(tx, lease_s=30)

    with ThreadPoolExecutor(4) as pool:
        leases = list(pool.map(collect, range(4)))
    assert len([lease for lease in leases if lease]) == 1


def test_nobody_waits_behind_all_that_another_has_queued(
    services: Services, submit: Submit, add_person: Any
) -> None:
    mine = [submit() for _ in range(5)]
    theirs = submit(add_person("Bob"))
    order = claims(services)
    assert order.index(theirs) <= 1
    assert [g for g in order if g != theirs] == mine


def test_three_people_take_turns(services: Services, submit: Submit, add_person: Any) -> None:
    people = [add_person(name) for name in ("Bob", "Cid", "Dee")]
    queued = {submit(who): who.name for who in people for _ in range(2)}
    names = [queued[generation_id] for generation_id in claims(services)]
    assert sorted(names[:3]) == sorted(names[3:]) == ["Bob", "Cid", "Dee"]


def test_interactive_requests_go_before_batches(
    services: Services, submit: Submit, as_owner: Any
) -> None:
    batch = submit()
    as_owner("update studio.generations set lane = 'batch'")
    interactive = submit()
    assert claims(services) == [interactive, batch]


def test_a_lease_that_runs_out_is_taken_by_another_and_lost_for_the_first(
    services: Services, submit: Submit, expire: Any
) -> None:
    submit()
    first = claim(services.database)
    assert first is not None
    assert claim(services.database) is None
    expire(first.generation_id)
    second = claim(services.database)
    assert second is not None
    with services.database.as_service() as tx:
        assert not generations.renew_lease(tx, first, lease_s=30)
        assert generations.renew_lease(tx, second, lease_s=30)


# Renditions


class BrokenFfmpeg(Ffmpeg):
    """A tool that always fails."""

    def run(self, *args: Any, **kwargs: Any) -> None:
        raise MediaToolFailed("ffmpeg failed.", detail="no memory")


def test_a_render_that_fails_leaves_the_video_and_is_tried_again(
    services: Services, stored: UUID, look: Look, render: Any, hurry: Any
) -> None:
    assert render_next(replace(services, ffmpeg=BrokenFfmpeg(None)))
    assert look(stored).status is GenerationStatus.COMPLETED
    assert render(stored)[RenditionKind.WEB] is RenditionState.READY
    assert render(stored)[RenditionKind.PREVIEW] is RenditionState.PENDING
    assert not render_next(services), "it waits before the next try"
    hurry()
    assert render_next(services)
    assert render(stored)[RenditionKind.PREVIEW] is RenditionState.READY


def test_a_render_that_always_fails_is_given_up_in_words(
    services: Services, stored: UUID, look: Look, render: Any, hurry: Any, broken: Any
) -> None:
    for _ in range(MAX_TRIES):
        assert render_next(replace(services, ffmpeg=BrokenFfmpeg(None)))
        hurry()
    assert not render_next(services)
    assert look(stored).status is GenerationStatus.COMPLETED
    assert set(render(stored).values()) == {
        RenditionState.READY,
        RenditionState.SKIPPED,
        RenditionState.FAILED,
    }
    with services.database.as_service() as tx:
        assert videos.renditions_of(tx, stored)[RenditionKind.PREVIEW].problem == "ffmpeg failed."


def test_a_renderer_that_lost_its_lease_writes_nothing(
    services: Services, stored: UUID, render: Any, expire: Any
) -> None:
    class Overtaken(Ffmpeg):
        def run(self, *args: Any, **kwargs: Any) -> None:
            super().run(*args, **kwargs)
            expire(stored)
            with services.database.as_service() as tx:
                assert videos.claim_render(tx, lease_s=30)

    assert render_next(replace(services, ffmpeg=Overtaken(None)))
    assert render(stored)[RenditionKind.PREVIEW] is RenditionState.PENDING
    expire(stored)
    assert render_next(services)
    assert render(stored)[RenditionKind.PREVIEW] is RenditionState.READY


def test_a_dead_renderers_video_is_rung_for_again(
    services: Services, stored: UUID, expire: Any
) -> None:
    with services.database.as_service() as tx:
        assert videos.claim_render(tx, lease_s=30)
    services.bells.redis.flushall()
    sweep(services)
    assert services.bells.waiting(Bell.MEDIA) == 0
    expire(stored)
    sweep(services)
    assert services.bells.waiting(Bell.MEDIA) == 1
