"""A mistake of ours in a step: tried again a few times, then an end with the books right."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from jobs import collecting, rendering, submitting
from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.fal.simulator.process import Simulator
from jobs.rendering import render_next
from jobs.submitting import submit_next
from storage.models import FailureCause, Generation, GenerationStatus, RenditionKind, RenditionState
from storage.records import ledger, videos

Submit = Callable[..., UUID]
Until = Callable[..., Generation]


def mistake(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a mistake of ours")


def test_a_mistake_before_the_submit_ends_as_our_bug_and_costs_nothing(
    services: Services,
    submit: Submit,
    look: Callable[[UUID], Generation],
    hurry: Callable[[], None],
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generation_id = submit()
    monkeypatch.setattr(submitting, "_upload_images", mistake)
    for _ in range(submitting.MAX_TRIES):
        hurry()
        submit_next(services)
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.OUR_BUG)
    assert f"tag:generation={generation_id}" not in simulator.counts()["by_marker"]


def test_a_mistake_while_collecting_is_tried_again_and_the_video_kept(
    services: Services,
    submit: Submit,
    watch: Until,
    until: Until,
    hurry: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generation_id = watch(submit(), "collecting").id
    with monkeypatch.context() as broken:
        broken.setattr(collecting, "prepare_video", mistake)
        collect_next(services)
    hurry()
    assert until(generation_id).status is GenerationStatus.COMPLETED


def test_a_mistake_at_every_collect_ends_as_our_bug_with_its_cost(
    services: Services,
    submit: Submit,
    watch: Until,
    look: Callable[[UUID], Generation],
    hurry: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generation_id = watch(submit(), "collecting").id
    monkeypatch.setattr(collecting, "prepare_video", mistake)
    for _ in range(5):
        hurry()
        collect_next(services)
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.OUR_BUG)
    with services.database.as_service() as tx:
        charge = ledger.charge_of(tx, generation_id)
    assert charge is not None
    assert not charge.verified


def test_a_mistake_while_rendering_leaves_the_video_playing(
    services: Services, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "render_renditions", mistake)
    generation_id = until(submit(), "completed").id
    render_next(services)
    with services.database.as_service() as tx:
        video = videos.by_id(tx, generation_id)
    assert video.renditions[RenditionKind.PREVIEW].state is RenditionState.PENDING
