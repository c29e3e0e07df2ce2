"""What fal's results, good and bad, leave behind: a status, words, and the right money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jobs.admission import stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.collecting import collect_next
from jobs.errors import FalAccountLocked, FalCanceled, FalError, FalResultGone
from jobs.fal.client import FalClient
from jobs.fal.messages import FalResult, RequestRef
from jobs.fal.simulator.process import Simulator
from jobs.submitting import submit_next
from storage.errors import ObjectStoreUnavailable
from storage.models import FailureCause, Generation, GenerationStatus, Person
from storage.objects.base import StoredObject
from storage.objects.local import LocalStore
from storage.records import videos

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]

ESTIMATE = Decimal("0.019440")

UNPAID = {
    "refuse_prompt": (FailureCause.REFUSED_PROMPT, "refused the prompt"),
    "refuse_start_image": (FailureCause.REFUSED_START_IMAGE, "refused the start image"),
    "refuse_end_image": (FailureCause.REFUSED_END_IMAGE, "refused the end image"),
    "refuse_output": (FailureCause.REFUSED_OUTPUT, "refused the finished video"),
    "bad_image": (FailureCause.BAD_INPUT, "can't read the start image"),
    "result_500": (FailureCause.PROVIDER_DOWN, "failed on its side"),
    "generation_timeout": (FailureCause.TIMEOUT, "in time"),
    "start_timeout": (FailureCause.TIMEOUT, "in time"),
    "runner_gone": (FailureCause.PROVIDER_DOWN, "failed on its side"),
}
PAID = {
    "result_gone": (FailureCause.PROVIDER_DOWN, "no longer knows"),
    "result_missing_file": (FailureCause.PROVIDER_DOWN, "no longer gives the video out"),
    "truncated_file": (FailureCause.MEDIA, "broke off"),
    "not_a_video": (FailureCause.MEDIA, "not a"),
}


class Answers(FalClient):
    """The client, with other answers to a result while there are any."""

    instead: list[FalError]

    def result(self, request: RequestRef) -> FalResult:
        if self.instead:
            raise self.instead.pop(0)
        return super().result(request)


@pytest.fixture
def answers(simulator: Simulator) -> Iterator[Answers]:
    with Answers(SIMULATOR_KEY, simulator.url) as fal:
        yield fal


class StoreDown(LocalStore):
    """A store that can't be reached."""

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:
        raise ObjectStoreUnavailable("The file store can't be reached.")


def ended(until: Until, generation_id: UUID) -> Generation:
    return until(generation_id, "completed", "failed", "canceled", hurried=True)


@pytest.fixture
def all_ended(submit: Submit, until: Until) -> Callable[[Iterable[str]], dict[str, Generation]]:
    """What becomes of a generation with each of these faults."""

    def run(faults: Iterable[str]) -> dict[str, Generation]:
        ids = {name: submit(prompt=f"A sneaker on a stand [fault:{name}]") for name in faults}
        return {name: ended(until, generation_id) for name, generation_id in ids.items()}

    return run


def test_failures_that_fal_does_not_bill_cost_nothing(
    all_ended: Any, money: Any, posts: Any, broken: Any
) -> None:
    for name, generation in all_ended(UNPAID).items():
        cause, words = UNPAID[name]
        assert (name, generation.status, generation.cause) == (name, "failed", cause)
        assert words in generation.problem
        assert generation.todo
        assert (money(generation.id).hold, money(generation.id).charge) == (None, None)
        assert posts(generation.id) == 1
    assert broken() == []


def test_a_refusal_that_fal_bills_is_charged(submit: Submit, until: Until, money: Any) -> None:
    generation = ended(until, submit(prompt="A sneaker [fault:refuse_output_billed]"))
    charge = money(generation.id).charge
    assert generation.cause is FailureCause.REFUSED_OUTPUT
    assert (charge.amount_usd, charge.verified) == (ESTIMATE, True)
    assert money(generation.id).hold is None


