"""From a request to a stored, paid-for video with its renditions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from jobs.bootstrap import Services
from jobs.fal.simulator.process import Simulator
from jobs.media.probe import probe_video
from jobs.rendering import render_next
from storage.models import Generation, GenerationStatus, RenditionKind, RenditionState
from storage.records import attempts, generations, ledger, videos

Until = Callable[..., Generation]
Submit = Callable[..., UUID]


def test_a_request_becomes_a_playable_video(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = until(submit())
    with services.database.as_service() as tx:
        video = videos.by_id(tx, generation.id)
    path = services.store.local_path(video.path)
    assert path is not None
    facts = probe_video(path, 10**9)
    assert generation.status is GenerationStatus.COMPLETED
    assert (facts.width, facts.height, round(facts.duration_s)) == (864, 480, 2)
    assert (video.width, video.height, video.aspect_ratio) == (864, 480, "16:9")
    assert video.title == "The sneaker turns slowly on its stand"


def test_it_is_charged_once_and_its_hold_released(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = until(submit())
    with services.database.as_service() as tx:
        charge = ledger.charge_of(tx, generation.id)
        assert ledger.open_hold_of(tx, generation.id) is None
    assert charge is not None
    assert charge.verified
    assert charge.amount_usd == Decimal("0.019440")


def test_one_post_is_sent_and_its_addresses_kept(
    services: Services, submit: Submit, until: Until, simulator: Simulator
) -> None:
    generation = until(submit())
    with services.database.as_service() as tx:
        (attempt,) = attempts.of_generation(tx, generation.id)
    assert simulator.counts()["by_marker"][f"tag:generation={generation.id}"]["posted"] == 1
    assert attempt.state == "ended"
    assert str(attempt.status_url).startswith(simulator.url)


def test_the_history_tells_every_step_in_order(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = until(submit())
    with services.database.as_service() as tx:
        steps = [entry.to_status.value for entry in generations.history(tx, generation.id)]
    assert steps[:3] == ["queued", "submitting", "waiting"]
    assert steps[-2:] == ["collecting", "completed"]


def test_the_video_plays_before_its_renditions_are_made(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = until(submit(), "completed")
    render_next(services)
    with services.database.as_service() as tx:
        renditions = videos.by_id(tx, generation.id).renditions
    states = {kind: rendition.state for kind, rendition in renditions.items()}
    assert states == {
        RenditionKind.ORIGINAL: RenditionState.SKIPPED,
        RenditionKind.WEB: RenditionState.READY,
        RenditionKind.POSTER: RenditionState.READY,
        RenditionKind.P480: RenditionState.SKIPPED,
        RenditionKind.P360: RenditionState.READY,
        RenditionKind.PREVIEW: RenditionState.READY,
    }