def test_paid_videos_that_can_not_be_had_are_charged_and_say_so(
    all_ended: Any, money: Any, broken: Any
) -> None:
    for name, generation in all_ended(PAID).items():
        cause, words = PAID[name]
        assert (name, generation.status, generation.cause) == (name, "failed", cause)
        assert words in generation.problem
        assert money(generation.id).charge.amount_usd == ESTIMATE
        assert money(generation.id).hold is None
    assert broken() == []


def test_bills_that_can_not_be_believed_are_replaced_by_the_estimate(
    all_ended: Any, money: Any
) -> None:
    for generation in all_ended(["units_missing", "units_negative", "units_absurd"]).values():
        charge = money(generation.id).charge
        assert generation.status is GenerationStatus.COMPLETED
        assert (charge.amount_usd, charge.verified) == (ESTIMATE, False)


class Bills(FalClient):
    """The client, with other units at every result."""

    units: Decimal | None

    def result(self, request: RequestRef) -> FalResult:
        return replace(super().result(request), billable_units=self.units)


@pytest.mark.parametrize(
    "units", [None, "0", "-0.001", "1E+999999", "1E-99999", "0." + "1" * 20_000, "NaN"]
)
def test_no_bill_however_odd_costs_the_video(
    units: str | None,
    services: Services,
    simulator: Simulator,
    submit: Submit,
    watch: Until,
    money: Any,
    broken: Any,
) -> None:
    generation_id = watch(submit(), "collecting").id
    with Bills(SIMULATOR_KEY, simulator.url) as fal:
        fal.units = None if units is None else Decimal(units)
        assert collect_next(replace(services, fal=fal))
    charge = money(generation_id).charge
    assert (charge.amount_usd, charge.verified) == (ESTIMATE, False)
    assert money(generation_id).hold is None
    with services.database.as_service() as tx:
        assert videos.by_id(tx, generation_id).id == generation_id
    assert broken() == []


def test_a_video_of_another_size_is_kept_as_it_is(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = ended(until, submit(prompt="A sneaker on a stand [fault:wrong_size]"))
    with services.database.as_service() as tx:
        video = videos.by_id(tx, generation.id)
    assert generation.status is GenerationStatus.COMPLETED
    assert (video.width, video.height) == (432, 240)


def test_a_status_poll_that_fails_once_is_made_good(submit: Submit, until: Until) -> None:
    generation = ended(until, submit(prompt="A sneaker on a stand [fault:status_502]"))
    assert generation.status is GenerationStatus.COMPLETED


def test_a_damaged_file_is_fetched_again(
    submit: Submit, until: Until, simulator: Simulator
) -> None:
    simulator.set_fault("not_a_video", count=2)
    assert ended(until, submit()).status is GenerationStatus.COMPLETED


def test_a_file_that_is_gone_for_the_moment_waits_before_the_next_try(
    services: Services, submit: Submit, watch: Until, look: Look, simulator: Simulator
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")
    simulator.set_fault("not_a_video")
    assert collect_next(services)
    assert look(generation_id).problem
    assert not collect_next(services)


def test_a_locked_account_keeps_a_finished_video_waiting_for_it(
    services: Services,
    answers: Answers,
    submit: Submit,
    watch: Until,
    look: Look,
    money: Any,
    hurry: Any,
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")
    answers.instead = [FalAccountLocked("fal refuses the studio's account or key.")] * 2
    locked = replace(services, fal=answers)
    for _ in range(2):
        assert collect_next(locked)
        hurry()
    assert look(generation_id).status is GenerationStatus.COLLECTING
    assert "refuses" in str(look(generation_id).problem)
    assert money(generation_id).hold is not None
    assert collect_next(locked)
    assert look(generation_id).status is GenerationStatus.COMPLETED


def test_a_result_that_fal_does_not_know_for_a_moment_is_collected_all_the_same(
    services: Services,
    answers: Answers,
    submit: Submit,
    watch: Until,
    look: Look,
    money: Any,
    hurry: Any,
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")
    answers.instead = [FalResultGone("fal no longer knows this request.")] * 3
    forgetful = replace(services, fal=answers)
    while collect_next(forgetful):
        hurry()
    assert look(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.verified


def test_a_stopped_run_that_fal_bills_is_charged(
    services: Services,
    answers: Answers,
    submit: Submit,
    watch: Until,
    look: Look,
    money: Any,
    person: Person,
) -> None:
    generation_id = submit(prompt="A sneaker on a stand [fault:cancel_ignored]")
    submit_next(services)
    stop(services, person, generation_id)
    watch(generation_id, "collecting")
    answers.instead = [FalCanceled("Cancelled.", billable_units=Decimal("0.0108"))]
    collect_next(replace(services, fal=answers))
    assert look(generation_id).status is GenerationStatus.CANCELED
    assert money(generation_id).charge.verified
    assert money(generation_id).hold is None


def test_a_request_cancelled_in_fals_own_dashboard_fails_without_cost(
    services: Services, answers: Answers, submit: Submit, watch: Until, look: Look, money: Any
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")
    answers.instead = [FalCanceled("The generation was cancelled at fal.")]
    collect_next(replace(services, fal=answers))
    assert look(generation_id).status is GenerationStatus.FAILED
    assert money(generation_id).charge is None


def test_a_model_that_was_dropped_from_the_catalogue_still_gives_its_video(
    services: Services, submit: Submit, watch: Until, look: Look
) -> None:
    generation_id = submit(aspect_ratio="auto")
    watch(generation_id, "collecting")
    model = look(generation_id).model
    others = tuple(m for m in services.catalog.models if m.key != model)
    without = services.catalog.model_copy(update={"models": others, "default_model": others[0].key})
    assert collect_next(replace(services, catalog=without))
    with services.database.as_service() as tx:
        video = videos.by_id(tx, generation_id)
    width, height = map(int, video.aspect_ratio.split(":"))
    assert width * video.height == height * video.width
    assert look(generation_id).status is GenerationStatus.COMPLETED


def test_a_store_that_is_down_for_long_ends_a_paid_video_with_its_charge(
    services: Services,
    submit: Submit,
    watch: Until,
    look: Look,
    money: Any,
    hurry: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.collecting.MAX_TRIES", 3)
    generation_id = submit()
    watch(generation_id, "collecting")
    down = replace(services, store=StoreDown(tmp_path))
    for _ in range(3):
        assert look(generation_id).status is GenerationStatus.COLLECTING
        assert collect_next(down)
        hurry()
    assert look(generation_id).cause is FailureCause.STORAGE
    assert money(generation_id).charge.verified


def test_a_full_disk_is_waited_out_and_ends_in_the_end_as_our_storage(
    services: Services,
    submit: Submit,
    watch: Until,
    look: Look,
    money: Any,
    hurry: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.collecting.MAX_TRIES", 2)
    monkeypatch.setattr("jobs.media.download.SPARE_BYTES", 10**18)
    generation_id = submit()
    watch(generation_id, "collecting")
    assert collect_next(services)
    assert "no room" in str(look(generation_id).problem)
    assert look(generation_id).status is GenerationStatus.COLLECTING
    hurry()
    assert collect_next(services)
    assert look(generation_id).cause is FailureCause.STORAGE
    assert money(generation_id).charge.verified


def test_a_video_that_no_tool_can_read_is_kept_from_the_gallery(
    services: Services, submit: Submit, until: Until
) -> None:
    generation = ended(until, submit(prompt="A sneaker on a stand [fault:not_a_video]"))
    with services.database.as_service() as tx:
        assert videos.renditions_of(tx, generation.id) == {}
    assert list(services.store.list(f"videos/{generation.id}")) == []
